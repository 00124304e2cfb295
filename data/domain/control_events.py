"""Events by which people and the clock command the fleet: budgets, questions, settings, alerts, workers."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from data.domain.alert_rules import Metric, RuleScope
from data.domain.alerts import AlertKind, AlertStatus
from data.domain.approvals import AnswerScope, ApprovalStatus
from data.domain.budgets import Act, Period, Scope
from data.domain.event_base import AgentEvent, Storable, TaskEvent
from data.domain.fleet import Priority

FleetSetting = Literal["limits", "retries", "patience", "cleanup", "watching", "lottery", "questions", "reports"]
"""`reports` stands in older logs: since then each person has their own."""


class BudgetStage(Storable):
    """What happens when this share of a budget is used."""

    percent: int
    act: Act


class BudgetSet(TaskEvent):
    """A budget was made, or changed; `task_id` is empty."""

    kind: Literal["budget_set"] = "budget_set"
    budget_id: str
    name: str
    scope: Scope
    period: Period
    subject: str = ""
    limit_nanousd: int | None = None
    limit_tokens: int | None = None
    stages: tuple[BudgetStage, ...]
    cheaper_model: str
    simulated: bool = False
    by: str


class BudgetRemoved(TaskEvent):
    """A budget no longer holds; `task_id` is empty."""

    kind: Literal["budget_removed"] = "budget_removed"
    budget_id: str
    by: str


class BudgetReached(TaskEvent):
    """A stage of a budget was reached by this task's spending, or would have been by its next step."""

    kind: Literal["budget_reached"] = "budget_reached"
    budget_id: str
    name: str
    act: Act
    percent: int
    spent_nanousd: int
    spent_tokens: int
    limit_nanousd: int | None = None
    limit_tokens: int | None = None
    period_ms: int
    """Start of the period it happened in."""
    subject: str = ""
    """The task or agent for which it happened; empty for what is told once a period."""


class ApprovalAsked(AgentEvent):
    """A tool call waits for a person."""

    kind: Literal["approval_asked"] = "approval_asked"
    approval_id: str
    tool: str
    words: str
    input_blob: str
    """Its id is the hash of the input, so that the same call is known again after a restart."""
    why: str
    expires_at: datetime


class ApprovalAnswered(AgentEvent):
    """A person, or the clock, answered."""

    kind: Literal["approval_answered"] = "approval_answered"
    approval_id: str
    to: ApprovalStatus
    scope: AnswerScope = AnswerScope.ONCE
    reason: str = ""
    by: str


class FleetSet(TaskEvent):
    """A setting of the whole fleet was changed; `task_id` is empty."""

    kind: Literal["fleet_set"] = "fleet_set"
    name: FleetSetting
    values: dict[str, int | bool | str | dict[str, int] | None]
    by: str


class PreferenceSet(TaskEvent):
    """A person chose something for themselves; `task_id` is empty, and empty values are the default."""

    kind: Literal["preference_set"] = "preference_set"
    name: Literal["home", "reports"]
    values: dict[str, bool | str | list[str]]
    by: str


class TaskPrioritized(TaskEvent):
    """A person changed how soon a task gets a free place."""

    kind: Literal["task_prioritized"] = "task_prioritized"
    priority: Priority
    by: str


class StepContinued(AgentEvent):
    """A step goes on after its process, its worker or the server was gone."""

    kind: Literal["step_continued"] = "step_continued"
    step: str
    attempt: int
    worker: str
    """Who has the step now."""
    session: bool
    """Whether the agent continues its session; if not, it begins anew."""


class StepRetried(AgentEvent):
    """A step failed in a way that may pass, and is tried again."""

    kind: Literal["step_retried"] = "step_retried"
    step: str
    attempt: int
    """The try that comes next, counted from 1."""
    most: int
    why: str
    retry_at: datetime


class AgentTold(AgentEvent):
    """A person interrupted the agent with a message; it goes on with that in mind."""

    kind: Literal["agent_told"] = "agent_told"
    words: str
    by: str


class AgentHeard(AgentEvent):
    """The agent has a message in its session; what it was told before stands in there too."""

    kind: Literal["agent_heard"] = "agent_heard"
    told: int
    """Id of the event that told it."""


class AlertRaised(TaskEvent):
    """Somebody should look; `task_id` is empty for what concerns the whole fleet."""

    kind: Literal["alert_raised"] = "alert_raised"
    alert_id: str
    about: AlertKind
    agent_id: str | None = None
    words: str
    evidence: dict[str, str] = Field(default_factory=dict)
    rule_id: str = ""
    rule_version: int = 0
    subject: str = ""
    bucket_ms: int | None = None


class AlertAnswered(TaskEvent):
    """A person, or the clock, did something about an alert."""

    kind: Literal["alert_answered"] = "alert_answered"
    alert_id: str
    to: AlertStatus
    until: datetime | None = None
    note: str = ""
    by: str


class AlertJudged(TaskEvent):
    """A person said whether an alert was right."""

    kind: Literal["alert_judged"] = "alert_judged"
    alert_id: str
    right: bool
    by: str


class AlertRuleSet(TaskEvent):
    """A rule of alerts was made, or changed, or switched; `task_id` is empty."""

    kind: Literal["alert_rule_set"] = "alert_rule_set"
    rule_id: str
    name: str
    metric: Metric
    threshold: float
    window_s: int
    scope: RuleScope
    subject: str = ""
    cooldown_s: int
    least_usd: float = 0.0
    simulated: bool = False
    channels: tuple[str, ...] = ()
    enabled: bool
    version: int
    by: str


class AlertRuleRemoved(TaskEvent):
    """A rule of alerts no longer holds; `task_id` is empty."""

    kind: Literal["alert_rule_removed"] = "alert_rule_removed"
    rule_id: str
    by: str


class WorkerLost(TaskEvent):
    """An engine process was gone, or frozen, and another took its work over; `task_id` is empty."""

    kind: Literal["worker_lost"] = "worker_lost"
    worker: str
    taken_by: str
    why: str
    runs: tuple[str, ...] = ()
    """Ids of the step runs it had."""
