"""Writes down what a running agent does, as it happens, and can stop it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from data.domain.errors import AgentFailed
from data.domain.events import MONEY, Event, MessageMetered, SessionStarted
from data.store import Store
from orchestrator_adapter.engine import governor
from orchestrator_adapter.runners import Reply

BATCH_S = 0.03
"""How long happenings are gathered before they are written together."""
BATCH_SIZE = 100


class Stopped(Exception):
    """A person stopped the agent."""


class Recorder:
    """One agent's happenings on their way into the store."""

    def __init__(self, store: Store, run_id: str) -> None:
        self._store = store
        self._run_id = run_id
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """End the agent; from any thread, any number of times."""
        self._loop.call_soon_threadsafe(self._stop.set)

    async def record(self, happenings: AsyncIterator[Event | Reply]) -> Reply:
        """Consume the runner to its end; its answer.

        Raises what the runner raises, and Stopped after `stop`; nothing of the agent is alive then.
        """
        queue: asyncio.Queue[Event | Reply | None] = asyncio.Queue()
        reader = asyncio.create_task(self._read(happenings, queue))
        writer = asyncio.create_task(self._write_all(queue))
        stop = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({reader, writer, stop}, return_when=asyncio.FIRST_COMPLETED)
        finally:  # the agent ended, a person stops it, the store refuses, or we are cancelled: no more spending
            stop.cancel()
            reader.cancel()
            await asyncio.wait({reader})
            queue.put_nowait(None)
            await asyncio.wait({writer})
        if self._stop.is_set():
            raise Stopped
        reply = writer.result()
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
            must_stop = await asyncio.to_thread(self._append, events) if events else False
            if must_stop:
                self._stop.set()
            if None in batch:
                return reply

    def _append(self, events: list[Event]) -> bool:
        """Write the happenings down; whether a budget says that the agent has to stop."""
        with self._store.write(durable=any(isinstance(event, MONEY) for event in events)) as ledger:
            for event in events:
                ledger.append(event)
                if isinstance(event, SessionStarted):
                    ledger.note_session(self._run_id, event.session_id)
            replies = [event for event in events if isinstance(event, MessageMetered)]
            return bool(replies) and governor.meter(ledger, replies[-1].task_id, replies[-1].agent_id)
