"""One line of a Claude Code transcript: the model replies it tells of, and what it says about its session.

Claude Code writes a line of JSON for each block of a reply, each with the whole usage; older versions write partial
figures first. So a reply is known by its message and request, and of its copies the largest counts. Pure and tolerant:
whatever stands in a line, reading it raises nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, NamedTuple

import orjson

from data.domain.money import NANO, Tokens
from data.domain.texts import storable

Line = Mapping[str, Any]

NO_MODEL = "<synthetic>"
"""Claude Code's word for a message it wrote itself, with no model behind it: never priced, never known."""
UNKNOWN_MODEL = "unknown"
MOST_ID = 120
"""Characters of an id or a model's name as the store takes them."""
MOST_TOKENS = 2**53
_INCLUDED = frozenset({"message", ""})
"""Kinds of iterations whose tokens stand in the reply's own usage already."""


Counts = tuple[int, int, int, int, int]
"""Tokens in the order of `Tokens`' fields."""
Row = tuple[str, str, str, int | None, Counts, int, str, str, int | None, bool]
"""A reply as plain values, in the order of `Reply`'s fields: made, sent and noted in a third of the time."""


class CostMode(StrEnum):
    """Where the cost of a reply comes from."""

    AUTO = "auto"
    """What its line says (`costUSD`, written by old versions), else the price list."""
    CALCULATE = "calculate"
    """Always the price list."""
    DISPLAY = "display"
    """Only what its line says, else nothing."""


class Reply(NamedTuple):
    """One reply of a model, as one line tells it."""

    message_id: str
    request_id: str
    model: str
    at_ms: int | None
    """None: its line has no time that can be read."""
    tokens: Tokens
    web_searches: int = 0
    speed: str = ""
    geo: str = ""
    stated_nanousd: int | None = None
    """What the line itself says it cost."""
    subagent: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return self.message_id, self.request_id

    @property
    def is_error(self) -> bool:
        """Written by Claude Code itself in place of a reply that failed; no model is behind it."""
        return self.model == NO_MODEL

    def larger_than(self, other: Reply) -> bool:
        """Whether this copy of the same reply says more."""
        return (self.tokens.output, self.tokens.total) > (other.tokens.output, other.tokens.total)


def parsed(raw: bytes) -> Line | None:
    """The line as an object; None if it is none."""
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        found = _leniently(raw)
    return found if isinstance(found, dict) else None


