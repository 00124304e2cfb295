"""Rules of alerts over HTTP: listed, made, changed, tried and removed; and the life of an alert."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from data.domain import events as e
from orchestrator_adapter.api import alert_answers

RULES = "/api/v1/alerts/rules"


def made(client: TestClient, status: int = 201, **body: object) -> alert_answers.AlertRuleShape:
    answer = client.post(RULES, json=body)
    assert answer.status_code == status, answer.text
    return alert_answers.AlertRuleShape.model_validate(answer.json())


def test_a_rule_is_made_changed_switched_and_removed(client: TestClient):
    defaults = alert_answers.AlertRuleList.model_validate(client.get(RULES).json())
    assert [rule.id for rule in defaults.items if rule.enabled][:3] == ["budget", "context", "anomaly"]
    rule = made(client, name="Hourly", metric="spend", threshold=5, scope="user", subject="ana")
    assert (rule.version, rule.window_s, rule.changed_by, rule.removable) == (1, 3600, "local", True)
    again = made(client, 200, id=rule.id, enabled=False, version=1)
    assert (again.version, again.enabled, again.threshold) == (2, False, 5)
    assert made(client, 200, id=rule.id, enabled=False).version == 2, "saying the same once more changes nothing"
    answer = client.post(RULES, json={"id": rule.id, "threshold": 7, "version": 1})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "TOO_LATE")
    assert client.delete(f"{RULES}/{rule.id}").status_code == 204
    assert client.delete(f"{RULES}/{rule.id}").json()["error"]["code"] == "ALERT_RULE_NOT_FOUND"
    answer = client.delete(f"{RULES}/budget")
    assert (answer.status_code, answer.json()["error"]["details"]["field"]) == (422, "id")


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("metric", {"name": "n"}),
        ("metric", {"name": "a second one", "metric": "stuck"}),
        ("metric", {"id": "budget", "metric": "spend"}),
        ("threshold", {"name": "n", "metric": "context", "threshold": 400}),
        ("subject", {"name": "n", "metric": "spend", "scope": "role", "subject": "chef"}),
        ("subject", {"name": "n", "metric": "spend", "scope": "folder", "subject": "src"}),
        ("window_s", {"name": "n", "metric": "spend", "window_s": 1000}),
    ],
)
def test_a_wrong_rule_is_refused_by_its_field_and_changes_nothing(client: TestClient, field: str, body: Any):
    before = client.get(RULES).json()
    answer = client.post(RULES, json=body)
    assert (answer.status_code, answer.json()["error"]["details"]["field"]) == (422, field), answer.text
    assert client.get(RULES).json() == before


def test_a_backtest_needs_no_rule_and_leaves_none(client: TestClient, fleet: Any, deck: Any):
    fleet.task("t1")
    fleet.agent("t1", "a1", live=True)
    body = {"metric": "agent_cost", "threshold": 0.01, "days": 2}
    with deck.store.write() as ledger:
        ids = {"task_id": "t1", "agent_id": "a1", "model": "claude-sonnet-5-5", "message_id": "dear"}
        ledger.append(e.MessageMetered(**ids, tokens={"input": 1}, cost_nanousd=5_000_000_000))
    before = client.get(RULES).json()
    answer = client.post(f"{RULES}/backtest", json=body)
    assert answer.status_code == 200, answer.text
    found = alert_answers.BacktestShape.model_validate(answer.json())
    with deck.store.read() as board:
        simulated = board.task("t1").simulated
    if simulated:
        assert found.fired == 0
        body["simulated"] = True
        found = alert_answers.BacktestShape.model_validate(client.post(f"{RULES}/backtest", json=body).json())
    assert (found.fired, found.items[0].agent_id, found.items[0].value) == (1, "a1", 5.00423)
    assert client.get(RULES).json() == before
    refused = client.post(f"{RULES}/backtest", json=body | {"days": 0})
    assert refused.json()["error"]["details"]["field"] == "days"
    deck.warehouse.close()


def test_the_life_of_an_alert_says_who_did_what(client: TestClient, fleet: Any, deck: Any):
    fleet.task("t1")
    with deck.store.write() as ledger:
        ledger.append(e.AlertRaised(task_id="t1", alert_id="spend-1", about="spend", words="Much.", rule_id="r1"))
    for body in ({"action": "acknowledge", "note": "mine"}, {"action": "resolve"}, {"action": "right"}):
        assert client.post("/api/v1/alerts/spend-1", json=body).status_code == 200
    story = alert_answers.AlertStory.model_validate(client.get("/api/v1/alerts/spend-1/history").json())
    assert [(step.what, step.by, step.note) for step in story.items] == [
        ("raised", "clock", ""),
        ("acknowledged", "local", "mine"),
        ("resolved", "local", ""),
        ("right", "local", ""),
    ]
    assert client.get("/api/v1/alerts/nothing/history").json()["error"]["code"] == "ALERT_NOT_FOUND"
    (item,) = client.get("/api/v1/alerts", params={"status": "resolved"}).json()["items"]
    assert item["rule_id"] == "r1"
