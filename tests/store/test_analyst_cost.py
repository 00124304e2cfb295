"""What the ANALYST of a task cost, on its row and for the fleet; on both databases."""

from __future__ import annotations

from datetime import timedelta

from data.domain import events as e
from data.domain.agents import Role, Runtime
from data.domain.money import Tokens
from data.store import Store
from orchestrator_adapter.views import live
from pages.ui import tables
from tests.store.test_board import NOW, agent_moved, append, created, moved, submitted


def spent(agent_id: str, task_id: str, cost: int) -> e.MessageMetered:
    reply = {"message_id": f"m-{agent_id}-{cost}", "model": "m", "tokens": Tokens(1, 1), "cost_nanousd": cost}
    return e.MessageMetered(task_id=task_id, agent_id=agent_id, **reply)


def test_it_is_part_of_the_cost_of_its_task_and_of_the_week(store: Store) -> None:
    append(store, submitted("t1", analyst_included=True), *moved("t1", "in_progress"))
    append(store, created("a1", "t1", role=Role.ANALYST, step="analyst"), created("b1", "t1"))
    append(store, spent("a1", "t1", 300_000_000), spent("b1", "t1", 50_000_000))
    append(store, submitted("t2"), created("b2", "t2"), spent("b2", "t2", 7))
    demo = {"runtime": Runtime.DEMO}
    append(store, submitted("t3", **demo), created("a3", "t3", role=Role.ANALYST, **demo), spent("a3", "t3", 99))
    with store.read() as board:
        assert [board.task(t).analyst_nanousd for t in ("t1", "t2", "t3")] == [300_000_000, 0, 99]
        assert board.task("t1").cost_nanousd == 350_000_000
        assert board.fleet(NOW).analyst_7d_nanousd == 300_000_000
        assert board.fleet(NOW + timedelta(days=8)).analyst_7d_nanousd == 0
        found = live.fleet(board, NOW)
        shown = tables.task_rows(board.tasks().items, NOW).to_pydict()
    assert found["kpis"]["analyst"] == "ANALYST in 1 of 3 tasks in 7 days, $0.30"
    assert found["task:t1"]["analyst"]["cost"] == "$0.30"
    assert dict(zip(shown["ID"], shown["ANALYST cost"], strict=True)) == {"t1": "$0.30", "t2": "", "t3": "<$0.0001"}
    append(store, spent("a1", "t1", 100_000_000), *agent_moved("a1", "t1", "active", "completed", "deleted"))
    with store.read() as board:
        assert board.task("t1").analyst_nanousd == 400_000_000, "what it spent stays spent, and the row is never stale"
