"""Agents: who they are, what they may become, and one agent as a value."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from data.domain.money import Tokens


class Role(StrEnum):
    """What an agent is for."""

    ORCHESTRATOR = "orchestrator"
    PLANNER = "planner"
    BUILDER = "builder"
    REVIEWER = "reviewer"
    ANALYST = "analyst"
    TESTER = "tester"
    DOCUMENTER = "documenter"
    CUSTOM = "custom"


class AgentStatus(StrEnum):
    """Where an agent stands."""

    IDLE = "idle"
    """Created, its process not yet started."""
    ACTIVE = "active"
    WAITING = "waiting"
    """For a person, or for the time of its next retry."""
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DELETED = "deleted"


LIVE = frozenset({AgentStatus.IDLE, AgentStatus.ACTIVE, AgentStatus.WAITING})
"""States in which an agent may still spend."""

MOVES: dict[AgentStatus, frozenset[AgentStatus]] = {
    AgentStatus.IDLE: frozenset({AgentStatus.ACTIVE, AgentStatus.FAILED, AgentStatus.CANCELLED}),
    AgentStatus.ACTIVE: frozenset(
        {AgentStatus.WAITING, AgentStatus.COMPLETED, AgentStatus.FAILED, AgentStatus.CANCELLED}
    ),
    AgentStatus.WAITING: frozenset(
        {AgentStatus.ACTIVE, AgentStatus.COMPLETED, AgentStatus.FAILED, AgentStatus.CANCELLED}
    ),
    AgentStatus.COMPLETED: frozenset({AgentStatus.DELETED}),
    AgentStatus.FAILED: frozenset({AgentStatus.DELETED}),
    AgentStatus.CANCELLED: frozenset({AgentStatus.DELETED}),
    AgentStatus.DELETED: frozenset(),
}

UPSTREAM_STATUS: dict[str, AgentStatus] = {
    "created": AgentStatus.IDLE,
    "running": AgentStatus.ACTIVE,
    "waiting": AgentStatus.WAITING,
    "completed": AgentStatus.COMPLETED,
    "failed": AgentStatus.FAILED,
    "deleted": AgentStatus.DELETED,
}
"""The existing orchestrator's status words, and ours: the only place where the two meet."""


class Runtime(StrEnum):
    """What runs an agent."""

    CLAUDE = "claude"
    DEMO = "demo"
    SCRIPTED = "scripted"
    ATTACHED = "attached"
    IMPORTED = "imported"

    @property
    def simulated(self) -> bool:
        """Whether its money was never spent."""
        return self in (Runtime.DEMO, Runtime.SCRIPTED)


class FileChange(StrEnum):
    """What an agent did to a file."""

    READ = "read"
    CREATED = "created"
    MODIFIED = "modified"
    DELETED = "deleted"


@dataclass(frozen=True)
class Agent:
    """One agent as it stands now."""

    id: str
    task_id: str
    step: str
    role: Role
    name: str
    model: str
    """The model that answered; before the first answer the one that was asked for."""
    status: AgentStatus
    activity: str
    runtime: Runtime
    simulated: bool
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    tokens: Tokens = Tokens()
    cost_nanousd: int = 0
    unpriced_messages: int = 0
    """Model replies whose price is not known; their cost is missing from `cost_nanousd`."""
    reported_nanousd: int | None = None
    """What the SDK itself says the agent cost; a second figure beside ours, never added to it."""
    transcript_nanousd: int | None = None
    """What the transcript of its session adds up to; a third figure, never added. None: nobody has read it."""
    context_used: int = 0
    context_window: int | None = None
    tool_calls: int = 0
    files: dict[str, list[str]] = field(default_factory=dict)
    """Paths by FileChange."""
    error: str | None = None
    session_id: str | None = None
    log_dir: str | None = None
    retry_at: datetime | None = None
    tool_since: datetime | None = None
    """When the tool call began that runs now."""
    result: str | None = None

    @property
    def live(self) -> bool:
        return self.status in LIVE
