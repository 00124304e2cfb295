"""A program interrupts an agent with a message."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from orchestrator_adapter.api import answers
from tests.api.test_control import APPROVALS, TASKS, ask, refused, told, working


def test_an_agent_is_told_something(client: TestClient, fleet: Any):
    working(fleet)
    ask(fleet)
    assert told(client, f"{TASKS}/t1")["status"] == "waiting"
    said = client.post("/api/v1/agents/a1/message", json={"text": "Try the other file."})
    assert said.status_code == 202, said.text
    agent = answers.AgentShape.model_validate(said.json())
    assert (agent.status, agent.activity) == ("active", "told by local: Try the other file.")
    assert told(client, f"{TASKS}/t1")["status"] == "in_progress"
    assert told(client, f"{APPROVALS}/q1")["status"] == "withdrawn"
    last = told(client, f"{TASKS}/t1/events?limit=200")["items"][-1]
    assert (last["kind"], last["data"]["words"], last["data"]["by"]) == ("agent_told", "Try the other file.", "local")


def test_what_an_agent_cannot_be_told(client: TestClient, fleet: Any):
    fleet.task()
    fleet.agent()
    path = "/api/v1/agents/a1/message"
    assert "1 to 2000 characters" in refused(client.post(path, json={"text": " "}), 422, "INVALID_FIELD", "text")
    refused(client.post(path, json={}), 422, "INVALID_FIELD", "text")
    refused(client.post(path, json={"text": "stop"}), 409, "TOO_LATE")
    refused(client.post("/api/v1/agents/nobody/message", json={"text": "stop"}), 404, "AGENT_NOT_FOUND")
    fleet.task("t2", runtime="attached")
    fleet.agent("t2", "a2", live=True)
    refused(client.post("/api/v1/agents/a2/message", json={"text": "stop"}), 503, "RUNTIME_UNAVAILABLE")
