"""The way in for what is received: a bounded queue in memory, and one thread that writes it down in batches.

Who sent something is answered after the commit of its batch. So what was answered is on the disk, and what was not is
sent again, or was lost with its sender.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from data.domain.errors import FleetError, IntakeFull, StoreUnavailable
from data.store import Store
from orchestrator_adapter.ingest import desk
from orchestrator_adapter.ingest.desk import Item
from orchestrator_adapter.ingest.known import Known
from orchestrator_adapter.ingest.sweeping import Sweep
from orchestrator_adapter.ingest.usage import Usage

MOST_ITEMS = 20_000
MOST_BYTES = 64 * 2**20
"""What may wait in memory; a body takes several times its size once it is read."""
BATCH = 1_000
"""Things that are written at once; more if one request has more."""
GATHER_S = 0.02
"""Least time between the beginnings of two batches: few large ones cost less than many small ones."""
REST_S = 0.05
"""The most that others get between two batches: a third of what the first took, most of which is not in the store."""
PATIENCE_S = 3.0
"""How long a sender waits before it is told to come again."""
LOOK_S = 0.2
SWEEP_S = 10.0

log = structlog.get_logger("intake")


@dataclass(eq=False)
class _Parcel:
    """What came in one request, and who waits for it."""

    items: Sequence[Item]
    size: int
    done: asyncio.Future[None]
    since: float


class Intake:
    """The intake of one server."""

    def __init__(self, store: Store, patience_s: float = PATIENCE_S) -> None:
        self._store, self._patience_s = store, patience_s
        self._usage, self._sweep = Usage(store), Sweep(store)
        self._known = Known()
        self._waiting: deque[_Parcel] = deque()
        self._items = 0
        self._bytes = 0
        self._bell = threading.Condition()
        self._open = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Take things in from now on; from the server's event loop."""
        self._loop, self._open = asyncio.get_running_loop(), True
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
        self._thread.start()
        self._usage.start()
        self._expire()

    def close(self) -> None:
        """Write down what waits, and end."""
        with self._bell:
            self._open = False
            self._bell.notify()
        if self._thread is not None:
            self._thread.join(PATIENCE_S)
            self._usage.close()

    async def accept(self, items: Sequence[Item], size: int) -> None:
        """Write the items down; returns when the disk has them.

        Raises IntakeFull if too much waits already, or for too long, and StoreUnavailable; then none of them is
        written.
        """
        assert self._loop is not None
        if trouble := self._store.trouble:  # known already: nobody waits to be told
            raise StoreUnavailable(f"The store cannot be used: {trouble.reason}. Nothing was changed.")
        parcel = _Parcel(items, size, self._loop.create_future(), time.monotonic())
        with self._bell:
            if not self._open or self._bytes + size > MOST_BYTES or self._items + len(items) > MOST_ITEMS:
                raise IntakeFull
            self._waiting.append(parcel)
            self._items += len(items)
            self._bytes += size
            self._bell.notify()
        await parcel.done

    def _expire(self) -> None:
        """Send away who has waited too long; what is being written in this moment ends as that ends."""
        if not self._open or self._loop is None:
            return
        self._loop.call_later(LOOK_S, self._expire)
        late = []
        with self._bell:
            while self._waiting and self._waiting[0].since < time.monotonic() - self._patience_s:
                late.append(self._taken())
        for parcel in late:
            _answer(parcel, IntakeFull("The store is slow now; send it again a little later."))

    def _taken(self) -> _Parcel:
        parcel = self._waiting.popleft()
        self._items -= len(parcel.items)
        self._bytes -= parcel.size
        return parcel

    def _run(self) -> None:
        swept = time.monotonic()
        while True:
            batch = self._next()
            if batch:
                began = time.monotonic()
                self._write(batch)
                took_s = time.monotonic() - began
                # the store, and the interpreter, are everybody's
                time.sleep(max(GATHER_S - took_s, min(took_s / 3, REST_S)))
            elif not self._open:
                return
            if time.monotonic() - swept > SWEEP_S:
                swept = time.monotonic()
                self._look_through()

    def _next(self) -> list[_Parcel]:
        with self._bell:
            if not self._waiting and self._open:
                self._bell.wait(SWEEP_S)
            batch: list[_Parcel] = []
            number = 0
            while self._waiting and number < BATCH:
                batch.append(self._taken())
                number += len(batch[-1].items)
            return batch

    def _write(self, batch: Sequence[_Parcel]) -> None:
        refusal: FleetError | None = None
        # a sender who was impatient may have sent the same again while it waited here
        once = {parcel.items[0].mark or id(parcel): parcel for parcel in batch}.values()
        try:
            desk.write_all(self._store, [item for parcel in once for item in parcel.items], self._known)
        except StoreUnavailable as away:
            refusal = away
        except Exception as error:  # the boundary of the thread: the next batch has to be taken all the same
            log.error("a batch could not be written", exc_info=error)
            refusal = IntakeFull("What was sent could not be written down; the log of the server says why.")
        self._tell(lambda: _answer_all(batch, refusal))
        if refusal is None:
            self._usage.look(desk.transcripts(item for parcel in batch for item in parcel.items))

    def _tell(self, do: Callable[[], object]) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(do)

    def _look_through(self) -> None:
        try:
            self._sweep.look()
        except StoreUnavailable:
            pass  # the next look is in some seconds
        except Exception as error:  # a fault in what is due now and then must not end the intake
            log.error("sessions could not be looked through", exc_info=error)


def _answer_all(batch: Sequence[_Parcel], refusal: FleetError | None) -> None:
    for parcel in batch:
        _answer(parcel, refusal)


def _answer(parcel: _Parcel, refusal: FleetError | None) -> None:
    if parcel.done.done():
        return
    if refusal is None:
        parcel.done.set_result(None)
    else:
        parcel.done.set_exception(refusal)