def _leniently(raw: bytes) -> object:
    """Half an emoji, where a tool's output was cut, is a torn character to orjson and none to Claude Code."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def replies(line: Line, place: str) -> Iterator[Reply]:
    """The replies that a line tells of; `place` names the line, for replies that have no id of their own."""
    return map(reply_of, rows(line, place))


def reply_of(row: Row) -> Reply:
    return Reply._make((*row[:4], Tokens(*row[4]), *row[5:]))


def rows(line: Line, place: str) -> list[Row]:
    """As `replies` has it. What a person or a tool said, a line of type `user`, tells of none."""
    kind = line.get("type")
    if kind == "user":
        return []
    inner = _spoken(line) if kind == "progress" else line
    message = inner.get("message")
    usage = message.get("usage") if type(message) is dict else None
    if type(message) is not dict or type(usage) is not dict:
        return []
    searched, stated = usage.get("server_tool_use"), inner.get("costUSD", line.get("costUSD"))
    message_id = text(message.get("id"), MOST_ID)
    if not message_id:  # a copied line keeps its uuid, so it is still counted once
        message_id = f"line:{text(inner.get('uuid') or line.get('uuid'), MOST_ID - 5) or place}"
    whole = (
        message_id,
        text(inner.get("requestId") or line.get("requestId"), MOST_ID),
        text(message.get("model"), MOST_ID) or UNKNOWN_MODEL,
        at_ms(inner.get("timestamp") or line.get("timestamp")),
        counts(usage),
        number(searched.get("web_search_requests")) if type(searched) is dict else 0,
        text(usage.get("speed"), 20),
        text(usage.get("inference_geo"), 20),
        None if stated is None else _stated(stated),
        bool(line.get("isSidechain")) or inner is not line,
    )
    rounds = usage.get("iterations")
    return [whole, *_iterations(whole, rounds)] if rounds else [whole]


def says_no_more(line: Line, known: Mapping[tuple[str, str], Row]) -> bool:
    """Whether a line is plainly one more block of a known reply; half of all lines are, so this is asked first."""
    message = line.get("message")
    if type(message) is not dict:
        return False
    message_id, request_id, usage = message.get("id"), line.get("requestId"), message.get("usage")
    if type(message_id) is not str or type(request_id) is not str:
        return False
    before = known.get((message_id, request_id))
    if before is None or type(usage) is not dict or usage.get("iterations"):
        return False
    fresh, said, cached, short, long = before[4]
    get = usage.get
    return bool(
        get("output_tokens") == said
        and get("input_tokens") == fresh
        and get("cache_read_input_tokens") == cached
        and get("cache_creation_input_tokens") == short + long
    )


def larger(row: Row, other: Row) -> bool:
    """As `Reply.larger_than` has it."""
    return (row[4][1], sum(row[4])) > (other[4][1], sum(other[4]))


def _iterations(whole: Row, rounds: object) -> Iterator[Row]:
    """What other models did within a reply, such as an advisor; its own usage leaves them out."""
    message_id, request_id, model, at, *_, speed, geo, _, _ = whole
    for number, one in enumerate(rounds if isinstance(rounds, list) else (), 1):
        kind = text(one.get("type"), 40) if isinstance(one, dict) else ""
        if not isinstance(one, dict) or kind in _INCLUDED:
            continue
        name = f"{request_id[: MOST_ID - 50]}#{number}-{kind}"
        yield message_id, name, text(one.get("model"), MOST_ID) or model, at, counts(one), 0, speed, geo, None, True


def _spoken(line: Line) -> Line:
    """The line itself, or the one it wraps: progress of a sub-agent is told with its messages inside."""
    data = line.get("data")
    if isinstance(data, dict) and isinstance(data.get("message"), dict):
        inner: dict[str, Any] = data["message"]
        return inner if isinstance(inner.get("message"), dict) else {**line, "message": inner}
    return line


def counts(usage: Mapping[str, Any]) -> Counts:
    """Tokens by kind. Cache writes come as a sum, as their split by lifetime, or as both."""
    get = usage.get
    fresh, said, cached = get("input_tokens"), get("output_tokens"), get("cache_read_input_tokens")
    written, split = get("cache_creation_input_tokens"), get("cache_creation")
    long, short = 0, 0
    if type(split) is dict:
        long, short = number(split.get("ephemeral_1h_input_tokens")), number(split.get("ephemeral_5m_input_tokens"))
    rest = number(written) - long - short
    return number(fresh), number(said), number(cached), short + rest if rest > 0 else short, long


def number(value: object) -> int:
    """A count; anything that is none counts as nothing."""
    if type(value) is int:
        return value if 0 <= value < MOST_TOKENS else 0
    if type(value) is float and value.is_integer() and 0 <= value < MOST_TOKENS:
        return int(value)
    return 0


def _stated(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        nanousd = round(Decimal(str(value)) * NANO)
    except (InvalidOperation, OverflowError, ValueError):
        return None
    return nanousd if 0 <= nanousd < MOST_TOKENS else None


def text(value: object, most: int) -> str:
    """Text as the store takes it; anything else is none."""
    if type(value) is not str:
        return ""
    if value.isascii() and len(value) <= most and "\x00" not in value:
        return value
    return storable(value[:most])


def at_ms(value: object) -> int | None:
    """Milliseconds since 1970 of an ISO time with any offset; one without is UTC. None if it is no time."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        if found.tzinfo is None:
            found = found.replace(tzinfo=UTC)
        ms = round(found.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None
    return ms if ms >= 0 else None
