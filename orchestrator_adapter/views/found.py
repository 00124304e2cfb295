"""What search found, as places where people go: grouped by task, each hit with the address of the very entry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from data.domain.search import Kind, Query, place_of
from data.store.search import Hit, Results

WORDS = {
    Kind.DESCRIPTION: "description",
    Kind.RESULT: "result",
    Kind.ERROR: "why it failed",
    Kind.PROMPT: "prompt",
    Kind.TEXT: "said",
    Kind.THINKING: "thought",
    Kind.TOLD: "told by a person",
    Kind.INPUT: "call",
    Kind.OUTPUT: "answer",
    Kind.FILE: "file",
    Kind.LOG: "log",
}


@dataclass(frozen=True)
class Group:
    """The hits of one task, the best first."""

    task: Hit
    """Any of them: what it says of the task is the same for all."""
    hits: tuple[Hit, ...]


def groups(hits: Iterable[Hit]) -> list[Group]:
    """Tasks in the order of their best hits."""
    by_task: dict[str, list[Hit]] = {}
    for hit in hits:
        by_task.setdefault(hit.task_id, []).append(hit)
    return [Group(found[0], tuple(found)) for found in by_task.values()]


def address(hit: Hit) -> str:
    """The page that shows it, at the entry if it is one of a conversation."""
    if hit.agent_id is None or place_of(hit.kind) == "task":
        return f"task?{urlencode({'id': hit.task_id})}"
    return f"agent?{urlencode({'id': hit.agent_id, 'message': hit.key})}"


def named(hit: Hit) -> str:
    """What was found: `answer of Bash`."""
    said = WORDS[hit.kind]
    return f"{said} of {hit.tool}" if hit.tool and hit.kind in (Kind.INPUT, Kind.OUTPUT) else said


def counted(query: Query, results: Results) -> str:
    """How much was found, and what was looked at for it: `more than 1,000 hits; the newest 1,000 are ranked`."""
    number = f"{results.count:,}"
    if not results.more:
        return "1 hit" if results.count == 1 else f"{number} hits"
    if results.count >= results.looked_at:
        return f"more than {number} hits; the newest {number} are ranked here"
    return f"{number} {'hit' if results.count == 1 else 'hits'} among the newest {results.looked_at:,} texts"
