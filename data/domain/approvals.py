"""Tool calls that wait for a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

EVERY_TOOL = "*"
"""In the list of tools that need a person: all of them."""


class ApprovalStatus(StrEnum):
    """Where a question to a person stands."""

    WAITING = "waiting"
    ALLOWED = "allowed"
    DENIED = "denied"
    EXPIRED = "expired"
    """Nobody answered in time, which denies."""
    WITHDRAWN = "withdrawn"
    """Its agent ended before anybody answered."""


class AnswerScope(StrEnum):
    """What an answer holds for."""

    ONCE = "once"
    TASK = "task"
    """Every later call of the same tool in the same task, too."""


@dataclass(frozen=True)
class Approval:
    """One tool call and what a person said to it."""

    id: str
    task_id: str
    agent_id: str
    tool: str
    words: str
    input_blob: str
    why: str
    status: ApprovalStatus
    asked_at: datetime
    expires_at: datetime
    scope: AnswerScope | None = None
    reason: str | None = None
    answered_by: str | None = None
    answered_at: datetime | None = None


def needs_person(tool: str, ask_tools: tuple[str, ...]) -> bool:
    """Whether a task's list names this tool."""
    return EVERY_TOOL in ask_tools or tool in ask_tools
