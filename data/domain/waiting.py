"""The queue as a person sees it: who waits for a place, in which order, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from data.domain.agents import Role, Runtime
from data.domain.fleet import Limits, Priority


class Reason(StrEnum):
    """Why something has no place yet."""

    NEXT = "next"
    """A place is free: it starts in a moment."""
    AHEAD = "ahead"
    """The free places go to what is ahead of it."""
    USER = "user"
    """Whoever submitted it has as many agents at work as one person may."""
    IN_ALL = "in_all"
    """As many agents work as may in all."""
    MACHINE = "machine"
    """Every place of every machine is taken."""
    NOBODY = "nobody"
    """No engine process works."""
    PAUSED = "paused"
    """A person or a budget holds it; it is not in the queue until somebody resumes it."""
    ANSWER = "answer"
    """Its agent has a place, and waits for a person's answer."""


@dataclass(frozen=True)
class Waiting:
    """One step that could start, or one task that has not begun."""

    task_id: str
    description: str
    step: str | None
    """None: the whole task has not begun."""
    role: Role | None
    priority: Priority
    user: str
    runtime: Runtime
    since: datetime
    reason: Reason
    words: str
    """The reason as one sentence."""
    position: int | None = None
    """1 gets the next free place; None for what is held and so not in the queue."""


@dataclass(frozen=True)
class Share:
    """How many places are taken of those there are."""

    name: str
    """Host of a machine, or a person; empty for the fleet."""
    taken: int
    most: int | None
    """None: no limit of this kind."""

    @property
    def full(self) -> bool:
        return self.most is not None and self.taken >= self.most


@dataclass(frozen=True)
class Queue:
    """What waits, first in order first, and the places it waits for."""

    waiting: tuple[Waiting, ...]
    held: tuple[Waiting, ...]
    """What waits for a person instead: paused, or asking."""
    in_all: Share
    machines: tuple[Share, ...]
    users: tuple[Share, ...]
    """Everybody who has agents at work or something waiting."""

    def of_task(self, task_id: str) -> Waiting | None:
        """The first of a task's places in the queue."""
        return next((one for one in self.waiting if one.task_id == task_id), None)


@dataclass
class Room:
    """Places there are, and those that the queue so far would take."""

    limits: Limits
    in_all: Share
    machines: list[Share]
    users: Counter[str]
    """Agents that each person has at work."""
    given: int = 0
    given_to: Counter[str] = field(default_factory=Counter)

    def verdict(self, user: str) -> tuple[Reason, str]:
        """Why somebody's next step has no place, if it has none."""
        own, most = self.users[user], self.limits.per_user
        total, size = self.in_all.taken, sum(machine.most or 0 for machine in self.machines)
        if not self.machines:
            return Reason.NOBODY, "No engine process works; it starts when one does."
        if most is not None and own >= most:
            return Reason.USER, f"{user} has {own} of {most} agents at work."
        if self.limits.in_all is not None and total >= self.limits.in_all:
            return Reason.IN_ALL, f"{total} of {self.limits.in_all} agents of the fleet work."
        if total >= size:
            return Reason.MACHINE, self._taken(size)
        if most is not None and own + self.given_to[user] >= most:
            return (
                Reason.AHEAD,
                f"One person may have {_agents(most)} at work, and an earlier step of {user} goes first.",
            )
        if total + self.given >= min(size, self.limits.in_all or size):
            return Reason.AHEAD, "The free places go to what is ahead of it."
        self.given += 1
        self.given_to[user] += 1
        return Reason.NEXT, "A place is free: it starts in a moment."

    def _taken(self, size: int) -> str:
        places = f"all {size} places" if size > 1 else "the only place"
        verb = "are" if size > 1 else "is"
        where = "this machine" if len(self.machines) == 1 else f"{len(self.machines)} machines"
        return f"{places[0].upper()}{places[1:]} of {where} {verb} taken."


def _agents(number: int) -> str:
    return "1 agent" if number == 1 else f"{number:,} agents"


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `11th`, `23rd`."""
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
