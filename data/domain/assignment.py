"""Why the ANALYST is in a task or out of it: by rule, by a person, by a planner, or by lot with a known probability."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from data.domain.agents import Runtime
from data.domain.fleet import Lottery

if TYPE_CHECKING:  # events name who decided, so they come after this
    from data.domain.events import TaskSubmitted


class AssignedBy(StrEnum):
    """Who or what decided."""

    RULE = "rule"
    """The complexity of the description."""
    PERSON = "person"
    """Somebody said always in, or leave out."""
    PLANNER = "planner"
    """A planner agent that designed the workflow."""
    LOTTERY = "lottery"
    """A lot with a known probability, so that what follows can be called an effect."""
    NOBODY = "nobody"
    """There was nothing to decide: a single agent, or work that another program ran."""


DECIDERS = {
    AssignedBy.RULE: "the rule",
    AssignedBy.PERSON: "a person",
    AssignedBy.PLANNER: "a planner",
    AssignedBy.LOTTERY: "a lot",
    AssignedBy.NOBODY: "nobody",
}
"""The same in words, for lists."""


@dataclass(frozen=True)
class Assignment:
    """Who decided, and how probable an ANALYST was before the decision; None where nobody can know that."""

    by: AssignedBy
    probability: float | None = None

    @property
    def percent(self) -> int | None:
        return None if self.probability is None else round(100 * self.probability)


@dataclass(frozen=True)
class Draw:
    """What the lot said about one task."""

    included: bool
    probability: float


def draw(task_id: str, lottery: Lottery) -> Draw | None:
    """The lot of a borderline task; None if it is not among the share that is drawn.

    Both numbers come from the hash of the task's id, so anybody can draw the same lot again.
    """
    digest = hashlib.sha256(f"analyst lottery {task_id}".encode()).digest()
    taken, side = (int.from_bytes(digest[at : at + 8]) / 2**64 for at in (0, 8))
    if taken >= lottery.share / 100:
        return None
    return Draw(side < lottery.chance / 100, lottery.chance / 100)


def of(event: TaskSubmitted) -> Assignment:
    """Who decided about a task as it was submitted; for logs of older versions, from the choice that was made."""
    if event.analyst_by is not None:
        return Assignment(event.analyst_by, None if event.analyst_percent is None else event.analyst_percent / 100)
    if event.runtime in (Runtime.ATTACHED, Runtime.IMPORTED):
        return Assignment(AssignedBy.NOBODY)
    if event.analyst_choice.value == "auto":
        return Assignment(AssignedBy.RULE, float(event.analyst_included))
    return Assignment(AssignedBy.PERSON)


def replanned(now: Assignment) -> Assignment:
    """Who decided, after a planner agent has made another workflow: a person's word stands."""
    return Assignment(AssignedBy.PLANNER) if now.by is AssignedBy.RULE else now


def said(assignment: Assignment) -> str:
    """`by lot, with a probability of 50 %`: who decided, for people."""
    match assignment.by:
        case AssignedBy.RULE:
            return "by the rule: complex tasks have one, simple ones do not"
        case AssignedBy.PERSON:
            return "by a person"
        case AssignedBy.PLANNER:
            return "by the planner agent that designed the workflow"
        case AssignedBy.LOTTERY:
            return f"by lot, with a probability of {assignment.percent} %"
        case AssignedBy.NOBODY:
            return "by nobody: there was nothing to decide"
