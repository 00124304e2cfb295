"""Tasks and agents as they were read last: the revision of its row says whether a value still holds."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from data.domain.agents import Agent
from data.domain.tasks import Task
from data.store.rows import Row

T = TypeVar("T")
MOST = 1_000
"""Of each kind, so several long lists and a busy fleet."""


class Values(Generic[T]):
    """The values used last, by id and revision.

    Every event that changes a row, its steps or its files raises the row's revision, in the same transaction. So what
    was made of one revision is never read and put together again, by however many lists and pages it is shown.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._values: OrderedDict[str, tuple[int, T]] = OrderedDict()

    def of(self, found: Sequence[Row], make: Callable[[list[Row]], list[T]]) -> list[T]:
        """The values of these rows, in their order; those that are not known are made together."""
        with self._lock:
            known = {row["id"]: self._values.get(row["id"]) for row in found}
        unknown = [row for row in found if (value := known[row["id"]]) is None or value[0] != row["rev"]]
        if unknown:
            made = make(unknown)
            known |= {row["id"]: (row["rev"], value) for row, value in zip(unknown, made, strict=True)}
        self._keep([(row["id"], value) for row in found if (value := known[row["id"]]) is not None])
        return [value[1] for row in found if (value := known[row["id"]]) is not None]

    def _keep(self, used: list[tuple[str, tuple[int, T]]]) -> None:
        with self._lock:
            for row_id, value in used:
                self._values[row_id] = value
                self._values.move_to_end(row_id)
            while len(self._values) > self._most:
                self._values.popitem(last=False)


class Known:
    """What one store has read of its tasks and agents."""

    def __init__(self) -> None:
        self.tasks: Values[Task] = Values()
        self.agents: Values[Agent] = Values()
