"""The conversation of an agent over HTTP: any stretch of it, what is new, what was sought, or all of it as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from data.domain.agents import Agent, Runtime
from data.domain.errors import AgentNotFound, CursorInvalid, MessageNotFound
from data.store import Board
from orchestrator_adapter.api.conversation_shapes import ConversationQuery
from orchestrator_adapter.api.http import Answer, Call, answer
from orchestrator_adapter.views import conversation
from orchestrator_adapter.views.conversation import MOST_HITS, Talk


def read(call: Call, query: ConversationQuery) -> Answer:
    agent_id = call.id(AgentNotFound)
    store = call.deck.store
    with store.read() as board:
        agent = board.agent(agent_id)
        if query.glance and agent.runtime is not Runtime.IMPORTED and not conversation.kept.knows(store, agent_id):
            return answer(_glanced(board, agent, query))
        talk = conversation.kept.of(store, board, agent_id)
        if query.format == "md":
            return _markdown(board, agent, talk)
        return answer(_stretch(board, agent, talk, query))


def _markdown(board: Board, agent: Agent, talk: Talk) -> Answer:
    text = "".join(conversation.markdown(board, talk, agent.name))
    headers = {"cache-control": "no-store", "content-disposition": f'attachment; filename="{file_name(agent)}"'}
    return Answer(text.encode(), media_type="text/markdown; charset=utf-8", headers=headers)


def file_name(agent: Agent) -> str:
    """A name for the exported file that every system takes."""
    plain = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "-_") else "_" for sign in agent.name)
    return f"{plain[:60]}_{agent.id[:8]}.md"


def _stretch(board: Board, agent: Agent, talk: Talk, query: ConversationQuery) -> dict[str, object]:
    found = _found(board, talk, query)
    every: Sequence[int] = range(len(talk.placed)) if found is None else found
    start = _start(talk, query, every)
    chosen = every[start : start + query.limit]
    more = start + query.limit < len(every)
    return {
        "agent_id": agent.id,
        "clock": talk.clock,
        "live": agent.live,
        "provisional": False,
        "total": len(talk.placed),
        "place": None if query.at is None else talk.place(query.at),
        "settled": talk.settled(query.since) if query.since is not None else 0,
        "hits": None if found is None else found[:MOST_HITS],
        "hits_total": None if found is None else len(found),
        "failures": len(conversation.failures(talk)),
        "items": conversation.items(board, talk, chosen, whole=query.detail == "whole"),
        "next_cursor": talk.placed[chosen[-1]].entry.key if more and chosen else None,
    }


def _glanced(board: Board, agent: Agent, query: ConversationQuery) -> dict[str, object]:
    """The end of the conversation, or its beginning, as far as it is known without reading all of it."""
    end = (query.first or 0) < 0
    talk, total = conversation.glance(board, agent.id, end=end)
    size = min(query.limit, len(talk.placed))
    chosen = range(len(talk.placed) - size, len(talk.placed)) if end else range(size)
    before = total - len(talk.placed) if end else 0
    items = conversation.items(board, talk, chosen, whole=query.detail == "whole")
    return {
        "agent_id": agent.id,
        "clock": talk.clock,
        "live": agent.live,
        "provisional": True,
        "total": total,
        "place": None,
        "settled": 0,
        "hits": None,
        "hits_total": None,
        "failures": 0,
        "items": [item | {"position": before + place} for item, place in zip(items, chosen, strict=True)],
        "next_cursor": None,
    }


def _found(board: Board, talk: Talk, query: ConversationQuery) -> list[int] | None:
    """Places of what was asked for; None for everything."""
    found: list[int] | None = None
    if query.since is not None:
        found = [place for place, one in enumerate(talk.placed) if one.entry.rev > query.since]
    if query.failed:
        failed = conversation.failures(talk)
        found = failed if found is None else sorted({*found} & {*failed})
    if query.q:
        hits = conversation.hits(board, talk, query.q)
        found = hits if found is None else sorted({*found} & {*hits})
    return found


def _start(talk: Talk, query: ConversationQuery, every: Sequence[int]) -> int:
    """Where in the list of what was asked for the answer begins."""
    if query.cursor is not None:
        try:
            after = talk.place(query.cursor)
        except MessageNotFound as error:
            raise CursorInvalid("That cursor is not of this conversation.", field="cursor") from error
        return next((number for number, place in enumerate(every) if place > after), len(every))
    if query.at is not None:
        place = talk.place(query.at)
        number = next((number for number, other in enumerate(every) if other >= place), len(every))
        return max(0, number - query.limit // 2)
    first = query.first or 0
    return max(0, first if first >= 0 else len(every) + first)
