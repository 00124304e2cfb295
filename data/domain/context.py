"""How full an agent's context window was, turn by turn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

COMPACTION = "compact_"
NEARLY_FULL = 0.8
"""From this share on people are warned: the next long answer of a tool may not fit."""


@dataclass(frozen=True)
class Filled:
    """The window after one reply."""

    number: int
    """Of the reply, counted from 1."""
    at: datetime
    prompt: int
    """Tokens the model read for it."""
    used: int
    """With the reply itself: what the next one begins with."""
    compacted: bool = False
    """Whether the conversation was replaced by a summary just before."""


def history(replies: Iterable[tuple[datetime, int, int]], compactions: Sequence[datetime]) -> list[Filled]:
    """The window after each reply, given its time, the tokens it read and those it wrote, and when it was emptied."""
    out: list[Filled] = []
    left = sorted(compactions)
    for number, (at, prompt, output) in enumerate(sorted(replies), 1):
        emptied = 0
        while emptied < len(left) and left[emptied] <= at:
            emptied += 1
        out.append(Filled(number, at, prompt, prompt + output, compacted=emptied > 0))
        left = left[emptied:]
    return out


def compacting(message_id: str) -> bool:
    """Whether this is a request that compacted a conversation: it fills no window."""
    return message_id.startswith(COMPACTION)


def nearly_full(used: int, window: int | None) -> bool:
    return bool(window) and used >= NEARLY_FULL * (window or 1)
