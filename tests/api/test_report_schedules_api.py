"""Schedules of reports over HTTP: made, changed by what is sent, paused, sent now, removed, and refused by field."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from orchestrator_adapter.api.channels import DeliveryList
from orchestrator_adapter.api.report_schedules import ScheduleList, ScheduleShape
from orchestrator_adapter.delivery.deliverer import Deliverer
from orchestrator_adapter.delivery.report_messages import Reporter
from tests.receivers import MailServer

SCHEDULES = "/api/v1/reports/schedules"


def channel(client: TestClient, address: str = "smtp://mail.example.com?from=d@example.com&to=a@example.com") -> str:
    made = client.post("/api/v1/alerts/channels", json={"name": "Boss", "kind": "email", "address": address})
    return str(made.json()["id"])


def test_a_schedule_is_made_changed_sent_and_removed(client: TestClient, deck: Any) -> None:
    post = MailServer()
    boss = channel(client, post.address())
    body = {"name": "Week", "channels": [boss], "formats": ["json"], "what": "tasks", "window": "last_week"}
    body |= {"weekday": 7, "hour": 23, "tz": "Asia/Tokyo", "by": "week", "role": "builder", "simulated": True}
    answer = client.post(SCHEDULES, json=body)
    assert answer.status_code == 201, answer.text
    made = ScheduleShape.model_validate(answer.json())
    assert body.items() <= answer.json().items()
    assert made.says == (
        "JSON of tasks over the week before, from Monday to Sunday (demo money), only of builder, "
        "every Sunday at 23:00 (Asia/Tokyo)"
    )
    assert made.next_at is not None
    assert (made.next_at.isoweekday(), made.next_at.hour) == (7, 14)
    changed = client.post(SCHEDULES, json={"id": made.id, "role": None, "hour": None, "enabled": False}).json()
    assert (changed["role"], changed["hour"], changed["next_at"], changed["version"]) == (None, 23, None, 2)
    stale = client.post(SCHEDULES, json={"id": made.id, "name": "Other", "version": 1})
    assert (stale.status_code, stale.json()["error"]["code"]) == (409, "TOO_LATE")
    sent = client.post(f"{SCHEDULES}/{made.id}/send")
    assert (sent.status_code, ScheduleShape.model_validate(sent.json()).next_at) == (202, None)
    assert Deliverer(deck.store, reports=Reporter(deck.store, deck.warehouse).message).once()
    (letter,) = post.got
    assert [one.get_filename().split("-")[1:3] for one in letter.iter_attachments()] == [["tasks", "simulated"]]
    told = client.get("/api/v1/alerts/deliveries", params={"about": "report", "subject": made.id})
    assert [one.status for one in DeliveryList.model_validate(told.json()).items] == ["sent"]
    assert [one.id for one in ScheduleList.model_validate(client.get(SCHEDULES).json()).items] == [made.id]
    in_use = client.delete(f"/api/v1/alerts/channels/{boss}")
    assert (in_use.status_code, in_use.json()["error"]["code"]) == (409, "CHANNEL_IN_USE")
    assert client.delete(f"{SCHEDULES}/{made.id}").status_code == 204
    assert client.get(SCHEDULES).json()["items"] == []
    for gone in (client.post(f"{SCHEDULES}/{made.id}/send"), client.delete(f"{SCHEDULES}/{made.id}")):
        assert (gone.status_code, gone.json()["error"]["code"]) == (404, "SCHEDULE_NOT_FOUND")
    post.close()


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("name", {"name": ""}),
        ("channels", {"channels": []}),
        ("channels", {"channels": ["nobody"]}),
        ("formats", {"formats": []}),
        ("formats.0", {"formats": ["xlsx"]}),
        ("window", {"window": "forever"}),
        ("hour", {"hour": 24}),
        ("weekday", {"weekday": 0}),
        ("day", {"day": 32}),
        ("tz", {"tz": "Mars/Base"}),
        ("colour", {"colour": "red"}),
    ],
)
def test_a_wrong_schedule_is_refused_by_its_field(client: TestClient, field: str, more: dict[str, Any]) -> None:
    body = {"name": "Week", "channels": [channel(client)]} | more
    answer = client.post(SCHEDULES, json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["details"]["field"] == field
    assert client.get(SCHEDULES).json()["items"] == []
