"""What a program is told when it cancels: the cost, the same again, and a plain no for all that comes after."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from tests.api.test_control import TASKS, refused


def test_a_cancel_says_what_the_task_had_cost_and_a_second_one_says_the_same(client: TestClient, fleet: Any):
    fleet.task()
    fleet.agent()
    first, second = (client.post(f"{TASKS}/t1/cancel") for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert (first.json()["status"], first.json()["cost_usd"]) == ("cancelled", 0.00423)
    assert "cancelled cannot become paused" in refused(client.post(f"{TASKS}/t1/pause"), 409, "TOO_LATE")
    assert client.delete(f"{TASKS}/t1").status_code == 204
    for order in ("cancel", "pause", "resume", "rerun"):
        assert refused(client.post(f"{TASKS}/t1/{order}"), 404, "TASK_NOT_FOUND") == "There is no task t1."
    refused(client.delete(f"{TASKS}/t1"), 404, "TASK_NOT_FOUND")
