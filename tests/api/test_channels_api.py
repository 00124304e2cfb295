"""Channels and deliveries over HTTP: made, tried, told by rules, removed; and no answer ever holds a secret."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from data.domain import events as e
from orchestrator_adapter.api.channels import ChannelList, ChannelShape, DeliveryList, TriedShape
from orchestrator_adapter.delivery.deliverer import Deliverer
from tests.receivers import Hook

CHANNELS = "/api/v1/alerts/channels"


def code(answer: Any) -> tuple[int, str, Any]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["details"].get("field")


def test_a_channel_is_made_tried_told_and_removed(client: TestClient, deck: Any):
    hook = Hook()
    answer = client.post(CHANNELS, json={"name": "Ops", "kind": "webhook", "address": hook.url})
    assert answer.status_code == 201, answer.text
    made = ChannelShape.model_validate(answer.json())
    assert (made.name, made.changed_by) == ("Ops", "local")
    tried = TriedShape.model_validate(client.post(f"{CHANNELS}/{made.id}/test").json())
    assert (tried.taken, hook.got[0]["title"]) == (True, "Quarterdeck: a test message")
    rule = client.post("/api/v1/alerts/rules", json={"id": "dear-agent", "channels": [made.id]})
    assert rule.json()["channels"] == [made.id]
    for number in range(3):
        with deck.store.write() as ledger:
            alert = {"alert_id": f"x-{number}", "about": "agent_cost", "words": "Dear.", "rule_id": "dear-agent"}
            ledger.append(e.AlertRaised(task_id="", **alert))
    assert Deliverer(deck.store).once()
    first = DeliveryList.model_validate(client.get("/api/v1/alerts/deliveries?limit=2").json())
    second = client.get("/api/v1/alerts/deliveries", params={"limit": 2, "cursor": first.next_cursor}).json()
    found = [*first.items, *DeliveryList.model_validate(second).items]
    assert sorted(one.subject_id for one in found) == ["x-0", "x-1", "x-2"]
    assert {(one.status.value, one.channel, one.tries) for one in found} == {("sent", "Ops", 1)}
    only = client.get("/api/v1/alerts/deliveries", params={"subject": "x-1", "status": "sent"}).json()["items"]
    assert [one["subject_id"] for one in only] == ["x-1"]
    assert client.get("/api/v1/alerts/deliveries", params={"status": "failed"}).json()["items"] == []
    assert code(client.delete(f"{CHANNELS}/{made.id}"))[:2] == (409, "CHANNEL_IN_USE")
    client.post("/api/v1/alerts/rules", json={"id": "dear-agent", "channels": []})
    assert client.delete(f"{CHANNELS}/{made.id}").status_code == 204
    assert client.get(CHANNELS).json()["items"] == []
    assert code(client.post(f"{CHANNELS}/{made.id}/test"))[:2] == (404, "CHANNEL_NOT_FOUND")
    hook.close()


def test_a_change_keeps_what_is_not_sent_and_nothing_tells_a_secret(client: TestClient):
    hook, other = Hook(), Hook(refuse=9)
    body = {"name": "Ops", "kind": "webhook", "address": hook.url}
    made = client.post(CHANNELS, json=body).json()
    renamed = client.post(CHANNELS, json={"id": made["id"], "name": "Watch"})
    assert (renamed.status_code, renamed.json()["name"], renamed.json()["shown"]) == (200, "Watch", made["shown"])
    assert client.post(f"{CHANNELS}/{made['id']}/test").json()["taken"] is True
    moved = client.post(CHANNELS, json={"id": made["id"], "address": other.url}).json()
    assert (moved["name"], moved["shown"] == made["shown"]) == ("Watch", False)
    tried = client.post(f"{CHANNELS}/{made['id']}/test").json()
    assert tried == {"taken": False, "said": "It answered 503: come back later."}
    answers = [made, renamed.json(), moved, tried, client.get(CHANNELS).json()]
    assert "s3cr3t" not in str(answers)
    ChannelList.model_validate(client.get(CHANNELS).json())
    hook.close()
    other.close()


def test_a_wrong_channel_is_refused_by_its_field(client: TestClient):
    good = {"name": "Ops", "kind": "webhook", "address": "https://example.com/s3cr3t-token"}
    assert client.post(CHANNELS, json=good).status_code == 201
    for field, body in [
        ("name", good),
        ("name", good | {"name": "OPS"}),
        ("name", good | {"name": ""}),
        ("kind", {"name": "n", "address": "https://example.com/s3cr3t-token"}),
        ("address", {"name": "n", "kind": "webhook"}),
        ("address", good | {"name": "n", "address": "ftp://example.com/s3cr3t-token"}),
        ("address", good | {"name": "n", "address": 4711}),
    ]:
        answer = client.post(CHANNELS, json=body)
        assert (code(answer)[0], code(answer)[2]) == (422, field), answer.text
        assert "s3cr3t" not in answer.text
    refused = client.post("/api/v1/alerts/rules", json={"id": "dear-agent", "channels": ["nobody"]})
    assert code(refused) == (422, "ALERT_RULE_INVALID", "channels")
    assert code(client.get("/api/v1/alerts/deliveries?cursor=x"))[:2] == (422, "CURSOR_INVALID")
