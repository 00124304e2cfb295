"""What it cost to compact a conversation: a request of the command line's own, which stands in no transcript.

No message tells of it either. Only the totals of the result hold it: what they name of the model, beyond the replies
that are counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from data.domain import context
from data.domain.events import MessageMetered
from data.domain.money import Tokens, from_usd

Plain = Mapping[str, Any]
Totals = Mapping[str, Plain]
"""By model, as results and transcripts of the command line name them."""

MOST_MORE_TOKENS = 20_000
"""A request for a summary reads what filled the window, and this much of orders at the most: whatever is beyond was
somebody else's, or the totals began elsewhere, and is left uncounted."""
_KINDS = {
    "input": "inputTokens",
    "output": "outputTokens",
    "cache_read": "cacheReadInputTokens",
    "cache_write_1h": "cacheCreationEphemeral1hInputTokens",
}


class Compactions:
    """Of one process of the command line: how often it compacted, and what is counted beside."""

    def __init__(self, ids: Mapping[str, str], before: Totals) -> None:
        """`before`: the totals that its session had come to when it began."""
        self._ids = ids
        self._before = before
        self._after: Totals = {}
        self._replies: dict[tuple[str, str], MessageMetered] = {}
        self._model = ""
        self._last = ""
        self._read_tokens = 0

    def counted(self, reply: MessageMetered) -> None:
        self._replies[reply.message_id, reply.request_id] = reply
        if not reply.subagent:
            self._model = reply.model

    def compacted(self, key: str, before_tokens: int | None) -> str:
        """Take note of one, and give the id under which what it used will be told."""
        self._last = context.COMPACTION + key
        self._read_tokens += (before_tokens or 0) + MOST_MORE_TOKENS
        return self._last

    def result(self, totals: object) -> None:
        if isinstance(totals, Mapping):
            self._after = totals

    def told(self) -> Iterator[MessageMetered]:
        """What they used together, under the id of the last; nothing if it cannot be known."""
        after, before = self._after.get(self._model), self._before.get(self._model, {})
        if not self._last or not isinstance(after, Mapping) or not isinstance(before, Mapping):
            return
        mine = [reply for reply in self._replies.values() if reply.model == self._model]
        rest = _tokens(after) - _tokens(before)
        for reply in mine:
            rest = rest - reply.tokens
        if rest.output <= 0 or min(rest.as_dict().values()) < 0 or rest.prompt > self._read_tokens:
            return
        cost = _cost(after, before, mine)
        used = {"message_id": self._last, "model": self._model, "tokens": rest, "cost_nanousd": cost, "summed": True}
        yield MessageMetered(**self._ids, **used)


def _cost(after: Plain, before: Plain, mine: list[MessageMetered]) -> int | None:
    """By the command line's own figure; None where a reply of the same model has no known price either."""
    if any(reply.cost_nanousd is None for reply in mine):
        return None
    spent = from_usd(float(after.get("costUSD") or 0)) - from_usd(float(before.get("costUSD") or 0))
    return max(0, spent - sum(reply.cost_nanousd or 0 for reply in mine))


def _tokens(totals: Plain) -> Tokens:
    kinds = {kind: int(totals.get(name) or 0) for kind, name in _KINDS.items()}
    writes = int(totals.get("cacheCreationInputTokens") or 0)
    return Tokens(**kinds, cache_write_5m=writes - kinds["cache_write_1h"])
