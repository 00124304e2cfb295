"""Outcomes, assignment and the lottery over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from orchestrator_adapter.api import estimates, fleet_answers, outcome_answers
from orchestrator_adapter.api.outcomes import TaskOutcomeShape

ONE = "/api/v1/tasks/t1/outcome"


def test_an_outcome_is_said_read_and_taken_back(client: TestClient, fleet: Any):
    fleet.task()
    said = client.patch(ONE, json={"score": 5, "merged": True, "note": "fine"})
    assert said.status_code == 200
    found = TaskOutcomeShape.model_validate(client.get(ONE).json())
    assert (found.outcome.score, found.outcome.merged, found.outcome.note) == (5, True, "fine")
    assert found.outcome.good is True
    assert found.outcome.set_by.keys() == {"score", "merged", "note"}
    back = TaskOutcomeShape.model_validate(client.patch(ONE, json={"score": None}).json())
    assert (back.outcome.score, back.outcome.merged) == (None, True)
    assert [set(change.values) for change in back.changes] == [{"score"}, {"score", "merged", "note"}]
    assert client.get("/api/v1/tasks/t1").json()["outcome"] == back.outcome.model_dump(mode="json")


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({"score": 6}, "score"),
        ({"score": True}, "score"),
        ({"tests_passed": "yes"}, "tests_passed"),
        ({"rework_task": "gone"}, "rework_task"),
        ({"luck": 1}, "luck"),
    ],
)
def test_a_wrong_outcome_is_refused_by_its_field(client: TestClient, fleet: Any, sent: dict[str, Any], says: str):
    fleet.task()
    refused = client.patch(ONE, json=sent)
    assert refused.status_code == 422
    assert says in refused.json()["error"]["message"]
    assert client.get("/api/v1/tasks/t9/outcome").status_code == 404


def test_the_lottery_is_set_and_told_before_a_task_is_submitted(client: TestClient):
    borderline = {"description": "Refactor the parser"}
    before = estimates.EstimateShape.model_validate(client.post("/api/v1/tasks/estimate", json=borderline).json())
    assert (before.lottery, before.assignment.borderline, before.assignment.by) == (None, True, "rule")
    changed = client.patch("/api/v1/fleet/settings", json={"lottery": {"share": 30}})
    assert fleet_answers.FleetSettingsShape.model_validate(changed.json()).lottery.share == 30
    after = estimates.EstimateShape.model_validate(client.post("/api/v1/tasks/estimate", json=borderline).json())
    assert after.lottery == outcome_answers.DrawnShape(share=30, chance=50)
    forced = client.post("/api/v1/tasks/estimate", json={**borderline, "analyst": "force"}).json()
    assert (forced["lottery"], forced["assignment"]["by"]) == (None, "person")
    refused = client.patch("/api/v1/fleet/settings", json={"lottery": {"share": 101}})
    assert refused.json()["error"]["message"] == "share must be from 0 to 100, not 101."
