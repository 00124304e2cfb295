"""Wakes whoever listens when something was committed: one feed per topic, shared by all its listeners."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from data.domain.errors import StoreUnavailable
from data.domain.observed import is_observed
from data.store import Recorded, Store
from data.store.rows import ms
from orchestrator_adapter.api import topics
from orchestrator_adapter.api.log import log
from orchestrator_adapter.api.news import News, Source

FULL = 8
"""Unsent batches after which a listener gets nothing more until it has caught up."""
AFTER_FAILURE_S = 1.0
SHARE = 4
"""What others report is told so seldom that asking for it takes a fifth of the time, in a flood of reports too."""
LONGEST_S = 1.0
"""But not more seldom than this."""


class Seat:
    """One listener's place in one feed."""

    def __init__(self, feed: Feed, listener: Listener, position: int | None) -> None:
        self.feed, self.listener, self.position = feed, listener, position
        self.settled = False
        """Whether everything up to the feed's last round was handed over."""

    def safe(self, clock: int) -> int:
        """The clock up to which nothing of this topic is missing."""
        return clock if self.settled and self.feed.idle else (self.position or 0)

    def take(self, news: News) -> None:
        self.position, self.settled = news.position, not news.more
        if news.messages:
            others = self.listener.safe_without(self)
            batch = [f'{{"clock":{min(told.clock, others)},{told.rest}' for told in news.messages]
            self.listener.outbox.put_nowait(batch)


