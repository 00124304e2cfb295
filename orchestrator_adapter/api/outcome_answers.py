"""The shapes of what the API says about outcomes and about who decided, and the base of all shapes."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from data.domain.assignment import AssignedBy
from data.domain.outcome_events import OutcomeField


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AnalystShape(Shape):
    included: bool
    reason: str


class PaidAnalystShape(AnalystShape):
    cost_usd: float
    """What it has cost, which is part of what the task has."""


class AssignmentShape(Shape):
    by: AssignedBy
    """Who decided about the ANALYST."""
    probability: float | None
    """How probable an ANALYST was before that; null where nobody can know, as of a person's choice."""
    borderline: bool


class OutcomeFields(Shape):
    tests_passed: bool | None
    """Null, like the next ones: not known."""
    review_passed: bool | None
    score: int | None
    note: str
    merged: bool | None
    reworked: bool | None
    rework_task: str | None
    good: bool | None
    """What follows from all of it; null while nobody can say."""
    set_by: dict[OutcomeField, str]
    """The people who said so; what nobody is named for was recorded by itself."""


class DrawnShape(Shape):
    share: int
    chance: int
