"""Events about how good a task's work was, and that somebody has looked at why it failed."""

from __future__ import annotations

from typing import Literal

from data.domain.event_base import TaskEvent
from data.domain.outcomes import OutcomeField as OutcomeField


class OutcomeRecorded(TaskEvent):
    """Something became known of a task's outcome, or a person corrected it; null takes a value back."""

    kind: Literal["outcome_recorded"] = "outcome_recorded"
    values: dict[OutcomeField, bool | int | str | None]
    by: str
    automatic: bool = False
    """Whether it was recorded by itself: it then never overrides what a person said."""
    why: str = ""


class FailureSeen(TaskEvent):
    """A person has looked at why a task failed; it asks for nobody's attention any more."""

    kind: Literal["failure_seen"] = "failure_seen"
    by: str


OutcomeEvent = OutcomeRecorded | FailureSeen
