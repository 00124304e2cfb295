"""The engine's way into a store that may be away for a while: what has to be written is tried again until it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import structlog

from data.domain.errors import StoreUnavailable
from data.store import Board, Ledger, Recorded, Store

MOST_S = 8.0
"""Longest pause between two tries."""
HANDS = 8
"""Threads of its own: the engine's are asleep when its tables are on the same server and that is away."""

log = structlog.get_logger("engine")
T = TypeVar("T")


def pauses() -> Iterator[float]:
    """1, 2, 4, 8, 8 ... seconds."""
    pause_s = 1.0
    while True:
        yield pause_s
        pause_s = min(2 * pause_s, MOST_S)


class Pen:
    """Reads and writes off the event loop that all workflows share, however long the store is away."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._hands = ThreadPoolExecutor(HANDS, "store-pen")
        self._closed = False

    async def read(self, look: Callable[[Board], T]) -> T:
        def ask() -> T:
            with self._store.read() as board:
                return look(board)

        return await self._until_done(ask)

    async def write(self, work: Callable[[Ledger], T], *, durable: bool = True) -> T:
        """One transaction, written once even if the connection broke in the moment of its commit."""
        in_doubt: list[tuple[Recorded, T]] = []

        def transact() -> T:
            if in_doubt and self._stands(in_doubt[0][0]):
                return in_doubt[0][1]
            in_doubt.clear()
            with self._store.write(durable=durable) as ledger:
                result = work(ledger)
                in_doubt.extend((last, result) for last in ledger.appended[-1:])
            return result

        return await self._until_done(transact)

    def close(self) -> None:
        """Give up what still waits: this process ends."""
        self._closed = True
        self._hands.shutdown(wait=False)

    def _stands(self, last: Recorded) -> bool:
        with self._store.read() as board:
            return board.events(after=last.id - 1, limit=1) == [last]

    async def _until_done(self, do: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        for number, pause_s in enumerate(pauses()):
            try:
                return await loop.run_in_executor(self._hands, do)
            except StoreUnavailable as away:
                if self._closed:
                    raise
                if number == 0:
                    log.warning("store_away", reason=str(away))
                await asyncio.sleep(pause_s)
        raise AssertionError("the pauses have no end")
