"""A program that chooses what its home page shows first, and lists what one person handed in."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from orchestrator_adapter.api import answers
from orchestrator_adapter.api.home import HomeShape

HOME = "/api/v1/home"
FIRST = {
    "panels": ["numbers", "tasks", "agents"],
    "table": "below",
    "order": "created",
    "density": "roomy",
    "mine": False,
}


def test_what_is_sent_changes_and_the_rest_stays_until_it_is_reset(client: TestClient) -> None:
    assert HomeShape.model_validate(client.get(HOME).json()).model_dump(mode="json") == FIRST
    changed = client.patch(HOME, json={"panels": ["agents", "numbers"], "density": "compact"}).json()
    assert changed == FIRST | {"panels": ["agents", "numbers"], "density": "compact"}
    changed = client.patch(HOME, json={"mine": True}).json()
    assert changed == client.get(HOME).json()
    assert (changed["mine"], changed["density"]) == (True, "compact")
    clock = client.get("/api/v1/status").json()["clock"]
    client.patch(HOME, json={"mine": True})
    assert client.get("/api/v1/status").json()["clock"] == clock, "the same once more is no news"
    assert client.delete(HOME).json() == FIRST == client.get(HOME).json()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"panels": ["costs"]}, "panels.0"),
        ({"panels": ["tasks", "tasks"]}, "panels"),
        ({"panels": [], "table": "hidden"}, "panels"),
        ({"table": "left"}, "table"),
        ({"order": "name"}, "order"),
        ({"density": "tight"}, "density"),
        ({"mine": "maybe"}, "mine"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_a_home_page_that_cannot_be_is_refused_and_nothing_changes(
    client: TestClient, body: dict[str, Any], field: str
) -> None:
    answer = client.patch(HOME, json=body)
    error = answers.RefusalShape.model_validate(answer.json()).error
    assert (answer.status_code, error.code, error.details["field"]) == (422, "INVALID_FIELD", field)
    assert client.get(HOME).json() == FIRST


def test_what_one_person_handed_in(client: TestClient, fleet: Any) -> None:
    fleet.task("t1")
    fleet.task("t2", by="ana")
    assert [task["id"] for task in client.get("/api/v1/tasks", params={"created_by": "ana"}).json()["items"]] == ["t2"]
    assert client.get("/api/v1/agents", params={"created_by": "ana"}).json()["items"] == []
