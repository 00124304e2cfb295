"""Orders for many tasks and agents over HTTP: 200, with an answer for each id."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from orchestrator_adapter.api import answers

TASKS, AGENTS = "/api/v1/tasks", "/api/v1/agents"


@pytest.fixture(autouse=True)
def working(fleet: Any) -> None:
    """One task with one agent at work."""
    fleet.task()
    fleet.agent(live=True)


def test_many_tasks_and_agents_take_one_order(client: TestClient, fleet: Any):
    fleet.task("t2")
    fleet.agent("t2", "a2")
    fleet.end("t2")
    found = client.post(f"{TASKS}/batch", json={"order": "cancel", "ids": ["t1", "t2", "t3"]})
    assert found.status_code == 200
    items = answers.OutcomeList.model_validate(found.json()).items
    assert [(one.id, one.done, one.code) for one in items] == [
        ("t1", True, None),
        ("t2", False, "TOO_LATE"),
        ("t3", False, "TASK_NOT_FOUND"),
    ]
    assert client.get(f"{TASKS}/t1").json()["status"] == "cancelled"
    found = client.post(f"{AGENTS}/batch", json={"order": "delete", "ids": ["a1"]}).json()["items"]
    assert [(one["done"], one["code"]) for one in found] == [(False, "STILL_RUNNING")]


@pytest.mark.parametrize("body", [{}, {"order": "explode", "ids": ["t1"]}, {"order": "cancel", "ids": []}])
def test_a_batch_that_makes_no_sense_changes_nothing(client: TestClient, body: dict[str, Any]):
    refused = client.post(f"{TASKS}/batch", json=body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "INVALID_FIELD")
    assert client.get(f"{TASKS}/t1").json()["status"] != "cancelled"
