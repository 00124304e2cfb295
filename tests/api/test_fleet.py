"""A program that watches the queue, says what goes first, and sets how the fleet behaves."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from orchestrator_adapter.api import answers
from orchestrator_adapter.api.fleet_answers import FleetSettingsShape, QueueShape
from orchestrator_adapter.views import live

QUEUE, SETTINGS = "/api/v1/queue", "/api/v1/fleet/settings"


def queue(client: TestClient, **query: object) -> QueueShape:
    answer = client.get(QUEUE, params=query)
    assert answer.status_code == 200, answer.text
    return QueueShape.model_validate(answer.json())


def refused(answer: Any, status: int, code: str) -> answers.RefusalDetail:
    assert answer.status_code == status, answer.text
    error = answers.RefusalShape.model_validate(answer.json()).error
    assert error.code == code
    return error


def test_the_queue_is_told_with_position_and_reason(client: TestClient, fleet: Any) -> None:
    for task_id in ("t1", "t2", "t3"):
        fleet.task(task_id)
    client.post("/api/v1/tasks/t3/pause")
    first, second = queue(client).items
    assert (first.task_id, first.position, second.task_id, second.position) == ("t1", 1, "t2", 2)
    assert (first.title, first.created_by, first.priority) == ("Fix the sign bug in add() of t1", "grace", "normal")
    assert (first.reason, first.words) == ("nobody", "No engine process works; it starts when one does.")
    found = queue(client)
    assert (found.waiting, found.places.machines, found.places.in_all.most) == (2, [], None)
    (held,) = found.held
    assert (held.task_id, held.position, held.reason, held.words) == ("t3", None, "paused", "Paused by local.")


def test_the_queue_is_walked_in_stretches(client: TestClient, fleet: Any) -> None:
    for number in range(5):
        fleet.task(f"t{number}")
    page = queue(client, limit=2)
    assert ([one.task_id for one in page.items], page.next_cursor) == (["t0", "t1"], "2")
    page = queue(client, limit=3, cursor="2")
    assert ([one.task_id for one in page.items], page.next_cursor) == (["t2", "t3", "t4"], None)
    assert queue(client, cursor=99).items == []
    for query in ({"limit": 0}, {"limit": 201}, {"cursor": -1}, {"cursor": "x"}, {"cursor": 2**40}):
        refused(client.get(QUEUE, params=query), 422, "INVALID_FIELD")


def test_a_task_goes_before_others(client: TestClient, fleet: Any) -> None:
    fleet.task("t1")
    fleet.task("t2")
    answer = client.post("/api/v1/tasks/t2/priority", json={"priority": "urgent"})
    assert answers.TaskShape.model_validate(answer.json()).priority == "urgent"
    assert [one.task_id for one in queue(client).items] == ["t2", "t1"]
    refused(client.post("/api/v1/tasks/t2/priority", json={"priority": "now"}), 422, "INVALID_FIELD")
    refused(client.post("/api/v1/tasks/t2/priority", json={}), 422, "INVALID_FIELD")
    refused(client.post("/api/v1/tasks/none/priority", json={"priority": "low"}), 404, "TASK_NOT_FOUND")
    client.post("/api/v1/tasks/t1/cancel")
    refused(client.post("/api/v1/tasks/t1/priority", json={"priority": "low"}), 409, "TOO_LATE")


def test_a_task_is_submitted_with_a_priority(client: TestClient) -> None:
    body = {"description": "Fix the sign bug", "runtime": "scripted", "priority": "high"}
    made = answers.TaskShape.model_validate(client.post("/api/v1/tasks", json=body).json())
    assert made.priority == "high"
    refused(client.post("/api/v1/tasks", json=body | {"priority": "first"}), 422, "INVALID_FIELD")


def test_what_is_sent_of_the_settings_changes_and_the_rest_stays(client: TestClient) -> None:
    before = FleetSettingsShape.model_validate(client.get(SETTINGS).json())
    assert (before.limits.in_all, before.retries.otherwise, before.cleanup.automatic, before.changed) == (
        None,
        2,
        False,
        {},
    )
    body = {"limits": {"in_all": 12}, "retries": {"by_role": {"tester": 0}}}
    after = FleetSettingsShape.model_validate(client.patch(SETTINGS, json=body).json())
    assert (after.limits.in_all, after.retries.by_role, after.retries.otherwise) == (12, {"tester": 0}, 2)
    assert (after.patience, after.cleanup) == (before.patience, before.cleanup)
    assert {name: changed.by for name, changed in after.changed.items()} == {"limits": "local", "retries": "local"}
    client.patch(SETTINGS, json={"limits": {"per_user": 2}})
    limits = client.get(SETTINGS).json()["limits"]
    assert limits == {"per_machine": None, "per_user": 2, "in_all": 12}
    client.patch(SETTINGS, json={"limits": {"in_all": None}})
    assert client.get(SETTINGS).json()["limits"]["in_all"] is None
    assert client.patch(SETTINGS, json={}).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"limits": {"in_all": 0}}, "in_all"),
        ({"limits": {"in_all": 4}, "cleanup": {"after_days": 0}}, "after_days"),
        ({"limits": {"in_all": "many"}}, "limits.in_all"),
        ({"limits": {"most": 3}}, "limits.most"),
        ({"retries": {"by_role": {"captain": 1}}}, "retries.by_role.captain.[key]"),
        ({"retries": {"by_role": {"tester": 99}}}, "by_role.tester"),
        ({"patience": {"silent_s": 1}}, "silent_s"),
        ({"speed": {}}, "speed"),
    ],
)
def test_a_wrong_setting_is_refused_and_changes_nothing(client: TestClient, body: dict[str, Any], field: str) -> None:
    before = client.get(SETTINGS).json()
    error = refused(client.patch(SETTINGS, json=body), 422, "INVALID_FIELD")
    assert error.details["field"] == field
    assert client.get(SETTINGS).json() == before


def test_another_site_may_not_change_the_settings(client: TestClient) -> None:
    answer = client.patch(SETTINGS, json={"limits": {"in_all": 1}}, headers={"origin": "https://evil.example"})
    refused(answer, 403, "CROSS_SITE")


def test_the_board_says_where_a_task_stands_in_the_queue(fleet: Any) -> None:
    fleet.task("t1")
    fleet.task("t2")
    with fleet.store.read() as board:
        shown = live.fleet(board, fleet.store.now())
        one = live.task(board, "t2", fleet.store.now())
    why = "no engine process works; it starts when one does"
    assert [shown[f"task:t{n}"]["queue"] for n in (1, 2)] == [f"1st in the queue: {why}", f"2nd in the queue: {why}"]
    assert one["task"]["queue"] == f"2nd in the queue: {why}"
    fleet.agent("t1", live=True)
    fleet.end("t1")
    with fleet.store.read() as board:
        shown = live.fleet(board, fleet.store.now())
    assert (shown["task:t1"]["queue"], shown["task:t2"]["queue"]) == ("", f"1st in the queue: {why}")


def test_who_watches_the_fleet_hears_of_settings_and_priorities(client: TestClient, fleet: Any) -> None:
    fleet.task("t1")
    with fleet.store.read() as board:
        clock = board.clock()
    client.patch(SETTINGS, json={"limits": {"in_all": 3}})
    client.post("/api/v1/tasks/t1/priority", json={"priority": "high"})
    with client.websocket_connect(f"ws://127.0.0.1:8501/api/v1/events?topics=fleet&after={clock}") as socket:
        heard = [socket.receive_json() for _ in range(2)]
    assert [message["kind"] for message in heard] == ["task", "fleet_set"]
    assert heard[0]["data"]["priority"] == "high"
    told = heard[1]["data"]["data"]
    assert (told["name"], told["values"]["in_all"], told["by"]) == ("limits", 3, "local")
    with fleet.store.read() as board:
        lines = live.task(board, "t1", fleet.store.now())
    assert "priority high, set by local" in [line.get("words") for line in lines.values()]
