"""Writes down what a running agent does, as it happens, and can stop it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
from collections.abc import AsyncIterator, Iterable, Iterator

from data.domain.budgets import Spent
from data.domain.errors import AgentFailed
from data.domain.events import MONEY, Event, MessageMetered, SessionStarted
from data.store import Ledger, StepRun
from orchestrator_adapter.engine import arrears, governor
from orchestrator_adapter.engine.pen import Pen
from orchestrator_adapter.runners import Asked, Reply
from orchestrator_adapter.runners.thread import to_the_end

BATCH_S = 0.03
"""How long happenings are gathered before they are written together."""
BATCH_SIZE = 100
UNSEEN_S = 120.0
"""How long an agent may go on while nothing of it can be written.

Longer than a database takes to restart or to fail over; short enough that what no budget has seen is cents, not
dollars.
"""


class Stopped(Exception):
    """A person stopped the agent."""


class Unseen(Exception):
    """The agent was stopped because the store was away for too long; everything it told is written by now."""


class Stop:
    """A word that ends an agent, or its waiting for the next try; said from any thread, any number of times."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.said = asyncio.Event()
        self.unseen = asyncio.Event()
        """Set when nobody can see any more what the agent does."""
        self.waiting = False
        """Whether the agent only waits for the time of its next try."""

    def say(self) -> None:
        self._loop.call_soon_threadsafe(self.said.set)

    def lose_sight(self) -> None:
        """End the agent until the store is back."""
        self._loop.call_soon_threadsafe(self.unseen.set)

    @contextlib.contextmanager
    def between_tries(self) -> Iterator[None]:
        """While nobody is at work, so that a pause may end the waiting at once."""
        self.waiting = True
        try:
            yield
        finally:
            self.waiting = False

    async def sleep(self, seconds: float) -> None:
        """Let time pass; raises Stopped as soon as it is said."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.said.wait()
            raise Stopped


class Recorder:
    """One agent's happenings on their way into the store; what cannot be written yet is kept, in order."""

    def __init__(self, pen: Pen, run: StepRun, stop: Stop, unseen_s: float = UNSEEN_S) -> None:
        self._pen = pen
        self._run = run
        self._stop = stop
        self._unseen_s = unseen_s
        stop.unseen.clear()
        self._contents: dict[str, bytes] = {}
        self._loop = asyncio.get_running_loop()
        self._counted: set[str] = set()
        self._more = asyncio.Condition()
        self._near, self._judged = True, False
        self._dearest = Spent(0, 0)

    def keep(self, content: bytes) -> str:
        """Have large content written with the events that name it; its id. From any thread."""
        key = hashlib.sha256(content).hexdigest()
        self._contents[key] = content
        return key

    async def counted(self, asked: Asked) -> None:
        """Near the end of a budget: wait until the reply that is asked for is counted; from the agents' own loop.

        Never returns if the agent has to stop: its end is under way then, and nothing more may be asked for.
        """
        if not self._near:
            return
        if reply := await asked():
            waiting = asyncio.run_coroutine_threadsafe(self._until_written(reply), self._loop)
            await asyncio.wrap_future(waiting)

    async def _until_written(self, reply: str) -> None:
        async with self._more:
            await self._more.wait_for(lambda: reply in self._counted and not self._stop.said.is_set())

    async def record(self, happenings: AsyncIterator[Event | Reply]) -> Reply:
        """Consume the runner to its end; its answer.

        Raises what the runner raises, Stopped after a stop was said, Unseen if the store was away for too long;
        nothing of the agent is alive then.
        """
        queue: asyncio.Queue[Event | Reply | None] = asyncio.Queue()
        reader = asyncio.create_task(self._read(happenings, queue))
        writer = asyncio.create_task(self._write_all(queue))
        stop = asyncio.create_task(self._stop.said.wait())
        unseen = asyncio.create_task(self._stop.unseen.wait())
        try:
            await asyncio.wait({reader, writer, stop, unseen}, return_when=asyncio.FIRST_COMPLETED)
        finally:  # the agent ended, a person stops it, nobody sees it, or we are cancelled: no more spending
            stop.cancel()
            unseen.cancel()
            await to_the_end(_wind_up(reader, queue, writer))
        if self._stop.said.is_set():
            raise Stopped
        reply = writer.result()
        if self._stop.unseen.is_set() and reply is None:
            raise Unseen
        reader.result()
        if reply is None:
            raise AgentFailed("The agent ended without an answer.")
        return reply

    async def _read(self, happenings: AsyncIterator[Event | Reply], queue: asyncio.Queue[Event | Reply | None]) -> None:
        try:
            async for happening in happenings:
                queue.put_nowait(happening)
        finally:
            close = getattr(happenings, "aclose", None)
            if close is not None:
                await close()
            for late in getattr(happenings, "leftover", ()):  # what a stopped agent still had to tell: it may be money
                queue.put_nowait(late)

    async def _write_all(self, queue: asyncio.Queue[Event | Reply | None]) -> Reply | None:
        reply: Reply | None = None
        while True:
            batch = [await queue.get()]
            if batch[0] is not None and not isinstance(batch[0], MessageMetered):  # money waits for nothing
                await asyncio.sleep(BATCH_S)
            while not queue.empty() and len(batch) < BATCH_SIZE:
                batch.append(queue.get_nowait())
            events = [item for item in batch if item is not None and not isinstance(item, Reply)]
            reply = next((item for item in batch if isinstance(item, Reply)), reply)
            if events and await self._written(events):
                self._stop.said.set()
            async with self._more:
                self._more.notify_all()
            if None in batch:
                return reply

    async def _written(self, events: list[Event]) -> bool:
        """Write the happenings down, when the store lets it; whether a budget says that the agent has to stop."""
        durable, contents = any(isinstance(event, MONEY) for event in events), dict(self._contents)
        replies = [event for event in events if isinstance(event, MessageMetered)]
        self._dearest = functools.reduce(arrears.dearer, replies, self._dearest)
        append = functools.partial(self._append, events, contents.values(), judge=bool(replies) or not self._judged)
        writing = asyncio.create_task(self._pen.write(append, durable=durable))
        done, _ = await asyncio.wait({writing}, timeout=self._unseen_s)
        if not done:
            self._stop.unseen.set()
        count = await writing
        for key in contents:
            self._contents.pop(key, None)
        if count is not None:
            self._near, self._judged = count.near, True
            self._counted.update(reply.message_id for reply in replies)
        return count is not None and count.stop

    def _append(
        self, events: list[Event], contents: Iterable[bytes], ledger: Ledger, *, judge: bool
    ) -> governor.Count | None:
        ledger.hold(self._run)
        for content in contents:
            ledger.keep(content)
        for event in events:
            ledger.append(event)
            if isinstance(event, SessionStarted):
                ledger.note_session(self._run.run_id, event.session_id)
        if not judge:
            return None
        return governor.meter(ledger, self._run.task_id, self._run.agent_id, self._dearest)


async def _wind_up(
    reader: asyncio.Task[None], queue: asyncio.Queue[Event | Reply | None], writer: asyncio.Task[Reply | None]
) -> None:
    """End the agent, then write down all that it told to its last moment."""
    reader.cancel()
    await asyncio.wait({reader})
    queue.put_nowait(None)
    await asyncio.wait({writer})
