"""Tool calls that wait for a person, over HTTP: what waits, what was answered, and an answer."""

from __future__ import annotations

import json
import re
from typing import Any

from data.domain.approvals import AnswerScope, Approval
from data.domain.errors import ApprovalNotFound, BlobNotFound, CursorInvalid
from data.store import Board
from data.store.rows import ms
from orchestrator_adapter import commands
from orchestrator_adapter.api import bodies, shapes
from orchestrator_adapter.api.http import Answer, Call, answer

_CURSOR = re.compile(r"([0-9]{1,15})-([A-Za-z0-9_.:-]{1,64})")


def approvals(call: Call, query: bodies.ApprovalQuery) -> Answer:
    """A cursor is the place of the last item, so it stays true while others are asked and answered."""
    place = _place(query.cursor)
    with call.deck.store.read() as board:
        if query.status == "waiting":
            found = sorted(board.approvals_waiting(), key=_asked)
            found = [asked for asked in found if place is None or _asked(asked) > place][: query.limit + 1]
        else:
            found = board.approvals_answered(query.limit + 1, before=place)
        items = [shape(board, asked) for asked in found[: query.limit]]
    if len(found) <= query.limit:
        return answer({"items": items, "next_cursor": None})
    last = found[query.limit - 1]
    at_ms, approval_id = _asked(last) if query.status == "waiting" else _answered(last)
    return answer({"items": items, "next_cursor": f"{at_ms}-{approval_id}"})


def approval(call: Call, _: bodies.Nothing) -> Answer:
    with call.deck.store.read() as board:
        return answer(shape(board, board.approval(call.id(ApprovalNotFound))))


def answer_approval(call: Call, body: bodies.AnswerBody) -> Answer:
    return _answer(call, call.id(ApprovalNotFound), body)


def answer_named_approval(call: Call, body: bodies.NamedAnswerBody) -> Answer:
    return _answer(call, body.id, body)


def _answer(call: Call, approval_id: str, body: bodies.AnswerBody) -> Answer:
    scope = AnswerScope.TASK if body.decision == "allow_task" else AnswerScope.ONCE
    allow = body.decision != "deny"
    said = commands.answer_approval(call.deck, call.actor, approval_id, allow=allow, scope=scope, reason=body.reason)
    with call.deck.store.read() as board:
        return answer(shape(board, said))


def _place(cursor: str | None) -> tuple[int, str] | None:
    if cursor is None:
        return None
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise CursorInvalid(field="cursor")
    return int(found[1]), found[2]


def _asked(value: Approval) -> tuple[int, str]:
    return ms(value.asked_at), value.id


def _answered(value: Approval) -> tuple[int, str]:
    return 0 if value.answered_at is None else ms(value.answered_at), value.id


def shape(board: Board, value: Approval) -> dict[str, Any]:
    """A question as JSON, with the input of the tool call that waits."""
    return shapes.approval(value, _input(board, value))


def _input(board: Board, value: Approval) -> object:
    """What the tool was called with; null if it is not in the store any more."""
    try:
        return json.loads(board.blob(value.input_blob))
    except (BlobNotFound, ValueError):
        return None
