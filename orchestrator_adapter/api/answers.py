"""The shapes that the API answers with, as models: what the OpenAPI document shows and tests hold answers to."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import JsonValue

from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.alerts import AlertKind, AlertStatus
from data.domain.approvals import AnswerScope, ApprovalStatus
from data.domain.budgets import Act, Period, Scope
from data.domain.fleet import Priority
from data.domain.tasks import Complexity, TaskStatus, TaskType
from data.domain.workflows import StepStatus
from orchestrator_adapter.api.outcome_answers import AssignmentShape, OutcomeFields, PaidAnalystShape
from orchestrator_adapter.api.outcome_answers import Shape as Shape


class RefusalDetail(Shape):
    code: str
    message: str
    details: dict[str, Any]
    request_id: str
    timestamp: datetime


class RefusalShape(Shape):
    """Every refusal, whatever its status."""

    error: RefusalDetail


class MendedShape(Shape):
    """The copy of the rows that questions are answered from, if something was wrong with it."""

    rebuilt: int
    why: str | None
    in_memory: bool


class HealthShape(Shape):
    status: str
    warehouse: MendedShape | None = None


class ReadyShape(Shape):
    status: str
    reasons: list[str]


class TokenShape(Shape):
    input: int
    output: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int


class StepShape(Shape):
    key: str
    role: Role
    depends_on: list[str]
    status: StepStatus
    generation: int
    """Raised each time the step is done once more."""


class FileShape(Shape):
    read: list[str]
    created: list[str]
    modified: list[str]
    deleted: list[str]


class TaskShape(Shape):
    id: str
    description: str
    task_type: TaskType
    status: TaskStatus
    complexity: Complexity
    complexity_reasons: list[str]
    analyst: PaidAnalystShape
    assignment: AssignmentShape
    outcome: OutcomeFields
    workflow: list[StepShape]
    current_step: str | None
    working_directory: str
    runtime: Runtime
    simulated: bool
    model: str | None
    permission_mode: str
    scenario: str | None
    ai_planner: bool
    ask_tools: list[str]
    """Tools of which each call waits for a person."""
    priority: Priority
    run: int
    """How often it was set going: once, and once more for each time it was resumed."""
    kept_usd: float
    """What the steps had cost that the last resume did not do again."""
    rerun_of: str | None
    cost_usd: float | None
    """Null only if no reply could be priced."""
    reported_cost_usd: float | None
    """What the SDK itself says; a second figure, never added."""
    unpriced_messages: int
    tokens: TokenShape
    tool_calls: int
    files: FileShape
    budget_usd: float | None
    result: str | None
    error: str | None
    created_by: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    duration_s: float | None
    archived_at: datetime | None
    seen_by: str | None
    """Who has looked at its failure."""


class ContextShape(Shape):
    used: int
    window: int | None


class AgentShape(Shape):
    id: str
    task_id: str
    step: str
    role: Role
    name: str
    model: str
    status: AgentStatus
    activity: str
    runtime: Runtime
    simulated: bool
    cost_usd: float | None
    reported_cost_usd: float | None
    transcript_cost_usd: float | None
    """What the transcript of its session added up to when its step ended; a third figure, never added."""
    unpriced_messages: int
    tokens: TokenShape
    context: ContextShape
    tool_calls: int
    files: FileShape
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    duration_s: float | None
    retry_at: datetime | None
    result: str | None
    error: str | None
    session_id: str | None


class EventShape(Shape):
    id: str
    """The clock."""
    at: datetime
    kind: str
    task_id: str
    agent_id: str | None
    data: dict[str, JsonValue]


class LogShape(Shape):
    name: str
    size: int
    modified_at: datetime


class TaskList(Shape):
    items: list[TaskShape]
    next_cursor: str | None


class AgentList(Shape):
    items: list[AgentShape]
    next_cursor: str | None


class EventList(Shape):
    items: list[EventShape]
    next_cursor: str | None


class LogList(Shape):
    items: list[LogShape]
    next_cursor: None


class SpendShape(Shape):
    cost_usd: float | None
    tokens: TokenShape
    unpriced_messages: int
    simulated_cost_usd: float


class RolePrompt(Shape):
    role: Role
    complexity: Complexity
    system_prompt: str


class StepPrompt(Shape):
    key: str
    role: Role
    system_prompt: str
    prompt: str


class PromptList(Shape):
    complexity: Complexity
    steps: list[StepPrompt]


class OutcomeShape(Shape):
    id: str
    done: bool
    code: str | None
    """Of the refusal."""
    message: str | None


class OutcomeList(Shape):
    items: list[OutcomeShape]


class ApprovalShape(Shape):
    id: str
    task_id: str
    agent_id: str
    tool: str
    words: str
    input: JsonValue
    why: str
    status: ApprovalStatus
    scope: AnswerScope | None
    reason: str | None
    answered_by: str | None
    asked_at: datetime
    expires_at: datetime
    answered_at: datetime | None


class ApprovalList(Shape):
    items: list[ApprovalShape]
    next_cursor: str | None


class AlertShape(Shape):
    id: str
    kind: AlertKind
    status: AlertStatus
    words: str
    """Why, as one sentence."""
    evidence: dict[str, str]
    task_id: str | None
    agent_id: str | None
    raised_at: datetime
    until: datetime | None
    """When a snoozed one opens again."""
    answered_by: str | None
    """`clock`: it was resolved, or opened again, by itself."""
    note: str
    right: bool | None
    """A person's word on whether it was right; null: nobody said."""
    judged_by: str | None
    rule_id: str | None
    """The rule that raised it; null for what the fleet always looks after."""


class PrecisionShape(Shape):
    right: int
    judged: int


class AlertList(Shape):
    items: list[AlertShape]
    next_cursor: str | None
    precision: dict[AlertKind, PrecisionShape]
    """How often alerts of each kind were right, of all that were judged."""


class StageShape(Shape):
    percent: int
    act: Act


class BudgetShape(Shape):
    id: str
    name: str
    scope: Scope
    subject: str
    """Task id, user name or folder; empty for the fleet and for single agents."""
    period: Period
    limit_usd: float | None
    limit_tokens: int | None
    stages: list[StageShape]
    cheaper_model: str
    simulated: bool
    spent_usd: float | None
    """Null, like the next three, for a budget of single agents: it counts each of them for itself."""
    spent_tokens: int | None
    reserved_usd: float | None
    """Held back for steps that are running."""
    percent_used: float | None
    """The larger of the shares of both limits."""
    period_started_at: datetime | None
    """Null for a budget without periods."""


class BudgetList(Shape):
    items: list[BudgetShape]
    next_cursor: None


class BudgetChangeShape(Shape):
    id: str
    """The clock."""
    at: datetime
    what: Literal["made", "changed", "removed", "reached"]
    budget_id: str
    """`task:ID` for the limit that a task was submitted with."""
    name: str
    by: str | None
    """Who did it; null for a stage that was reached."""
    task_id: str | None
    """Whose spending reached the stage."""
    stage: StageShape | None
    """Which stage was reached."""
    spent_usd: float | None
    spent_tokens: int | None
    limit_usd: float | None
    limit_tokens: int | None


class BudgetHistory(Shape):
    items: list[BudgetChangeShape]
    next_cursor: str | None
