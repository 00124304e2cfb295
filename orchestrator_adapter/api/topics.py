"""What can be listened to: each topic tells everything between a position and now, so replay and live are one."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping

from data.domain.errors import InvalidField
from data.domain.events import MessageMetered
from data.store import Board, Recorded, Store
from orchestrator_adapter.api import shapes
from orchestrator_adapter.api.boards import BoardSource
from orchestrator_adapter.api.news import News, Source, message
from orchestrator_adapter.views import live

FAR_BEHIND = 5_000
"""Events after which a listener is told to read the lists again, instead of being told each one."""
STRETCH = 500
MOST_TOPICS = 20
_TASK_ID = r"[A-Za-z0-9_.-]{1,64}"


class _Clocked(ABC):
    """A topic whose positions are clock values."""

    clocked = True

    def __init__(self, topic: str, pace: str) -> None:
        self.topic, self.pace = topic, pace

    def concerns(self, entry: Recorded) -> bool:
        return True

    def news(self, store: Store, positions: Iterable[int | None]) -> Mapping[int | None, News]:
        with store.read() as board:
            clock = board.clock()
            return {position: self._since(board, store, position or 0, clock) for position in positions}

    def _since(self, board: Board, store: Store, position: int, clock: int) -> News:
        if position == clock:
            return News(clock)
        if position > clock or clock - position > FAR_BEHIND:
            lost = message(clock, self.topic, "resync", {"from": position, "to": clock})
            return News(clock, (lost,))
        return self._told(board, store, position, clock)

    @abstractmethod
    def _told(self, board: Board, store: Store, position: int, clock: int) -> News:
        """What happened between two clocks that are not too far apart."""


ASKED_AND_SPENT = (
    "approval_asked",
    "approval_answered",
    "budget_set",
    "budget_removed",
    "budget_reached",
    "fleet_set",
    "alert_raised",
    "alert_answered",
    "alert_rule_set",
    "alert_rule_removed",
    "channel_set",
    "channel_removed",
    "delivery_moved",
    "report_schedule_set",
    "report_schedule_removed",
    "report_due",
)
"""Events that everybody who watches the fleet is told as such."""


class Rows(_Clocked):
    """Tasks and agents whose rows moved: the newest state of each, once; and what was asked of people or budgeted."""

    def _told(self, board: Board, store: Store, position: int, clock: int) -> News:
        rows = [("task", shapes.task(task)) for task in board.changed_tasks(position)]
        rows += [("agent", shapes.agent(agent)) for agent in board.changed_agents(position)]
        happened = board.fleet_events(ASKED_AND_SPENT, limit=FAR_BEHIND, after=position)
        rows += [(entry.event.kind, shapes.recorded(entry)) for entry in reversed(happened)]
        last = len(rows) - 1
        # a listener that is cut off between two rows resumes before both
        clocks = [clock if index == last else position for index in range(len(rows))]
        told = (message(at, self.topic, kind, row) for at, (kind, row) in zip(clocks, rows, strict=True))
        return News(clock, tuple(told))


class Costs(_Clocked):
    """What today costs."""

    def concerns(self, entry: Recorded) -> bool:
        return isinstance(entry.event, MessageMetered)

    def _told(self, board: Board, store: Store, position: int, clock: int) -> News:
        spent = shapes.spend(board.fleet(store.now()))
        return News(clock, (message(clock, self.topic, "costs", spent),))


class Log(_Clocked):
    """Every event of one task, none left out."""

    def __init__(self, topic: str, pace: str, task_id: str) -> None:
        super().__init__(topic, pace)
        self._task_id = task_id

    def concerns(self, entry: Recorded) -> bool:
        return entry.event.task_id == self._task_id

    def _told(self, board: Board, store: Store, position: int, clock: int) -> News:
        found = board.events(task_id=self._task_id, after=position, limit=STRETCH)
        told = tuple(message(e.id, self.topic, e.event.kind, shapes.recorded(e)) for e in found)
        more = len(found) == STRETCH
        return News(found[-1].id if more else clock, told, more)


def _task_board(topic: str, task_id: str) -> Source:
    return BoardSource(
        topic,
        "task",
        lambda board, now: live.task(board, task_id, now),
        lambda entry: entry.event.task_id == task_id,
    )


def _fleet_board(topic: str) -> Source:
    return BoardSource(topic, "costs", live.fleet, lambda entry: True)


_MAKERS: dict[str, Callable[[str], Source]] = {
    "fleet": lambda topic: Rows(topic, "agents"),
    "costs": lambda topic: Costs(topic, "costs"),
    "board:fleet": _fleet_board,
}


def source(topic: str) -> Source:
    """The source of a topic by its name; raises InvalidField for one that does not exist."""
    if topic in _MAKERS:
        return _MAKERS[topic](topic)
    if found := re.fullmatch(f"(board:)?task:({_TASK_ID})", topic):
        return _task_board(topic, found[2]) if found[1] else Log(topic, "task", found[2])
    raise InvalidField(
        f"There is no topic {topic[:80]!r}; there are {', '.join(_MAKERS)}, task:ID and board:task:ID.", field="topics"
    )


def task_of(topic: str) -> str | None:
    """The task that a topic is about."""
    return topic.rpartition("task:")[2] if "task:" in topic else None


def names(text: str) -> list[str]:
    """`fleet,task:ID` as topics, each once; raises InvalidField for none and for too many."""
    found = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not 1 <= len(found) <= MOST_TOPICS:
        raise InvalidField(f"topics must name 1 to {MOST_TOPICS} topics.", field="topics")
    return found
