"""Everything that happens, as a tagged union: the event log is the truth, rows are folded from it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.assignment import AssignedBy
from data.domain.control_events import (
    AgentHeard,
    AgentTold,
    AlertAnswered,
    AlertJudged,
    AlertRaised,
    AlertRuleRemoved,
    AlertRuleSet,
    ApprovalAnswered,
    ApprovalAsked,
    BudgetReached,
    BudgetRemoved,
    BudgetSet,
    BudgetStage,
    FleetSet,
    PreferenceSet,
    StepContinued,
    StepRetried,
    TaskPrioritized,
    WorkerLost,
)
from data.domain.delivery_events import (
    ChannelRemoved,
    ChannelSet,
    DeliveryEvent,
    DeliveryMoved,
    ReportDue,
    ReportScheduleRemoved,
    ReportScheduleSet,
)
from data.domain.event_base import AgentEvent, StepSpec, TaskEvent
from data.domain.file_events import FileTouched, FolderCompared, FoundFile
from data.domain.fleet import Priority
from data.domain.history_events import ImportMoved, SessionImported, TranscriptRead
from data.domain.log_events import Diagnostic, LogsImported
from data.domain.money import Tokens
from data.domain.observed_events import SignalReceived, TaskDescribed
from data.domain.outcome_events import FailureSeen, OutcomeEvent, OutcomeRecorded
from data.domain.session_events import (
    ContextCompacted,
    Prompted,
    RetryScheduled,
    SubagentMoved,
    TotalReported,
    TranscriptCounted,
)
from data.domain.tasks import AnalystChoice, Complexity, TaskStatus, TaskType
from data.domain.workflows import StepStatus

__all__ = [
    "MONEY",
    "Activity",
    "AgentCreated",
    "AgentHeard",
    "AgentMoved",
    "AgentTold",
    "AlertAnswered",
    "AlertJudged",
    "AlertRaised",
    "AlertRuleRemoved",
    "AlertRuleSet",
    "AnyEvent",
    "ApprovalAnswered",
    "ApprovalAsked",
    "BudgetReached",
    "BudgetRemoved",
    "BudgetSet",
    "BudgetStage",
    "ChannelRemoved",
    "ChannelSet",
    "ContextCompacted",
    "DeliveryMoved",
    "Diagnostic",
    "Event",
    "FailureSeen",
    "FileTouched",
    "FleetSet",
    "FolderCompared",
    "FoundFile",
    "ImportMoved",
    "LogsImported",
    "MessageMetered",
    "OutcomeRecorded",
    "PreferenceSet",
    "Prompted",
    "ReportDue",
    "ReportScheduleRemoved",
    "ReportScheduleSet",
    "RetryScheduled",
    "Said",
    "SessionImported",
    "SessionStarted",
    "SignalReceived",
    "StepContinued",
    "StepMoved",
    "StepReset",
    "StepRetried",
    "StepSpec",
    "SubagentMoved",
    "TaskDeleted",
    "TaskDescribed",
    "TaskMoved",
    "TaskPlanned",
    "TaskPrioritized",
    "TaskResumed",
    "TaskSubmitted",
    "ToolCalled",
    "ToolRefused",
    "ToolReturned",
    "TotalReported",
    "TranscriptCounted",
    "TranscriptRead",
    "WorkerLost",
]


class TaskSubmitted(TaskEvent):
    """A person (or a program) asked for a task; everything it starts with."""

    kind: Literal["task_submitted"] = "task_submitted"
    description: str
    task_type: TaskType
    complexity: Complexity
    complexity_reasons: tuple[str, ...] = ()
    analyst_choice: AnalystChoice = AnalystChoice.AUTO
    analyst_included: bool
    analyst_reason: str
    analyst_by: AssignedBy | None = None
    """None in logs of older versions: see `assignment.of`."""
    analyst_percent: int | None = None
    """How probable an ANALYST was, in percent; None where nobody can know."""
    borderline: bool = False
    """Whether one sign more or less would have turned the verdict on its complexity."""
    workflow: tuple[StepSpec, ...]
    working_directory: str
    runtime: Runtime
    model: str | None = None
    permission_mode: str = "acceptEdits"
    budget_nanousd: int | None = None
    scenario: str | None = None
    ai_planner: bool = False
    rerun_of: str | None = None
    ask_tools: tuple[str, ...] = ()
    priority: Priority = Priority.NORMAL
    by: str


class TaskPlanned(TaskEvent):
    """A planner agent replaced the workflow, or its plan was refused and the template stays."""

    kind: Literal["task_planned"] = "task_planned"
    workflow: tuple[StepSpec, ...]
    rationale: str
    refused: str | None = None
    """Why the planner's answer was not used; None if it was."""
    analyst_included: bool | None = None
    analyst_reason: str | None = None


class TaskMoved(TaskEvent):
    """A task changed its status."""

    kind: Literal["task_moved"] = "task_moved"
    to: TaskStatus
    why: str = ""
    by: str = "engine"
    result: str | None = None
    """The final answer, when the task completed."""
    stop_agents: bool = True
    """False for a pause that lets running steps finish."""


