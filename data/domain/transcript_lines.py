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

from data.domain.event_base import storable
from data.domain.money import NANO, Tokens
from data.domain.prices import NO_MODEL, Price, PriceBook

Line = Mapping[str, Any]

UNKNOWN_MODEL = "unknown"
MOST_ID = 120
"""Characters of an id or a model's name as the store takes them."""
MOST_TOKENS = 2**53
SURCHARGED = ("claude-sonnet-4-0", "claude-sonnet-4-5")
LONG = 200_000
_DAY_MS = 86_400_000
_PLAIN_SPEEDS = ("standard", "")
_UNASKED: Any = object()
_INCLUDED = frozenset({"message", ""})
"""Kinds of iterations whose tokens stand in the reply's own usage already."""


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


class Cost(NamedTuple):
    """What a reply cost; web searches stand apart, because most other readers leave them out."""

    tokens_nanousd: int | None
    """None: no price is known for the model at that time."""
    searches_nanousd: int = 0

    @property
    def nanousd(self) -> int | None:
        return None if self.tokens_nanousd is None else self.tokens_nanousd + self.searches_nanousd


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
    inner = _spoken(line)
    message = inner.get("message")
    usage = message.get("usage") if isinstance(message, dict) else None
    if not isinstance(message, dict) or not isinstance(usage, dict):
        return
    message_id = text(message.get("id"), MOST_ID)
    request_id = text(inner.get("requestId") or line.get("requestId"), MOST_ID)
    if not message_id:  # a copied line keeps its uuid, so it is still counted once
        message_id = f"line:{text(inner.get('uuid') or line.get('uuid'), MOST_ID - 5) or place}"
    whole = Reply(
        message_id,
        request_id,
        text(message.get("model"), MOST_ID) or UNKNOWN_MODEL,
        at_ms(inner.get("timestamp") or line.get("timestamp")),
        tokens(usage),
        _searches(usage),
        text(usage.get("speed"), 20),
        text(usage.get("inference_geo"), 20),
        _stated(inner.get("costUSD", line.get("costUSD"))),
        bool(line.get("isSidechain")) or inner is not line,
    )
    yield whole
    if rounds := usage.get("iterations"):
        yield from _iterations(whole, rounds)


def says_no_more(line: Line, known: Mapping[tuple[str, str], Reply]) -> bool:
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
    had, get = before.tokens, usage.get
    return bool(
        get("output_tokens") == had.output
        and get("input_tokens") == had.input
        and get("cache_read_input_tokens") == had.cache_read
        and get("cache_creation_input_tokens") == had.cache_write_5m + had.cache_write_1h
    )


def _iterations(whole: Reply, rounds: object) -> Iterator[Reply]:
    """What other models did within a reply, such as an advisor; its own usage leaves them out."""
    for number, one in enumerate(rounds if isinstance(rounds, list) else (), 1):
        kind = text(one.get("type"), 40) if isinstance(one, dict) else ""
        if not isinstance(one, dict) or kind in _INCLUDED:
            continue
        yield whole._replace(
            request_id=f"{whole.request_id[: MOST_ID - 50]}#{number}-{kind}",
            model=text(one.get("model"), MOST_ID) or whole.model,
            tokens=tokens(one),
            web_searches=0,
            stated_nanousd=None,
            subagent=True,
        )


def _spoken(line: Line) -> Line:
    """The line itself, or the one it wraps: progress of a sub-agent is told with its messages inside."""
    data = line.get("data")
    if line.get("type") == "progress" and isinstance(data, dict) and isinstance(data.get("message"), dict):
        inner: dict[str, Any] = data["message"]
        return inner if isinstance(inner.get("message"), dict) else {**line, "message": inner}
    return line


def tokens(usage: Mapping[str, Any]) -> Tokens:
    """Tokens by kind. Cache writes come as a sum, as their split by lifetime, or as both."""
    get = usage.get
    split = get("cache_creation")
    long, short = 0, 0
    if type(split) is dict:
        long, short = number(split.get("ephemeral_1h_input_tokens")), number(split.get("ephemeral_5m_input_tokens"))
    rest = number(get("cache_creation_input_tokens")) - long - short
    return Tokens(
        number(get("input_tokens")),
        number(get("output_tokens")),
        number(get("cache_read_input_tokens")),
        short + rest if rest > 0 else short,
        long,
    )


def number(value: object) -> int:
    """A count; anything that is none counts as nothing."""
    if type(value) is int:
        return value if 0 <= value < MOST_TOKENS else 0
    if type(value) is float and value.is_integer() and 0 <= value < MOST_TOKENS:
        return int(value)
    return 0


def _searches(usage: Mapping[str, Any]) -> int:
    used = usage.get("server_tool_use")
    return number(used.get("web_search_requests")) if isinstance(used, dict) else 0


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


def cost(reply: Reply, book: PriceBook, mode: CostMode, otherwise_ms: int) -> Cost:
    """What a reply cost at the prices of its time; one without a time is priced at `otherwise_ms`."""
    if mode is CostMode.DISPLAY:
        return Cost(reply.stated_nanousd or 0)
    if mode is CostMode.AUTO and reply.stated_nanousd is not None:
        return Cost(reply.stated_nanousd)
    when = datetime.fromtimestamp((otherwise_ms if reply.at_ms is None else reply.at_ms) / 1000, UTC)
    found = book.cost_nanousd(reply.model, reply.tokens, when, speed=reply.speed, geo=reply.geo)
    return Cost(found, 0 if found is None else reply.web_searches * book.per_web_search)


def surcharge_nanousd(reply: Reply, book: PriceBook, otherwise_ms: int) -> int:
    """What some price lists add for the tokens of one kind beyond 200,000; Claude Code itself adds nothing."""
    row = book.table.get(name := book.canonical(reply.model))
    when = datetime.fromtimestamp((otherwise_ms if reply.at_ms is None else reply.at_ms) / 1000, UTC)
    price = row.price(0, when) if row is not None and name in SURCHARGED else None
    if price is None or reply.stated_nanousd is not None:
        return 0
    beyond = Tokens(*(max(0, count - LONG) for count in reply.tokens.as_dict().values()))
    return price.nanousd(beyond) - price.output * beyond.output // 2


class Pricer:
    """The cost of many replies: the row of the price list that holds for most is looked up once a day and model."""

    def __init__(self, book: PriceBook, mode: CostMode = CostMode.AUTO) -> None:
        self._book, self._mode = book, mode
        self._rows: dict[tuple[str, int], Price | None] = {}

    def cost(self, reply: Reply, otherwise_ms: int) -> Cost:
        """As `cost` has it."""
        plain = reply.speed in _PLAIN_SPEEDS and reply.geo != "us" and not reply.web_searches
        if plain and self._mode is not CostMode.DISPLAY and reply.stated_nanousd is None:
            day = (otherwise_ms if reply.at_ms is None else reply.at_ms) // _DAY_MS
            row = self._rows.get((reply.model, day), _UNASKED)
            if row is _UNASKED:
                row = self._rows[reply.model, day] = self._row(reply.model, day)
            if isinstance(row, Price):
                return Cost(row.nanousd(reply.tokens))
        return cost(reply, self._book, self._mode, otherwise_ms)

    def _row(self, model: str, day: int) -> Price | None:
        """The one row for all requests of that day; None if there is none, or the size of the prompt matters."""
        known = self._book.table.get(self._book.canonical(model))
        if known is None or any(price.above_prompt for price in known.prices):
            return None
        return known.price(0, datetime.fromtimestamp(day * _DAY_MS / 1000, UTC))