class Listener:
    """One socket: its seats, and what waits to be sent."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.seats: list[Seat] = []
        self.outbox: asyncio.Queue[list[str]] = asyncio.Queue()

    @property
    def full(self) -> bool:
        return self.outbox.qsize() >= FULL

    def safe_without(self, seat: Seat | None) -> int:
        """The clock at which this listener could resume and miss nothing of its other topics."""
        clock = self._hub.clock
        clocked = (other.safe(clock) for other in self.seats if other is not seat and other.feed.source.clocked)
        return min(clocked, default=2**63 if seat else clock)

    def tell_of_store(self) -> None:
        """Whether the store can be used, and if not, since when."""
        trouble = self._hub.store.trouble
        data = {"doing": trouble and trouble.doing, "since": trouble and ms(trouble.since)}
        message = {"clock": self.safe_without(None), "topic": "stream", "kind": "store", "data": data}
        self.outbox.put_nowait([json.dumps(message)])

    def sent(self) -> None:
        """Something went out: feeds that passed this listener over may come again."""
        if not self.full:
            for seat in self.seats:
                if not seat.settled:
                    seat.feed.poke(self._hub.clock)


class Feed:
    """One topic: asks its source once for all listeners, at most once per interval, and never while nothing happens.

    What asking takes is part of the interval, as long as it is not more than half of it. What the fleet itself does
    waits for no more than that, however much others report: their reports are told at an interval of their own, which
    grows with what asking takes.
    """

    def __init__(self, store: Store, source: Source, interval_s: float) -> None:
        self.source = source
        self.seats: set[Seat] = set()
        self._store, self._interval_s = store, interval_s
        self._wake = asyncio.Event()
        self._hurry = asyncio.Event()
        """Set besides, if it is the fleet itself that did something."""
        self._rested = 0.0
        """When what the fleet does may be told again."""
        self._publishing = False
        self._task = asyncio.create_task(self._run(), name=f"feed {source.topic}")

    @property
    def idle(self) -> bool:
        return not self._publishing and not self._wake.is_set()

    def poke(self, before: int, hurry: bool = True) -> None:
        """Something may be new after this clock."""
        if self.idle and self.source.clocked:
            for seat in self.seats:
                if seat.settled:
                    seat.position = max(seat.position or 0, before)
        self._wake.set()
        if hurry:
            self._hurry.set()

    def close(self) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._publishing = True
            began, own = asyncio.get_running_loop().time(), self._hurry.is_set()
            self._wake.clear()
            self._hurry.clear()
            try:
                await self._publish()
            except StoreUnavailable:  # the hub tells everybody so
                self._wake.set()
                await asyncio.sleep(AFTER_FAILURE_S)
            except Exception:  # the boundary of a topic: one that fails must not end it, nor any other
                log().error("topic failed", topic=self.source.topic, exc_info=True)
                self._wake.set()
                await asyncio.sleep(AFTER_FAILURE_S)
            finally:
                self._publishing = False
            await self._rest(began, own)

    async def _rest(self, began: float, own: bool) -> None:
        ended = asyncio.get_running_loop().time()
        rested = max(began + self._interval_s, ended + min(ended - began, self._interval_s))
        if own:
            self._rested = rested
        until = rested if own else max(rested, ended + min(SHARE * (ended - began), LONGEST_S))
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await self._hurry.wait()
                await asyncio.sleep(self._rested - asyncio.get_running_loop().time())

    async def _publish(self) -> None:
        more = True
        while more:
            seats = [seat for seat in self.seats if not seat.listener.full]
            for seat in self.seats.difference(seats):
                seat.settled = False
            news = await self._ask({seat.position for seat in seats}) if seats else {}
            for seat in seats:
                seat.take(news[seat.position])
            more = any(not seat.settled for seat in seats)

    async def _ask(self, positions: Iterable[int | None]) -> Mapping[int | None, News]:
        return await asyncio.to_thread(self.source.news, self._store, positions)


class Hub:
    """All feeds of this process; lives on the server's event loop."""

    def __init__(self, intervals_ms: Mapping[str, int]) -> None:
        self._intervals_ms = intervals_ms
        self._feeds: dict[str, Feed] = {}
        self._listeners: set[Listener] = set()
        self._store: Store | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: Callable[[], None] = lambda: None
        self.clock = 0

    async def start(self, store: Store) -> None:
        self._store, self._loop = store, asyncio.get_running_loop()
        ends = (store.listen(self._heard), store.listen_to_trouble(self._worried))
        self._end = lambda: _all(ends)
        self.clock = max(self.clock, await asyncio.to_thread(_clock, store))

    def close(self) -> None:
        self._end()
        self._end = lambda: None
        for feed in self._feeds.values():
            feed.close()
        self._feeds.clear()
        self._store = None

    @property
    def store(self) -> Store:
        assert self._store is not None, "the hub has not started"
        return self._store

    def count(self) -> int:
        return len(self._listeners)

    def _heard(self, clock: int, news: Sequence[Recorded]) -> None:
        """Called in the thread that committed."""
        self._soon(lambda: self._fan(clock, news))

    def _worried(self) -> None:
        """Called in the thread that found the store away, or back."""
        self._soon(self._tell_of_store)

    def _soon(self, do: Callable[[], None]) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            with suppress(RuntimeError):  # closed in between: nobody is left to be told
                loop.call_soon_threadsafe(do)

    def _tell_of_store(self) -> None:
        if self._store is not None:
            for listener in self._listeners:
                listener.tell_of_store()

    def _fan(self, clock: int, news: Sequence[Recorded]) -> None:
        before, self.clock = self.clock, max(self.clock, clock)
        # ids that were never told: another process committed at the same time, and it may concern anybody
        gap = news[0].id > before + 1
        hurry = gap or any(not is_observed(getattr(entry.event, "agent_id", None) or "") for entry in news)
        for feed in self._feeds.values():
            if gap or any(feed.source.concerns(entry) for entry in news):
                feed.poke(before, hurry)

    def join(self, names: Iterable[str], after: int | None) -> Listener:
        """A listener of these topics, who has heard everything up to a clock value."""
        listener = Listener(self)
        self._listeners.add(listener)
        for name in names:
            if name not in self._feeds:
                source = topics.source(name)
                interval_s = self._intervals_ms.get(source.pace, 0) / 1000
                self._feeds[name] = Feed(self.store, source, interval_s)
            feed = self._feeds[name]
            feed.poke(self.clock, hurry=False)
            position = (self.clock if after is None else after) if feed.source.clocked else None
            seat = Seat(feed, listener, position)
            feed.seats.add(seat)
            listener.seats.append(seat)
        if self.store.trouble is not None:
            listener.tell_of_store()
        return listener

    def leave(self, listener: Listener) -> None:
        self._listeners.discard(listener)
        for seat in listener.seats:
            seat.feed.seats.discard(seat)
            if not seat.feed.seats and self._feeds.get(seat.feed.source.topic) is seat.feed:
                del self._feeds[seat.feed.source.topic]
                seat.feed.close()


def _clock(store: Store) -> int:
    with store.read() as board:
        return board.clock()


def _all(ends: Iterable[Callable[[], None]]) -> None:
    for end in ends:
        end()
