"""Events about the session of an agent: what it was sent, and what became of its memory of it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from data.domain.event_base import AgentEvent


class Prompted(AgentEvent):
    """The agent was sent its prompt, or what it goes on with; the very text lies in a blob."""

    kind: Literal["prompted"] = "prompted"
    chars: int
    blob: str


class ContextCompacted(AgentEvent):
    """The conversation grew too long for the model, and was replaced by a summary of it."""

    kind: Literal["context_compacted"] = "context_compacted"
    trigger: Literal["auto", "manual"] = "auto"
    before_tokens: int | None = None
    """What filled the context window until then; None if that was not told."""
    after_tokens: int | None = None
    message_id: str = ""
    """Under which what it used is counted, as soon as that is known."""


class TranscriptCounted(AgentEvent):
    """What the transcript of an agent's session adds up to, read when its step ended: a third figure, never summed.

    Replies that another agent made in the same session are not in it. The newest takes the place of the one before.
    """

    kind: Literal["transcript_counted"] = "transcript_counted"
    session_id: str
    replies: int
    cost_nanousd: int
    unpriced: int = 0
    """Replies without a known price; they are not in the cost."""


class RetryScheduled(AgentEvent):
    """The model service refused for now; when the next try comes."""

    kind: Literal["retry_scheduled"] = "retry_scheduled"
    attempt: int
    max_retries: int
    delay_ms: int
    status: int | None = None
    error: str = ""
    retry_at: datetime


class TotalReported(AgentEvent):
    """The SDK's own running total for a session: cumulative, so never summed."""

    kind: Literal["total_reported"] = "total_reported"
    session_id: str
    total_nanousd: int


class SubagentMoved(AgentEvent):
    """A sub-agent of the agent started, went on or ended."""

    kind: Literal["subagent_moved"] = "subagent_moved"
    subagent_id: str
    to: Literal["started", "completed", "failed", "stopped"]
    words: str = ""
    parent: str = ""
    """The call that started it."""
