"""Alerts: what somebody should look at, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class AlertKind(StrEnum):
    """What an alert is about."""

    STUCK = "stuck"
    """An agent makes no progress."""
    LOOPING = "looping"
    """An agent does the same thing again and again."""
    BUDGET = "budget"
    """A stage of a budget was reached, or the share that a rule names."""
    SPEND = "spend"
    """More was spent in a stretch of time than a rule allows."""
    ANOMALY = "anomaly"
    """More was spent than is usual at that time."""
    CONTEXT = "context"
    """An agent's context window is nearly full."""
    FAILURES = "failures"
    """Tasks of one kind fail again and again."""
    AGENT_COST = "agent_cost"
    """A single agent costs much."""
    DRIFT = "drift"
    """The figures of a run do not agree."""


class AlertStatus(StrEnum):
    """Where an alert stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    """Somebody has taken it on; it stands until it is resolved."""
    SNOOZED = "snoozed"
    """A person wants to wait; it opens again if nothing has changed by then."""
    RESOLVED = "resolved"
    """A person acted, or what it was about is over."""


@dataclass(frozen=True)
class Precision:
    """How often alerts were right, of those that a person judged."""

    right: int = 0
    judged: int = 0


@dataclass(frozen=True)
class Alert:
    """One alert as it stands now."""

    id: str
    kind: AlertKind
    status: AlertStatus
    words: str
    """Why, as one sentence."""
    raised_at: datetime
    task_id: str | None = None
    agent_id: str | None = None
    evidence: dict[str, str] = field(default_factory=dict)
    """What it rests on: name to value, both as people read them."""
    until: datetime | None = None
    """When a snoozed one opens again."""
    answered_by: str | None = None
    note: str = ""
    right: bool | None = None
    """A person's word on whether the alert was right; None: nobody said."""
    judged_by: str | None = None
    rule_id: str = ""
    """The rule that raised it; empty for what the fleet always looks after."""
    subject: str = ""
    """Whom or what the rule found, as the rule tells subjects apart."""
    bucket_ms: int | None = None
    """The quarter of an hour in which it was found."""
