"""Answers that are still true: what was answered at one clock never changes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

MOST = 128

T = TypeVar("T")


class Kept(Generic[T]):
    """The answers used last, by clock and question; who asks what is being made already waits for it."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._answers: OrderedDict[Hashable, Future[T]] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The answer to this question, made only if nobody has made it yet."""
        with self._lock:
            known = self._answers.get(key)
            if known is not None:
                self._answers.move_to_end(key)
            else:
                mine = self._answers[key] = Future()
                while len(self._answers) > self._most:
                    self._answers.popitem(last=False)
        return known.result() if known is not None else self._made(key, mine, make)

    def _made(self, key: Hashable, mine: Future[T], make: Callable[[], T]) -> T:
        try:
            mine.set_result(make())
        except BaseException as error:
            with self._lock:
                self._answers.pop(key, None)  # a refusal is no answer: the next one asks again
            mine.set_exception(error)
        return mine.result()
