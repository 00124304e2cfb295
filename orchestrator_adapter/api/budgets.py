"""Budgets over HTTP: what holds and how much of it is used, changes, and the history of both."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

from data.domain.budgets import Budget, Scope
from data.domain.errors import BudgetInvalid, BudgetNotFound, TaskNotFound
from data.domain.events import BudgetReached, BudgetRemoved, BudgetSet
from data.domain.money import to_usd
from data.store import Board, Recorded, spending
from orchestrator_adapter import commands
from orchestrator_adapter.api import bodies, shapes
from orchestrator_adapter.api.http import Answer, Call, answer
from orchestrator_adapter.deck import Deck

KINDS = ("budget_set", "budget_removed", "budget_reached")
FLEET_WIDE = ""
"""In the place of a task id: what concerns no task."""


def budgets(call: Call, _: bodies.Nothing) -> Answer:
    now = call.deck.store.now()
    with call.deck.store.read() as board:
        items = [shapes.budget(usage, now) for usage in board.budgets(now)]
    return answer({"items": items, "next_cursor": None})


def set_budget(call: Call, body: bodies.BudgetBody) -> Answer:
    with call.deck.store.read() as board:
        before = board.budget(body.id) if body.id else None
        wanted = _subject(board, body.budget(before))
    made = commands.set_budget(call.deck, call.actor, wanted)
    return answer(_used(call.deck, made), 200 if before else 201)


def _subject(board: Board, budget: Budget) -> Budget:
    """The same budget; raises BudgetInvalid for a subject that nothing could ever belong to."""
    if budget.scope is Scope.FOLDER and budget.subject:
        if not budget.subject.startswith("/"):
            raise BudgetInvalid("subject must be a folder from the root on, like /srv/project.", field="subject")
        return replace(budget, subject="/" + os.path.normpath(budget.subject).lstrip("/"))
    if budget.scope is Scope.TASK and budget.subject:
        try:
            board.task(budget.subject)
        except TaskNotFound as error:
            name = bodies.shown(budget.subject)
            raise BudgetInvalid(
                f"subject must be the id of a task: There is no task {name}.", field="subject"
            ) from error
    return budget


def _used(deck: Deck, made: Budget) -> dict[str, Any]:
    now = deck.store.now()
    with deck.store.read() as board:
        (usage,) = spending.usage(board.connection, now, [made])
    return shapes.budget(usage, now)


def remove_budget(call: Call, _: bodies.Nothing) -> Answer:
    commands.remove_budget(call.deck, call.actor, call.id(BudgetNotFound))
    return Answer(b"", 204)


def history(call: Call, query: bodies.HistoryQuery) -> Answer:
    """Who made, changed and removed which budget, and which stages were reached; the newest first."""
    with call.deck.store.read() as board:
        found = board.fleet_events(KINDS, query.limit + 1, before=query.cursor or 2**63 - 1)
        names = _names(board)
    items = [_told(entry, names) for entry in found[: query.limit]]
    return answer({"items": items, "next_cursor": items[-1]["id"] if len(found) > query.limit else None})


Names = dict[str, dict[int, str]]
"""For each budget its names, by the clock at which it got them; the first is when it was made."""


def _names(board: Board) -> Names:
    """They are few, and the only events without a task."""
    out: Names = {}
    for entry in board.events(task_id=FLEET_WIDE, limit=100_000):
        if isinstance(entry.event, BudgetSet):
            out.setdefault(entry.event.budget_id, {})[entry.id] = entry.event.name
    return out


def _told(entry: Recorded, names: Names) -> dict[str, Any]:
    event = entry.event
    assert isinstance(event, BudgetSet | BudgetRemoved | BudgetReached)
    told: dict[str, Any] = {"id": str(entry.id), "at": entry.at, "budget_id": event.budget_id}
    told |= {"by": None if isinstance(event, BudgetReached) else event.by, "task_id": event.task_id or None}
    told |= dict.fromkeys(("stage", "spent_usd", "spent_tokens", "limit_usd", "limit_tokens"))
    known = names.get(event.budget_id, {})
    if isinstance(event, BudgetRemoved):
        earlier = [name for clock, name in known.items() if clock < entry.id]
        return told | {"what": "removed", "name": earlier[-1] if earlier else ""}
    limit_usd = None if event.limit_nanousd is None else to_usd(event.limit_nanousd)
    told |= {"name": event.name, "limit_usd": limit_usd, "limit_tokens": event.limit_tokens}
    if isinstance(event, BudgetSet):
        return told | {"what": "made" if next(iter(known), None) == entry.id else "changed"}
    stage = {"percent": event.percent, "act": event.act}
    spent = {"spent_usd": to_usd(event.spent_nanousd), "spent_tokens": event.spent_tokens}
    return told | {"what": "reached", "stage": stage} | spent
