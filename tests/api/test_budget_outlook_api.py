"""The outlook of a budget over HTTP and at the terminal: the same words, and no end where there is none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from starlette.testclient import TestClient

from data.domain import events as e
from data.domain.money import NANO
from orchestrator_adapter.api.budget_outlook import OutlookShape


def outlook(client: TestClient, **budget: object) -> OutlookShape:
    made = client.post("/api/v1/budgets", json={"name": "b", "limit_usd": 10, "simulated": True, **budget})
    assert made.status_code == 201, made.text
    answer = client.get(f"/api/v1/budgets/{made.json()['id']}/outlook")
    assert answer.status_code == 200, answer.text
    return OutlookShape.model_validate(answer.json())


def test_the_outlook_is_drawn_from_the_days_before(client: TestClient, fleet: Any, deck: Any):
    fleet.task("t1")
    fleet.agent("t1", "a1", live=True)
    young = outlook(client, period="day")
    assert young.projection is None
    assert "7 are needed" in young.words
    now, cost = deck.store.now(), 2 * NANO
    with deck.store.write() as ledger:
        for day in range(1, 12):
            ids = {"task_id": "t1", "agent_id": "a1", "model": "claude-sonnet-5-5", "message_id": f"d{day}"}
            ledger.append(e.MessageMetered(**ids, tokens={"input": 1}, cost_nanousd=cost), now - timedelta(days=day))
    found = outlook(client, period="month")
    assert found.projection is not None
    assert (found.projection.unit, found.projection.days >= 10) == ("usd", True)
    assert found.projection.low <= found.projection.middle <= found.projection.high
    assert round(sum(one.spent_usd for one in found.periods)) == 22
    assert "(simulated)" in found.words
    assert outlook(client, period="month", simulated=False).projection is None, "real money was never spent"
    assert outlook(client, period="total").ends_at is None
    assert client.get("/api/v1/budgets/nothing/outlook").json()["error"]["code"] == "BUDGET_NOT_FOUND"
    deck.warehouse.close()
