"""What is answered about rules of alerts, their backtests, and the lives of alerts."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from data.domain.alert_rules import Metric, RuleScope
from orchestrator_adapter.api.answers import Shape


class AlertStep(Shape):
    at: datetime
    what: Literal["raised", "open", "acknowledged", "snoozed", "resolved", "right", "wrong"]
    """`open`: it opened again."""
    by: str
    """`clock`: by itself."""
    note: str
    until: datetime | None


class AlertStory(Shape):
    items: list[AlertStep]
    next_cursor: None


class AlertRuleShape(Shape):
    id: str
    name: str
    metric: Metric
    threshold: float
    unit: str
    """What the threshold counts."""
    window_s: int
    """0 for a metric without a window."""
    scope: RuleScope
    subject: str
    cooldown_s: int
    least_usd: float
    simulated: bool
    channels: list[str]
    """Ids of the channels that are told beside the app."""
    enabled: bool
    version: int
    """0: a default that nobody has changed."""
    changed_by: str | None
    changed_at: datetime | None
    removable: bool


class AlertRuleList(Shape):
    items: list[AlertRuleShape]
    next_cursor: None


class FiredShape(Shape):
    at: datetime
    """Begin of the quarter of an hour in which it would have fired."""
    subject: str
    value: float | None
    """What was measured; dollars for metrics of dollars. Null: no number says it, as against a usual of nothing."""
    words: str
    task_id: str | None
    agent_id: str | None


class BacktestShape(Shape):
    begin: datetime
    end: datetime
    fired: int
    items: list[FiredShape]
    """The newest first."""
    says: str
    """What the answer leaves out; empty if nothing."""
