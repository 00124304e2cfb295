"""Events about logs: a line that helps to find a fault, a log folder that another program wrote."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from data.domain.agents import AgentStatus
from data.domain.event_base import AgentEvent


class Diagnostic(AgentEvent):
    """A line that helps to find out why something failed: the CLI's stderr, a warning."""

    kind: Literal["diagnostic"] = "diagnostic"
    words: str
    of_log: bool = False
    """Whether it is about the log itself: a line of it that cannot be read says nothing about the agent."""


class LogsImported(AgentEvent):
    """A log folder that another program wrote was read, up to here; and how its agent stands by it."""

    kind: Literal["logs_imported"] = "logs_imported"
    folder: str
    files: dict[str, tuple[int, str]]
    """For each file how many bytes were read, and the SHA-256 of them."""
    status: AgentStatus
    model: str = ""
    why: str = ""
    result: str | None = None
    began_at: datetime
    ended_at: datetime
