"""What on the fleet page asks for a person: tool calls that wait, open alerts, and the budget nearest to its end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from data.domain import words
from data.domain.agents import Agent
from data.domain.alerts import Alert, AlertStatus
from data.domain.approvals import Approval
from data.domain.budgets import Period, Scope
from data.store import Board, spending
from data.store.rows import ms
from data.store.spending import Usage

MOST = 20
"""Waiting calls and alerts that are shown; the count tells of the others."""
MOST_FAILURES = 5
LATELY = timedelta(days=7)
"""How long a failure nobody has looked at asks for somebody: over a weekend and more."""
_PERIODS = {Period.DAY: "today", Period.WEEK: "this week", Period.MONTH: "this month", Period.TOTAL: "in total"}


def approvals(waiting: Sequence[Approval], agents: Iterable[Agent]) -> dict[str, Any]:
    """The calls that have waited longest."""
    names = {agent.id: agent.name for agent in agents}
    return {
        "order": 1,
        "count": len(waiting),
        "items": [
            {
                "id": asked.id,
                "task_id": asked.task_id,
                "agent": names.get(asked.agent_id, ""),
                "tool": asked.tool,
                "words": asked.words,
                "asked_at": ms(asked.asked_at),
            }
            for asked in waiting[:MOST]
        ],
    }


def open_ones(standing: Iterable[Alert]) -> list[Alert]:
    """Alerts that ask for somebody now; snoozed ones do not."""
    return [alert for alert in standing if alert.status is AlertStatus.OPEN]


def alerts(found: Sequence[Alert]) -> dict[str, Any]:
    """The newest open alerts."""
    items = [
        {"id": alert.id, "kind": alert.kind, "words": alert.words, "raised_at": ms(alert.raised_at)}
        for alert in found[:MOST]
    ]
    return {"order": 2, "count": len(found), "items": items}


def failures(board: Board, now: datetime) -> dict[str, Any]:
    """Tasks that failed lately and nobody has looked at: the newest of each person; `shown` is how many are drawn."""
    found, number = board.failures(now - LATELY, MOST_FAILURES)
    items = [
        {
            "id": task.id,
            "title": words.title(task.description),
            "why": words.shortened(task.error or "It ended without saying why.", 300),
            "simulated": task.simulated,
            "by": task.created_by,
            "ended_at": ms(task.ended_at),
        }
        for task in found
    ]
    return {"order": 3, "count": number, "shown": MOST_FAILURES, "items": items}


def tightest_budget(board: Board, now: datetime) -> str:
    """`34 % of $10.00 today`: of the budgets that limit the whole fleet's real money the one that is used most."""
    real = [b for b in spending.budgets(board.connection) if b.scope is Scope.FLEET and not b.simulated]
    found = spending.usage(board.connection, now, real)
    return _share(max(found, key=lambda usage: usage.spent.percent(usage.budget))) if found else ""


def _share(usage: Usage) -> str:
    budget, spent = usage.budget, usage.spent
    shares = []
    if budget.limit_nanousd:
        shares.append((spent.nanousd, budget.limit_nanousd, words.dollars(budget.limit_nanousd)))
    if budget.limit_tokens:
        shares.append((spent.tokens, budget.limit_tokens, f"{words.tokens(budget.limit_tokens)} tokens"))
    part, whole, limit = max(shares, key=lambda share: share[0] / share[1])
    return f"{words.percent(part, whole)} of {limit} {_PERIODS[budget.period]}"