class TaskResumed(TaskEvent):
    """A person let a task go on that was paused or had ended."""

    kind: Literal["task_resumed"] = "task_resumed"
    kept_steps: tuple[str, ...]
    kept_nanousd: int
    by: str
    why: str = ""


class StepReset(TaskEvent):
    """A step is to be done, or done once more; the next generation of it."""

    kind: Literal["step_reset"] = "step_reset"
    step: str
    generation: int
    why: str = ""


class TaskDeleted(TaskEvent):
    """A task and its agents were taken off every list."""

    kind: Literal["task_deleted"] = "task_deleted"
    by: str


class StepMoved(TaskEvent):
    """A step of a task changed its status."""

    kind: Literal["step_moved"] = "step_moved"
    step: str
    to: StepStatus
    why: str = ""


class AgentCreated(AgentEvent):
    """An agent was made for a step; its process has not started."""

    kind: Literal["agent_created"] = "agent_created"
    step: str
    role: Role
    name: str
    model: str
    runtime: Runtime
    log_dir: str | None = None


class AgentMoved(AgentEvent):
    """An agent changed its status."""

    kind: Literal["agent_moved"] = "agent_moved"
    to: AgentStatus
    why: str = ""
    result: str | None = None


class SessionStarted(AgentEvent):
    """The agent's process is ready; resume it by this session id."""

    kind: Literal["session_started"] = "session_started"
    session_id: str
    model: str
    pid: int | None = None


class Activity(AgentEvent):
    """What the agent does now, in words: `editing src/app.py`."""

    kind: Literal["activity"] = "activity"
    words: str


class Said(AgentEvent):
    """A block of text or thinking the agent wrote; the content lies in a blob."""

    kind: Literal["said"] = "said"
    message_id: str
    block: Literal["text", "thinking"]
    chars: int
    blob: str
    parent: str = ""
    """Of a sub-agent: the call that started it."""


class MessageMetered(AgentEvent):
    """One model reply and what it used; counted once per (message id, request id), the largest copy wins."""

    kind: Literal["message_metered"] = "message_metered"
    message_id: str
    request_id: str = ""
    model: str
    tokens: Tokens
    cost_nanousd: int | None
    """None: no price is known for the model."""
    context_window: int | None = None
    subagent: bool = False
    summed: bool = False
    """Whether this stands for many replies in one figure, which says nothing about how full the context is."""


class ToolCalled(AgentEvent):
    """The agent asked for a tool."""

    kind: Literal["tool_called"] = "tool_called"
    tool_use_id: str
    tool: str
    words: str
    input_blob: str
    subagent: bool = False
    message_id: str = ""
    """The reply that made the call; empty in older logs."""
    parent: str = ""
    """Of a sub-agent: the call that started it."""


class ToolReturned(AgentEvent):
    """A tool answered."""

    kind: Literal["tool_returned"] = "tool_returned"
    tool_use_id: str
    tool: str
    is_error: bool
    output_blob: str
    preview: str = ""
    """The first 200 characters of the answer."""


class ToolRefused(AgentEvent):
    """A tool was not permitted."""

    kind: Literal["tool_refused"] = "tool_refused"
    tool: str
    words: str
    tool_use_id: str = ""


Event = (
    TaskSubmitted
    | TaskPlanned
    | TaskMoved
    | TaskResumed
    | TaskDeleted
    | TaskDescribed
    | BudgetSet
    | BudgetRemoved
    | BudgetReached
    | StepMoved
    | StepReset
    | AgentCreated
    | AgentMoved
    | SessionStarted
    | Prompted
    | ContextCompacted
    | Activity
    | Said
    | MessageMetered
    | TotalReported
    | TranscriptCounted
    | ToolCalled
    | ToolReturned
    | FileTouched
    | FolderCompared
    | RetryScheduled
    | ToolRefused
    | SubagentMoved
    | ApprovalAsked
    | ApprovalAnswered
    | Diagnostic
    | SignalReceived
    | FleetSet
    | PreferenceSet
    | TaskPrioritized
    | StepContinued
    | StepRetried
    | AgentTold
    | AgentHeard
    | AlertRaised
    | AlertAnswered
    | AlertJudged
    | AlertRuleSet
    | AlertRuleRemoved
    | WorkerLost
    | SessionImported
    | TranscriptRead
    | ImportMoved
    | LogsImported
    | OutcomeEvent
    | DeliveryEvent
)

AnyEvent: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])
"""Reads one event from its JSON by its `kind`."""

MONEY = (
    AgentHeard,
    AgentMoved,
    AgentTold,
    ApprovalAnswered,
    ApprovalAsked,
    BudgetReached,
    BudgetRemoved,
    BudgetSet,
    FleetSet,
    SessionStarted,
    StepContinued,
    StepMoved,
    StepRetried,
    TaskMoved,
    TaskPrioritized,
    TaskResumed,
    TaskSubmitted,
    TotalReported,
    WorkerLost,
)
"""Events about money or its ownership: synced to disk before the caller goes on."""
