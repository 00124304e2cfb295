"""Search over HTTP: what was found, with the places of the hits and the address of each entry."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from data.domain.agents import Role
from data.domain.money import to_usd
from data.domain.search import MOST_CHARS, Kind, parse, place_of
from data.domain.tasks import TaskStatus
from data.store.lists import MAX_LIMIT
from data.store.search import Hit, Indexed, Order, Results
from orchestrator_adapter.api.answers import Shape
from orchestrator_adapter.api.bodies import Sent
from orchestrator_adapter.api.http import Answer, Call, answer
from orchestrator_adapter.views import found

Place = Literal["task", "conversation", "tool", "file", "log"]


class SearchQuery(Sent):
    """What is searched for."""

    q: str = Field(
        max_length=MOST_CHARS,
        description='Words that all occur, "phrases", -without, begin*, and filters: in, role, type, status, runtime, '
        "dir, task, agent, tool, since, until, as in `role:builder since:7d`",
    )
    place: Place | None = Field(None, alias="in", description="Only texts of this kind")
    sort: Order = Field("best", description="The best, or the newest first")
    limit: int = Field(20, ge=1, le=MAX_LIMIT, description="Most items of the answer")
    cursor: str | None = Field(None, max_length=200, description="`next_cursor` of the page before")


class BitShape(Shape):
    text: str
    hit: bool


class HitShape(Shape):
    task_id: str
    task: str
    """The beginning of its description."""
    task_status: TaskStatus
    task_cost_usd: float
    archived: bool
    simulated: bool
    agent_id: str | None
    """Null for what is the task's own, and for an agent that was deleted."""
    agent: str | None
    role: Role | None
    agent_cost_usd: float | None
    kind: Kind
    place: Place
    """The value of `in:` that finds it."""
    tool: str | None
    key: str
    """Of the entry of the agent's conversation."""
    at: datetime
    snippet: list[BitShape]
    address: str
    """The page that shows it, relative to the app."""


class IndexedShape(Shape):
    upto: datetime | None
    """Everything until then can be found; null: everything that happened."""
    behind: int
    """Events that are not looked at yet."""


class SearchShape(Shape):
    items: list[HitShape]
    next_cursor: str | None
    count: int
    """Hits in the stretch that was ranked."""
    more: bool
    """Whether there may be more hits than `count`: older ones, which the next pages show."""
    looked_at: int
    """Texts that were looked at for this answer."""
    notes: list[str]
    """What of the question was left out, and why."""
    indexed: IndexedShape


def search(call: Call, query: SearchQuery) -> Answer:
    now = call.deck.store.now()
    asked = parse(f"{query.q} in:{query.place}" if query.place else query.q, now)
    with call.deck.store.read() as board:
        results = board.search(asked, query.limit, query.cursor, query.sort, now)
        indexed = board.search_indexed()
    return answer(told(results, asked.notes, indexed))


def told(results: Results, notes: tuple[str, ...], indexed: Indexed) -> dict[str, Any]:
    """The answer as plain JSON."""
    return {
        "items": [_hit(hit) for hit in results.hits],
        "next_cursor": results.next_cursor,
        "count": results.count,
        "more": results.more,
        "looked_at": results.looked_at,
        "notes": notes,
        "indexed": {"upto": indexed.upto, "behind": indexed.behind},
    }


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        "task_id": hit.task_id,
        "task": hit.task,
        "task_status": hit.status,
        "task_cost_usd": to_usd(hit.task_nanousd),
        "archived": hit.archived,
        "simulated": hit.simulated,
        "agent_id": hit.agent_id,
        "agent": hit.agent or None,
        "role": hit.role or None,
        "agent_cost_usd": None if hit.agent_nanousd is None else to_usd(hit.agent_nanousd),
        "kind": hit.kind,
        "place": place_of(hit.kind),
        "tool": hit.tool or None,
        "key": hit.key,
        "at": hit.at,
        "snippet": [{"text": bit.text, "hit": bit.hit} for bit in hit.snippet],
        "address": found.address(hit),
    }
