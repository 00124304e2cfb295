"""Whose turn it is to be woken: pages that are all woken at the same moment are all drawn late."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

LEAST_PACE_S = 0.5
"""Least time between two wakes of one page."""
FIRST_GUESS_S = 0.008
LEAST_S, MOST_S = 0.002, 0.05
AROUND = 1.5
"""A panel is drawn within a run of its script, which takes the server about as long again."""
LEARNT_FROM = 20
"""So many wakes make a new guess of what one takes."""
SHARE = 0.8
"""So much of the server's time may go into waking pages."""


class Wakes:
    """Lets pages be woken one after another, as fast as the server can draw them, in an order that differs each time.

    Used on the server's event loop; only `drawn` may be called from any thread.
    """

    def __init__(self, chance: random.Random | None = None) -> None:
        self._chance = chance or random.Random()
        self._pages = 0
        self._waiting: list[asyncio.Future[None]] = []
        self._next_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._lock = threading.Lock()
        self._spent_s, self._woken = 0.0, 0
        self.takes_s = FIRST_GUESS_S
        """What one wake takes the server, in seconds of one core, as far as was seen."""

    @contextmanager
    def page(self) -> Iterator[None]:
        """A page is open that wants to be woken."""
        self._pages += 1
        try:
            yield
        finally:
            self._pages -= 1

    @property
    def pace_s(self) -> float:
        """Least time between two wakes of one page: longer when many people look on."""
        return max(LEAST_PACE_S, self._pages * self.takes_s / SHARE)

    async def turn(self) -> None:
        """Returns when the page of the caller may be woken: at once while nobody else is."""
        loop = asyncio.get_running_loop()
        mine: asyncio.Future[None] = loop.create_future()
        self._waiting.append(mine)
        if self._timer is None:
            self._call(loop)
        try:
            await mine
        except asyncio.CancelledError:
            if mine in self._waiting:
                self._waiting.remove(mine)
            raise

    def drawn(self, cpu_s: float) -> None:
        """A panel was drawn, which took its thread so long."""
        with self._lock:
            self._spent_s += AROUND * cpu_s

    def _call(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let the next one go, when what the one before takes is over."""
        now = loop.time()
        if now < self._next_at:
            self._timer = loop.call_at(self._next_at, self._call, loop)
            return
        self._timer = None
        if not self._waiting:
            return
        place = self._chance.randrange(len(self._waiting))
        self._waiting[place], self._waiting[-1] = self._waiting[-1], self._waiting[place]
        self._waiting.pop().set_result(None)
        self._learn()
        self._next_at = now + self.takes_s
        self._timer = loop.call_at(self._next_at, self._call, loop)

    def _learn(self) -> None:
        self._woken += 1
        if self._woken < LEARNT_FROM:
            return
        with self._lock:
            seen_s, self._spent_s, self._woken = self._spent_s / self._woken, 0.0, 0
        self.takes_s = min(max(seen_s, LEAST_S), MOST_S)


wakes = Wakes()
"""Those of this process."""
