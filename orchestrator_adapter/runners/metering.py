"""What the replies of an agent used, each counted once: from its transcript, and from its stream if one is cut off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from data.domain.events import MessageMetered
from data.domain.money import Tokens
from data.domain.prices import book

Plain = Mapping[str, Any]
Key = tuple[str, str]

SYNTHETIC = "<synthetic>"
"""The model name of texts the command line wrote itself."""


def tokens_of(usage: Plain) -> Tokens:
    """The five kinds; cache writes that are not told apart count as five-minute ones."""

    def count(source: Plain, name: str) -> int:
        value = source.get(name)
        return value if isinstance(value, int) and value > 0 else 0

    split = usage.get("cache_creation")
    hour = count(split, "ephemeral_1h_input_tokens") if isinstance(split, Mapping) else 0
    five = count(split, "ephemeral_5m_input_tokens") if isinstance(split, Mapping) else 0
    return Tokens(
        input=count(usage, "input_tokens"),
        output=count(usage, "output_tokens"),
        cache_read=count(usage, "cache_read_input_tokens"),
        cache_write_5m=max(five, count(usage, "cache_creation_input_tokens") - hour),
        cache_write_1h=hour,
    )


class Meter:
    """The replies of one agent; a copy of one that is known is told again only if it says more.

    A line has the final figure. The line of a reply that was cut off has the one of its start, with one output token:
    then the stream's figure counts, if it had come to a better one.
    """

    def __init__(self, ids: Mapping[str, str]) -> None:
        """`ids`: task_id and agent_id."""
        self._ids = ids
        self._told: dict[Key, int] = {}
        self._open: dict[str, dict[str, Any]] = {}
        """Replies that began and have no line yet."""
        self._now = ""

    def streamed(self, event: Plain) -> None:
        """An event of the reply that comes in now."""
        reply, usage = event.get("message"), event.get("usage")
        if event.get("type") == "message_start" and isinstance(reply, Mapping):
            self._now = str(reply.get("id"))
            self._open[self._now] = dict(reply)
        elif event.get("type") == "message_delta" and isinstance(usage, Mapping) and self._now in self._open:
            begun = self._open[self._now]
            begun["usage"] = _larger(usage, begun.get("usage"))

    def line(self, line: Plain, *, subagent: bool) -> Iterator[MessageMetered]:
        """What a transcript line says that a reply used."""
        reply = line.get("message")
        if line.get("type") != "assistant" or not isinstance(reply, Mapping):
            return
        key = (str(reply.get("id") or line.get("uuid")), str(line.get("requestId") or ""))
        begun = self._open.pop(key[0], {})
        yield from self._meter(key, {**reply, "usage": _larger(reply.get("usage"), begun.get("usage"))}, subagent)

    def broken_off(self) -> Iterator[MessageMetered]:
        """Replies that began and never came to a line: cut off or tried again, but what they read was used."""
        for message_id, reply in self._open.items():
            yield from self._meter((message_id, ""), reply, subagent=False)
        self._open.clear()

    def _meter(self, key: Key, reply: Plain, subagent: bool) -> Iterator[MessageMetered]:
        usage, model = reply.get("usage"), str(reply.get("model"))
        if not isinstance(usage, Mapping) or model == SYNTHETIC:
            return
        tokens = tokens_of(usage)
        if tokens.total <= self._told.get(key, 0):
            return
        self._told[key] = tokens.total
        yield MessageMetered(
            task_id=self._ids["task_id"],
            agent_id=self._ids["agent_id"],
            message_id=key[0],
            request_id=key[1],
            model=model,
            tokens=tokens,
            cost_nanousd=_cost(model, tokens, usage),
            context_window=book().context_window(model),
            subagent=subagent,
        )


def _larger(known: object, other: object) -> object:
    """Of two figures of one reply that with more output; what only the smaller one names is kept."""
    if not isinstance(known, Mapping) or not isinstance(other, Mapping):
        return known if isinstance(known, Mapping) else other
    small, large = sorted((other, known), key=lambda usage: tokens_of(usage).output)
    return {**small, **{name: value for name, value in large.items() if value is not None}}


def _cost(model: str, tokens: Tokens, usage: Plain) -> int | None:
    tools = usage.get("server_tool_use")
    searches = tools.get("web_search_requests") if isinstance(tools, Mapping) else 0
    return book().cost_nanousd(
        model,
        tokens,
        datetime.now(UTC),
        web_searches=searches or 0,
        speed=str(usage.get("speed") or "standard"),
        geo=str(usage.get("inference_geo") or ""),
    )
