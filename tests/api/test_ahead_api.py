"""A program that asks what work will cost, would have cost, and which workflow is worth it; and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from orchestrator_adapter.api import answers, estimates
from orchestrator_adapter.api.frontier import FrontierShape
from orchestrator_adapter.api.what_if import WhatIfShape


def test_work_under_way_is_told_otherwise_by_task_and_agent(client: TestClient, fleet: Any) -> None:
    fleet.task()
    fleet.agent()
    for path in ("tasks/t1", "agents/a1"):
        found = WhatIfShape.model_validate(client.get(f"/api/v1/{path}/what-if", params={"model": "haiku"}).json())
        assert found.simulated
        assert found.answers[0].title == "With claude-haiku-5-5"
    assert found.cost_usd == pytest.approx(client.get("/api/v1/agents/a1").json()["cost_usd"])


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("tasks/none/what-if", {}, "TASK_NOT_FOUND"),
        ("agents/none/what-if", {}, "AGENT_NOT_FOUND"),
        ("tasks/t1/what-if", {"model": "nobody-knows-it"}, "MODEL_UNKNOWN"),
        ("tasks/t1/what-if", {"date": "yesterday"}, "INVALID_FIELD"),
        ("tasks/t1/what-if", {"modle": "haiku"}, "INVALID_FIELD"),
        ("metrics/workflows", {"tz": "Mars"}, "WINDOW_INVALID"),
        ("metrics/workflows", {"task_type": "none"}, "INVALID_FIELD"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    client: TestClient, fleet: Any, path: str, query: dict[str, str], code: str
) -> None:
    fleet.task()
    answer = client.get(f"/api/v1/{path}", params=query)
    assert answers.RefusalShape.model_validate(answer.json()).error.code == code, answer.text


def test_workflows_of_an_empty_fleet_are_none(client: TestClient, fleet: Any) -> None:
    found = FrontierShape.model_validate(client.get("/api/v1/metrics/workflows").json())
    assert (found.kinds, found.least_tasks, found.simulated) == ([], 20, False)


def test_an_estimate_names_its_source_and_its_record(client: TestClient) -> None:
    sent = {"description": "Fix the sign bug in add()", "runtime": "claude"}
    found = estimates.EstimateShape.model_validate(client.post("/api/v1/tasks/estimate", json=sent).json())
    assert (found.source, found.percent, found.record.made, found.simulated) == ("rule_of_thumb", None, 0, False)
    assert found.record.words.startswith("No such 80 % range can be checked yet")
    assert all(step.cost_usd.low < step.cost_usd.high and step.similar_steps == 0 for step in found.workflow)
