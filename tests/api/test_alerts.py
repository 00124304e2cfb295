"""Alerts over HTTP: listed, snoozed, settled, judged."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from data.domain import events as e
from orchestrator_adapter.api import answers

ALERTS = "/api/v1/alerts"


@pytest.fixture(autouse=True)
def three(fleet: Any) -> None:
    """Two alerts about agents and one about a budget, raised one after the other."""
    for number in (1, 2):
        fleet.task(f"t{number}")
        fleet.agent(f"t{number}", f"a{number}", live=True)
    raised = [
        ("stuck-1", "stuck", "t1", "a1"),
        ("looping-2", "looping", "t2", "a2"),
        ("budget-x-1-80", "budget", "t2", None),
    ]
    with fleet.store.write() as ledger:
        for alert_id, about, task_id, agent_id in raised:
            more = {"words": f"About {alert_id}.", "evidence": {"Now": "nothing"}}
            ledger.append(e.AlertRaised(task_id=task_id, alert_id=alert_id, about=about, agent_id=agent_id, **more))


def listed(client: TestClient, **query: object) -> answers.AlertList:
    answer = client.get(ALERTS, params=query)
    assert answer.status_code == 200, answer.text
    return answers.AlertList.model_validate(answer.json())


def act(client: TestClient, alert_id: str, **body: object) -> answers.AlertShape:
    answer = client.post(f"{ALERTS}/{alert_id}", json=body)
    assert answer.status_code == 200, answer.text
    return answers.AlertShape.model_validate(answer.json())


def ids(page: answers.AlertList) -> set[str]:
    return {alert.id for alert in page.items}


def test_alerts_are_listed_by_what_they_are_about(client: TestClient):
    assert ids(listed(client)) == {"stuck-1", "looping-2", "budget-x-1-80"}
    assert ids(listed(client, kind="looping")) == {"looping-2"}
    assert ids(listed(client, task="t2")) == {"looping-2", "budget-x-1-80"}
    act(client, "stuck-1", action="resolve")
    assert ids(listed(client, status="open")) == {"looping-2", "budget-x-1-80"}
    (gone,) = listed(client, status="resolved").items
    assert (gone.words, gone.evidence, gone.answered_by) == ("About stuck-1.", {"Now": "nothing"}, "local")


def test_a_list_in_stretches_has_each_alert_once(client: TestClient, fleet: Any):
    found, cursor = [], None
    while True:
        page = listed(client, limit=1, **({"cursor": cursor} if cursor else {}))
        found += [alert.id for alert in page.items]
        with fleet.store.write() as ledger:  # newer ones do not disturb
            ledger.append(e.AlertRaised(task_id="t1", alert_id=f"new-{len(found)}", about="stuck", words="w"))
        if (cursor := page.next_cursor) is None:
            break
    assert sorted(found) == ["budget-x-1-80", "looping-2", "stuck-1"]


def test_waiting_takes_the_minutes_that_are_said_or_the_patience_of_the_fleet(client: TestClient):
    client.patch("/api/v1/fleet/settings", json={"patience": {"silent_s": 1200}})
    for minutes, seconds in [(90, 5400), (None, 1200)]:
        before = datetime.now().astimezone()
        alert = act(
            client, "stuck-1", action="snooze", note="a long build", **({"minutes": minutes} if minutes else {})
        )
        assert (alert.status, alert.note) == ("snoozed", "a long build")
        assert alert.until is not None
        assert abs((alert.until - before).total_seconds() - seconds) < 60


def test_a_judgement_counts_and_can_be_changed(client: TestClient):
    assert listed(client).precision == {}
    act(client, "stuck-1", action="wrong")
    act(client, "looping-2", action="right")
    alert = act(client, "stuck-1", action="right")
    assert (alert.right, alert.judged_by) == (True, "local")
    assert alert.status == "open", "to judge is not to settle"
    act(client, "stuck-1", action="wrong")
    told = {kind: (p.right, p.judged) for kind, p in listed(client).precision.items()}
    assert told == {"stuck": (0, 1), "looping": (1, 1)}


@pytest.mark.parametrize(
    ("alert_id", "body", "status", "code"),
    [
        ("nobody", {"action": "resolve"}, 404, "ALERT_NOT_FOUND"),
        ("stuck-1", {"action": "explode"}, 422, "INVALID_FIELD"),
        ("stuck-1", {"action": "snooze", "minutes": 0}, 422, "INVALID_FIELD"),
        ("stuck-1", {"action": "snooze", "minutes": 100_000}, 422, "INVALID_FIELD"),
        ("stuck-1", {"action": "resolve", "note": "n" * 2001}, 422, "INVALID_FIELD"),
        ("stuck-1", {}, 422, "INVALID_FIELD"),
    ],
)
def test_nonsense_is_refused_and_changes_nothing(
    client: TestClient, alert_id: str, body: dict[str, Any], status: int, code: str
):
    before = client.get(ALERTS).json()
    refused = client.post(f"{ALERTS}/{alert_id}", json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (status, code)
    assert client.get(ALERTS).json() == before


def test_a_settled_alert_is_settled(client: TestClient):
    act(client, "stuck-1", action="resolve")
    for body in ({"action": "resolve"}, {"action": "snooze"}):
        refused = client.post(f"{ALERTS}/stuck-1", json=body)
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "TOO_LATE")
    assert act(client, "stuck-1", action="right").status == "resolved"


def test_a_cursor_of_another_list_is_refused(client: TestClient):
    refused = client.get(ALERTS, params={"cursor": "x"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "CURSOR_INVALID")
