"""Reading ahead: one thread reads the next while another works in what was read before."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
MOST = 2
"""Parts that are read and wait to be worked in."""


@contextlib.contextmanager
def reading_ahead(parts: Iterable[T]) -> Iterator[Iterator[T]]:
    """The same parts in the same order; what reading raises is raised where the next one is taken.

    Leaving ends the reading, so that the connection it uses is nobody's but the caller's again.
    """
    waiting: queue.Queue[tuple[bool, T | BaseException | None]] = queue.Queue(MOST)
    left = threading.Event()

    def read() -> None:
        try:
            for part in parts:
                waiting.put((True, part))
                if left.is_set():
                    return
            waiting.put((False, None))
        except BaseException as error:
            waiting.put((False, error))

    def taken() -> Iterator[T]:
        while True:
            more, part = waiting.get()
            if more:
                yield part  # type: ignore[misc]
            elif isinstance(part, BaseException):
                raise part
            else:
                return

    reader = threading.Thread(target=read, name="warehouse-reading", daemon=True)
    reader.start()
    try:
        yield taken()
    finally:
        left.set()
        while reader.is_alive():
            with contextlib.suppress(queue.Empty):
                waiting.get(timeout=0.05)  # so that it is not held up by what nobody takes
        reader.join()
