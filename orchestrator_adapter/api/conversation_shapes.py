"""What may be asked of a conversation, and the shape of the answer."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field, JsonValue

from data.store.lists import MAX_LIMIT
from orchestrator_adapter.api.answers import Shape, TokenShape
from orchestrator_adapter.api.bodies import Sent, Short


class ConversationQuery(Sent):
    """Which stretch of a conversation, in which form."""

    limit: int = Field(50, ge=1, le=MAX_LIMIT, description="Most messages of the answer")
    cursor: str | None = Field(None, max_length=100, description="`next_cursor` of the page before")
    first: int | None = Field(
        None, ge=-(2**31), lt=2**31, alias="from", description="Place of the first one, counted from 0; -1 is the last"
    )
    at: str | None = Field(None, min_length=1, max_length=100, description="Key of a message: those around it")
    since: int | None = Field(None, ge=0, lt=2**63, description="Clock: only what is new, or has changed, after it")
    q: Short | None = Field(
        None, description="Only those that hold this text, in whatever case; also in what tools gave"
    )
    failed: bool = Field(False, description="Only what failed")
    detail: Literal["whole", "short"] = Field(
        "whole",
        description="`short`: long texts cut, calls without input and output, except the beginning of what failed",
    )
    glance: bool = Field(
        False, description="Do not wait until a long conversation is read: its end (`from` below 0) or its beginning"
    )
    format: Literal["json", "md"] = Field("json", description="`md`: the whole conversation as Markdown")


class ReplyShape(Shape):
    """What a reply of the model used."""

    model: str
    tokens: TokenShape
    cost_usd: float | None
    """None: no price is known for the model."""


class TouchedShape(Shape):
    """What a call did to a file."""

    path: str
    change: str
    added: int
    removed: int


class MessageShape(Shape):
    """One message, one call of a tool, or one thing that happened beside them."""

    key: str
    """Never changes: the `message` of a link to it."""
    position: int
    depth: int
    """0 for the agent itself, 1 for its sub-agents, ..."""
    kind: Literal["prompt", "text", "thinking", "tool", "note"]
    about: str | None
    """Of a note: what it is about."""
    at: datetime | None
    ended_at: datetime | None
    words: str
    failed: bool
    tool: str | None
    answered: bool
    message_id: str | None
    reply: ReplyShape | None
    """Beside the first entry of a reply: what the reply used."""
    files: list[TouchedShape]
    text: str | None
    chars: int
    cut: bool
    input: JsonValue
    output: str | None
    diff: list[str] | None
    """Of a call that writes into a file: the lines of a unified diff."""


class ConversationShape(Shape):
    """A stretch of a conversation."""

    agent_id: str
    clock: int
    """Ask again with `since` of this value for what came after it."""
    live: bool
    provisional: bool
    """Only a glance: places and totals are about right; ask again for the real ones."""
    total: int
    """Messages of the whole conversation."""
    place: int | None
    """Where the message stands that `at` names."""
    settled: int
    """Up to this place nothing has moved since `since`."""
    hits: list[int] | None
    """Places of what `q` or `failed` found; at most 2,000."""
    hits_total: int | None
    failures: int
    """How much failed in the whole conversation."""
    items: list[MessageShape]
    next_cursor: str | None
