"""Tasks: their states and moves as one table, and one task as a value."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from data.domain.agents import Runtime
from data.domain.assignment import AssignedBy, Assignment
from data.domain.errors import TooLate
from data.domain.fleet import Priority
from data.domain.money import Tokens
from data.domain.outcomes import Outcome, good
from data.domain.workflows import Workflow

MAX_DESCRIPTION = 50_000
"""Characters in a task's description."""


class TaskType(StrEnum):
    """What kind of work a task is."""

    FEATURE_IMPLEMENTATION = "feature_implementation"
    BUG_FIX = "bug_fix"
    CODE_REVIEW = "code_review"
    DOCUMENTATION = "documentation"
    REFACTORING = "refactoring"
    TESTING = "testing"
    INVESTIGATION = "investigation"
    CUSTOM = "custom"


class TaskStatus(StrEnum):
    """Where a task stands."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Complexity(StrEnum):
    """How much work a description seems to ask for."""

    SIMPLE = "simple"
    COMPLEX = "complex"


class AnalystChoice(StrEnum):
    """Who decides whether an ANALYST takes part."""

    AUTO = "auto"
    FORCE = "force"
    SKIP = "skip"


ENDED = frozenset({TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED})

RESUMABLE = frozenset({TaskStatus.PAUSED}) | ENDED
"""From these a person may let a task go on; what is paid for is kept."""

_STOPS = frozenset({TaskStatus.FAILED, TaskStatus.CANCELLED})
MOVES: dict[TaskStatus, frozenset[TaskStatus]] = {
    TaskStatus.PENDING: frozenset({TaskStatus.IN_PROGRESS, TaskStatus.PAUSED}) | _STOPS,
    TaskStatus.IN_PROGRESS: frozenset({TaskStatus.WAITING, TaskStatus.PAUSED, TaskStatus.COMPLETED}) | _STOPS,
    TaskStatus.WAITING: frozenset({TaskStatus.IN_PROGRESS, TaskStatus.PAUSED}) | _STOPS,
    TaskStatus.PAUSED: frozenset({TaskStatus.IN_PROGRESS}) | _STOPS,
    TaskStatus.COMPLETED: frozenset(),
    TaskStatus.FAILED: frozenset(),
    TaskStatus.CANCELLED: frozenset(),
}


def move(task_id: str, now: TaskStatus, to: TaskStatus) -> TaskStatus:
    """The new status, or a refusal if the table of moves has no such move."""
    if to not in MOVES[now]:
        raise TooLate(f"A task that is {now} cannot become {to}.", task_id=task_id, status=now.value, to=to.value)
    return to


@dataclass(frozen=True)
class Draft:
    """What a person asks for, before anything is written down."""

    description: str
    task_type: TaskType | None = None
    """None: guessed from the description."""
    analyst: AnalystChoice = AnalystChoice.AUTO
    working_directory: str | None = None
    """None: the first allowed root, or a fresh scratch folder for a demo."""
    runtime: Runtime | None = None
    """None: the default runtime of this server."""
    model: str | None = None
    budget_nanousd: int | None = None
    scenario: str | None = None
    """Name of the scripted story, for a demo."""
    ai_planner: bool = False
    """Let a planner agent design the workflow as a first step (claude and demo only)."""
    permission_mode: str = "acceptEdits"
    """How tools are permitted; `bypassPermissions` only by an explicit choice."""
    rerun_of: str | None = None
    """The task that this one does once more."""
    ask_tools: tuple[str, ...] = ()
    """Tools of which each call waits for a person; `*` for all."""
    priority: Priority = Priority.NORMAL


SESSION = "session"
"""Key of the one step that a Claude session has which was started elsewhere."""
_NOT_ASKED = "does not apply: a Claude session that was started elsewhere"


@dataclass(frozen=True)
class Task:
    """One task as it stands now."""

    id: str
    description: str
    task_type: TaskType
    status: TaskStatus
    complexity: Complexity
    complexity_reasons: tuple[str, ...]
    analyst_choice: AnalystChoice
    analyst_included: bool
    analyst_reason: str
    workflow: Workflow
    current_step: str | None
    working_directory: str
    runtime: Runtime
    simulated: bool
    model: str | None
    permission_mode: str
    created_by: str
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    archived_at: datetime | None = None
    tokens: Tokens = Tokens()
    cost_nanousd: int = 0
    analyst_nanousd: int = 0
    """What its ANALYST cost, which is part of that."""
    unpriced_messages: int = 0
    reported_nanousd: int | None = None
    tool_calls: int = 0
    budget_nanousd: int | None = None
    scenario: str | None = None
    ai_planner: bool = False
    result: str | None = None
    error: str | None = None
    files: dict[str, list[str]] = field(default_factory=dict)
    run: int = 1
    """How often the task was set going: once, and once more for each time it was resumed."""
    kept_nanousd: int = 0
    """What the steps had cost that the last resume did not do again."""
    rerun_of: str | None = None
    ask_tools: tuple[str, ...] = ()
    priority: Priority = Priority.NORMAL
    assignment: Assignment = Assignment(AssignedBy.NOBODY)
    """Who decided about the ANALYST, with which probability."""
    borderline: bool = False
    """Whether one sign more or less would have turned the verdict on its complexity."""
    outcome: Outcome = Outcome()
    seen_by: str | None = None
    """Who has looked at its failure; None too while it has not failed."""

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def is_session(self) -> bool:
        """Whether it stands for a Claude session that was started elsewhere: nobody planned its work."""
        elsewhere = self.runtime in (Runtime.ATTACHED, Runtime.IMPORTED)
        return elsewhere and [step.key for step in self.workflow] == [SESSION]

    @property
    def analyst_words(self) -> str:
        """`ANALYST in: Complex task`; for a session that there was nothing to decide."""
        if self.is_session:
            return f"ANALYST {_NOT_ASKED}"
        side = "in" if self.analyst_included else "out"
        return f"ANALYST {side}: {self.analyst_reason}" if self.analyst_reason else f"ANALYST {side}"

    @property
    def analyst_why(self) -> str:
        """Why there is an ANALYST or none, as a sentence."""
        return f"{_NOT_ASKED[0].upper()}{_NOT_ASKED[1:]}." if self.is_session else self.analyst_reason

    @property
    def good(self) -> bool | None:
        """Whether it was worth it; None while nobody can say."""
        return good(self.status.value, self.outcome)
