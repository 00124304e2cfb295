"""A task at any moment over HTTP."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from orchestrator_adapter.api.replay import ReplayShape
from orchestrator_adapter.ingest.transcript_files import find
from orchestrator_adapter.ingest.transcripts import Scan
from tests.ingest.trees import PRICE, calls, main_file, prompt, says, write

REPLAY = "/api/v1/tasks/t1/replay"


def at(client: TestClient, moment: str | None = None) -> ReplayShape:
    answer = client.get(REPLAY, params={} if moment is None else {"at": moment})
    assert answer.status_code == 200, answer.text
    return ReplayShape.model_validate(answer.json())


@pytest.fixture
def log(client: TestClient, fleet: Any) -> list[dict[str, Any]]:
    fleet.task()
    fleet.agent()
    fleet.end()
    return client.get("/api/v1/tasks/t1/events").json()["items"]  # type: ignore[no-any-return]


def test_the_newest_moment_is_the_task_as_it_is(client: TestClient, log: list[dict[str, Any]]):
    shown = client.get(REPLAY).json()
    assert shown["task"] == client.get("/api/v1/tasks/t1").json()
    assert shown["agents"] == client.get("/api/v1/agents").json()["items"]
    assert (shown["events"], shown["number"], shown["clock"], shown["next"]) == (
        len(log),
        len(log),
        log[-1]["id"],
        None,
    )
    assert at(client).happened[-1].words == "task completed"


def test_every_moment_is_reached_by_its_clock_and_by_its_time(client: TestClient, log: list[dict[str, Any]]):
    asked = next(entry for entry in log if entry["kind"] == "tool_called")
    then = at(client, asked["id"])
    assert then.task is not None
    assert (then.task.status, then.task.cost_usd, then.task.tool_calls) == ("in_progress", 0, 1)
    (agent,) = then.agents
    assert (agent.status, agent.activity, agent.files.modified) == ("active", "editing calc.py", [])
    assert then.number == log.index(asked) + 1
    first = at(client, log[0]["id"])
    assert (first.previous, first.agents) == (None, [])
    assert at(client, first.next).number > 1
    last = datetime.fromisoformat(log[-1]["at"])
    assert at(client, last.isoformat()).number == len(log)
    assert at(client, f"{last.isoformat()[:19]}Z").number <= len(log)
    assert at(client, (last - timedelta(days=1)).isoformat()).number == 1


@pytest.mark.parametrize("strange", ["now", "2026-03-01T10:00:00", "-1", "9" * 30, "٣", "0001-01-01"])
def test_what_names_no_moment_is_refused(client: TestClient, log: list[dict[str, Any]], strange: str):
    answer = client.get(REPLAY, params={"at": strange})
    assert answer.status_code == 422
    assert answer.json()["error"]["details"]["field"] == "at"


def test_a_task_of_nobody_is_not_found(client: TestClient):
    assert client.get(REPLAY).json()["error"]["code"] == "TASK_NOT_FOUND"


def test_a_session_that_was_read_in_is_replayed_by_its_own_clock(client: TestClient, fleet: Any, tmp_path: Path):
    write(main_file(tmp_path), prompt("Fix the till"), says(1), calls(2, "Bash", {"command": "make"}, second=5))
    Scan(fleet.store).run(find(tmp_path))
    (task,) = client.get("/api/v1/tasks").json()["items"]
    shown = ReplayShape.model_validate(client.get(f"/api/v1/tasks/{task['id']}/replay").json())
    assert shown.task is not None
    assert (shown.task.status, shown.task.cost_usd, shown.number) == ("completed", 2 * PRICE / 1e9, shown.events)
    then = client.get(f"/api/v1/tasks/{task['id']}/replay", params={"at": "2026-11-01T10:00:02Z"}).json()
    assert (then["task"]["status"], then["task"]["cost_usd"], then["clock"]) == ("in_progress", PRICE / 1e9, "8")
    assert [line["words"] for line in then["happened"]][-1] == "wrote 9 characters"
    same = client.get(f"/api/v1/tasks/{task['id']}/replay", params={"at": then["clock"]}).json()
    assert same == then
