"""The one long-lived thread on which every agent's SDK client lives, and the way from it to a consumer's loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from data.domain.errors import AgentFailed
from data.domain.events import Event
from orchestrator_adapter.runners import Reply

T = TypeVar("T")
Emit = Callable[[Event], None]
Work = Callable[[Emit], Awaitable[Reply]]


class _AgentThread:
    """Starts on first use and lives as long as the process: agents are told to end when their thread ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="agents", daemon=True).start()
            return self._loop


_agents = _AgentThread()


class _Bridge:
    """Carries one run's events to the consumer's loop, and its cancellation back."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._here = asyncio.get_running_loop()
        self._there = _agents.loop()
        self._task: asyncio.Task[None] | None = None
        self.out: asyncio.Queue[Event | Reply | BaseException] = asyncio.Queue()
        self.over = asyncio.Event()

    def start(self) -> None:
        self._there.call_soon_threadsafe(self._begin)

    def stop(self) -> None:
        self._there.call_soon_threadsafe(self._cancel)

    def _begin(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run())
        self._task.add_done_callback(lambda _: self._call(self.over.set))

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        try:
            self._send(await self._work(self._send))
        except asyncio.CancelledError:
            self._send(AgentFailed("The agent was stopped."))
        except Exception as error:  # the runner's boundary: whatever it is, the consumer raises it
            self._send(error)

    def _send(self, item: Event | Reply | BaseException) -> None:
        self._call(lambda: self.out.put_nowait(item))

    def _call(self, what: Callable[[], None]) -> None:
        try:
            self._here.call_soon_threadsafe(what)
        except RuntimeError:  # the consumer's loop is closed: nobody listens any more, so stop spending
            self._cancel()


class Run(AsyncIterator[Event | Reply]):
    """Runs `work` on the agents' thread; yields what it emits, then its reply, on the consumer's loop.

    `aclose`, or a cancelled wait for the next item, cancels the work and returns only after it has cleaned up.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._bridge: _Bridge | None = None
        self._ended = False
        self.leftover: tuple[Event, ...] = ()
        """After `aclose`: what was told too late to be yielded, such as the usage of a reply that was broken off."""

    async def __anext__(self) -> Event | Reply:
        if self._ended:
            raise StopAsyncIteration
        if self._bridge is None:
            self._bridge = _Bridge(self._work)
            self._bridge.start()
        try:
            item = await self._bridge.out.get()
        except asyncio.CancelledError:
            await self.aclose()
            raise
        if isinstance(item, Event):
            return item
        await self.aclose()
        if isinstance(item, Reply):
            return item
        raise item

    async def aclose(self) -> None:
        self._ended = True
        run, self._bridge = self._bridge, None
        if run is None:
            return
        run.stop()
        try:
            await to_the_end(run.over.wait())
        finally:
            late = [run.out.get_nowait() for _ in range(run.out.qsize())]
            self.leftover = tuple(item for item in late if isinstance(item, Event))

    def __del__(self) -> None:
        if self._bridge is not None:
            self._bridge.stop()


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Await it to its end even when cancelled meanwhile, and only then be cancelled.

    A half-done stop would leave a process behind, or lose the money it still had to tell of.
    """
    doing = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not doing.done():
        try:
            await asyncio.wait({doing})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        doing.exception()  # only to say that the outcome was looked at
        raise cancelled
    return doing.result()
