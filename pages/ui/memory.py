"""What the store answered last, by question: what pages show while it cannot be reached."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sized
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from data.domain.errors import StoreUnavailable
from data.store import Board, Page, Store

MOST_ITEMS = 50_000
"""Rows and events that are remembered in all, about 50 MB; of an answer that is longer nothing is."""

aged: ContextVar[list[datetime] | None] = ContextVar("aged", default=None)
"""Collects, for the part of a page that is being drawn, of when the answers are that came from memory."""


class Memory:
    """The answers used last; safe for all pages of this process."""

    def __init__(self, most_items: int = MOST_ITEMS) -> None:
        self._most = most_items
        self._lock = threading.Lock()
        self._answers: OrderedDict[Hashable, tuple[Any, datetime, int]] = OrderedDict()
        self._items = 0

    def keep(self, question: Hashable, answer: Any, at: datetime) -> None:
        size = _size(answer)
        with self._lock:
            self._items -= self._answers.pop(question, (None, at, 0))[2]
            if size <= self._most:
                self._answers[question] = (answer, at, size)
                self._items += size
            while self._items > self._most:
                self._items -= self._answers.popitem(last=False)[1][2]

    def last(self, question: Hashable) -> tuple[Any, datetime] | None:
        with self._lock:
            found = self._answers.get(question)
        return None if found is None else found[:2]


def _size(answer: object) -> int:
    rows = answer.items if isinstance(answer, Page) else answer
    return max(1, len(rows)) if isinstance(rows, Sized) and not isinstance(rows, str | bytes) else 1


class Remembered:
    """Stands for a board: asks it and remembers the answer, or gives the last one if there is no board now."""

    def __init__(self, board: Board | None, away: StoreUnavailable | None, store: Store, memory: Memory) -> None:
        self._board, self._away, self._store, self._memory = board, away, store, memory

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def ask(*given: Any, **named: Any) -> Any:
            asked = tuple(value for value in given if not isinstance(value, datetime))  # "now" is no other question
            question = repr((self._store.url, name, asked, sorted(named.items())))
            if self._board is not None:
                answer = getattr(self._board, name)(*given, **named)
                self._memory.keep(question, answer, self._store.now())
                return answer
            return self._recall(question)

        return ask

    @property
    def connection(self) -> Any:
        """For what is asked past the board; of that nothing is remembered."""
        if self._board is None:
            assert self._away is not None
            raise self._away
        return self._board.connection

    def _recall(self, question: Hashable) -> Any:
        assert self._away is not None
        found = self._memory.last(question)
        if found is None:
            raise self._away
        answer, at = found
        if (ages := aged.get()) is not None:
            ages.append(at)
        return answer


@contextmanager
def reading(store: Store, memory: Memory) -> Iterator[Board]:
    """A look at the store, or at what is remembered of it; raises StoreUnavailable for what nobody ever asked."""
    with ExitStack() as stack:
        board, why = None, None
        try:
            board = stack.enter_context(store.read())
        except StoreUnavailable as away:
            why = away
        yield Remembered(board, why, store, memory)  # type: ignore[misc]


def told(ages: list[datetime], now: datetime) -> str:
    """`The store cannot be reached: showing the state of 2 min ago (14:02:11 UTC).`"""
    at = min(ages)
    seconds = max(0, int((now - at).total_seconds()))
    age = f"{seconds} s" if seconds < 90 else f"{seconds // 60} min" if seconds < 5400 else f"{seconds // 3600} h"
    day = "" if seconds < 43_200 else f"{at:%Y-%m-%d} "
    return f"The store cannot be reached: showing the state of {age} ago ({day}{at:%H:%M:%S} UTC)."
