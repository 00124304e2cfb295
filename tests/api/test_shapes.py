"""Answers have exactly the shapes that the document promises."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from data.domain import events as e
from data.domain.agents import Runtime
from data.domain.money import Tokens
from orchestrator_adapter.api import answers, estimates, fleet_answers

PROMISED_TASK = """
id description task_type status complexity analyst workflow current_step working_directory runtime simulated cost_usd
tokens budget_usd result error created_by created_at started_at ended_at duration_s archived_at
"""
PROMISED_AGENT = """
id task_id step role name model status activity runtime simulated cost_usd tokens context tool_calls files created_at
started_at ended_at error session_id
"""


def test_a_task_has_every_promised_field(client: TestClient, fleet: Any):
    fleet.task(budget_nanousd=2_500_000_000)
    fleet.agent()
    fleet.end()
    found = client.get("/api/v1/tasks/t1").json()
    answers.TaskShape.model_validate(found)
    assert found.keys() >= set(PROMISED_TASK.split())
    step = {"key": "tester", "role": "tester", "depends_on": ["builder"], "status": "pending", "generation": 1}
    assert found["workflow"][1] == step
    assert found["analyst"] == {"included": False, "reason": "Simple task: skipping ANALYST", "cost_usd": 0.0}
    assert (found["cost_usd"], found["budget_usd"], found["simulated"]) == (0.00423, 2.5, True)
    assert found["tokens"]["cache_read"] == 4000
    assert found["files"]["modified"] == ["calc.py"]
    assert found["duration_s"] >= 0
    assert datetime.fromisoformat(found["created_at"]).utcoffset() is not None


def test_an_agent_has_every_promised_field(client: TestClient, fleet: Any):
    fleet.task()
    fleet.agent()
    found = client.get("/api/v1/agents/a1").json()
    answers.AgentShape.model_validate(found)
    assert found.keys() >= set(PROMISED_AGENT.split())
    assert found["context"] == {"used": 4210, "window": 200_000}
    assert set(found["files"]) == {"read", "created", "modified", "deleted"}


def test_a_cost_is_null_only_if_nothing_could_be_priced(client: TestClient, fleet: Any):
    fleet.task()
    fleet.agent(live=True)
    fleet.task("t2")
    fleet.agent("t2", "a2", live=True)
    reply = {"model": "unheard-of", "tokens": Tokens(input=5), "cost_nanousd": None}
    fleet.task("t3", runtime=Runtime.CLAUDE)
    with fleet.store.write() as ledger:
        ledger.append(
            e.AgentCreated(
                task_id="t3", agent_id="a3", step="builder", role="builder", name="B", model="x", runtime="claude"
            )
        )
        ledger.append(e.MessageMetered(task_id="t3", agent_id="a3", message_id="n3", **reply))
        ledger.append(e.MessageMetered(task_id="t2", agent_id="a2", message_id="n2", **reply))
    shown = {a["id"]: (a["cost_usd"], a["unpriced_messages"]) for a in client.get("/api/v1/agents").json()["items"]}
    assert shown == {"a1": (0.00423, 0), "a2": (0.00423, 1), "a3": (None, 1)}


@pytest.mark.parametrize("what", ["tasks", "agents"])
def test_a_list_is_walked_by_its_cursor_while_rows_arrive(client: TestClient, fleet: Any, what: str):
    for number in range(7):
        fleet.task(f"t{number}")
        fleet.agent(f"t{number}", f"a{number}")
    seen, cursor = [], ""
    while cursor is not None:
        page = client.get(f"/api/v1/{what}", params={"limit": "3", **({"cursor": cursor} if cursor else {})}).json()
        (answers.TaskList if what == "tasks" else answers.AgentList).model_validate(page)
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        fleet.task(f"late{len(seen)}")
    assert [i for i in seen if not i.startswith("late")] == [f"{what[0]}{n}" for n in reversed(range(7))]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"status": "completed"}, ["t2"]),
        ({"type": "testing"}, ["t3"]),
        ({"q": "SIGN BUG"}, ["t2", "t1"]),
        ({"q": "50%"}, ["t3"]),
        ({"analyst": "true"}, ["t3"]),
        ({"runtime": "claude"}, ["t3"]),
        ({"archived": "true"}, []),
        ({"from": "2100-01-01T00:00:00Z"}, []),
        ({"to": "2100-01-01T00:00:00+02:00"}, ["t3", "t2", "t1"]),
        ({"sort": "cost", "limit": "1"}, ["t2"]),
    ],
)
def test_tasks_are_filtered(client: TestClient, fleet: Any, query: dict[str, str], expected: list[str]):
    fleet.task("t1")
    fleet.task("t2")
    fleet.agent("t2", "a2")
    fleet.end("t2")
    fleet.task("t3", description="Cover 50% more", task_type="testing", analyst_included=True, runtime=Runtime.CLAUDE)
    assert [t["id"] for t in client.get("/api/v1/tasks", params=query).json()["items"]] == expected


def test_agents_are_filtered(client: TestClient, fleet: Any):
    fleet.task("t1")
    fleet.agent("t1", "a1")
    fleet.agent("t1", "a2", live=True)
    for query, expected in [
        ("live=true", ["a2"]),
        ("live=false", ["a1"]),
        ("status=completed", ["a1"]),
        ("role=tester", []),
        ("task_id=t1&sort=cost&limit=1", ["a2"]),
        ("task_id=t1%00", []),
    ]:
        assert [a["id"] for a in client.get(f"/api/v1/agents?{query}").json()["items"]] == expected, query


def test_a_list_asked_again_at_the_same_clock_is_the_same_answer_and_a_new_one_after_a_change(
    client: TestClient, fleet: Any
):
    fleet.task()
    first, again = (client.get("/api/v1/tasks").content for _ in range(2))
    fleet.task("t2")
    assert first == again != client.get("/api/v1/tasks").content


def test_the_log_of_a_task_is_whole_and_in_order(client: TestClient, fleet: Any):
    fleet.task()
    fleet.agent()
    seen, cursor = [], "0"
    while cursor is not None:
        page = client.get("/api/v1/tasks/t1/events", params={"limit": "4", "cursor": cursor}).json()
        answers.EventList.model_validate(page)
        seen += page["items"]
        cursor = page["next_cursor"]
    with fleet.store.read() as board:
        assert [int(item["id"]) for item in seen] == [entry.id for entry in board.events(task_id="t1")]
    metered = next(item for item in seen if item["kind"] == "message_metered")
    assert metered["data"]["cost_usd"] == 0.00423
    assert "nanousd" not in str(seen)


def test_status_counts_the_fleet(client: TestClient, fleet: Any):
    fleet.task()
    fleet.agent(live=True)
    found = client.get("/api/v1/status").json()
    fleet_answers.StatusShape.model_validate(found)
    assert found["agents"]["by_role"] == {"builder": 1}
    assert found["tasks"]["running"] == 1
    assert found["today"]["cost_usd"] == 0
    assert found["today"]["simulated_cost_usd"] == 0.00423
    assert found["default_runtime"] == "scripted"
    with fleet.store.read() as board:
        assert found["clock"] == board.clock()


def test_logs_are_the_four_files_and_no_other(client: TestClient, deck: Any, fleet: Any):
    folder = deck.settings.logs / "t1" / "a1_Builder_20260601_120000"
    folder.mkdir(parents=True)
    (folder / "prompt.txt").write_text("Fix it — now", encoding="utf-8")
    (folder / "secret.txt").write_text("no")
    (folder / "tools.jsonl").symlink_to("/etc/passwd")
    fleet.task()
    fleet.agent(logs=folder)
    listed = client.get("/api/v1/agents/a1/logs").json()
    answers.LogList.model_validate(listed)
    assert listed["items"][0]["name"] == "prompt.txt"
    got = client.get("/api/v1/agents/a1/logs/prompt.txt")
    assert (got.text, got.headers["content-type"]) == ("Fix it — now", "text/plain; charset=utf-8")
    for name in ("secret.txt", "text.txt", "tools.jsonl", "..%2fprompt.txt", "%2e%2e", "prompt.txt%00"):
        refused = client.get(f"/api/v1/agents/a1/logs/{name}")
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "ROUTE_NOT_FOUND"), name


def test_a_log_folder_outside_the_home_is_not_read(client: TestClient, fleet: Any, tmp_path_factory: Any):
    elsewhere: Path = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "prompt.txt").write_text("theirs")
    fleet.task()
    fleet.agent(logs=elsewhere)
    assert client.get("/api/v1/agents/a1/logs").json()["items"] == []
    assert client.get("/api/v1/agents/a1/logs/prompt.txt").status_code == 404


def test_an_estimate_says_what_a_task_would_become(client: TestClient):
    found = client.post("/api/v1/tasks/estimate", json={"description": "Fix the sign bug in add()"}).json()
    estimates.EstimateShape.model_validate(found)
    assert found["task_type"] == "bug_fix"
    assert found["guessed"] is True
    assert 0 < found["cost_usd"]["low"] <= found["cost_usd"]["high"]
    assert found["agents"] == len(found["workflow"])


def test_prompts_are_shown_word_for_word(client: TestClient):
    role = client.get("/api/v1/prompts/role/ANALYST?complexity=complex").json()
    answers.RolePrompt.model_validate(role)
    assert "ANALYST" in role["system_prompt"]
    shown = client.get("/api/v1/prompts/preview", params={"description": "Fix add()", "analyst": "force"}).json()
    answers.PromptList.model_validate(shown)
    assert shown["steps"][0]["role"] == "analyst"
    assert all("<task>\nFix add()\n</task>" in step["prompt"] for step in shown["steps"])


def test_a_task_is_submitted_cancelled_and_deleted(client: TestClient):
    made = client.post("/api/v1/tasks", json={"description": "Fix the sign bug", "budget_usd": 1.5})
    assert made.status_code == 201
    task = answers.TaskShape.model_validate(made.json())
    assert (task.status, task.budget_usd, task.created_by) == ("pending", 1.5, "local")
    where = made.headers["location"]
    early = client.delete(where)
    assert (early.status_code, early.json()["error"]["code"]) == (409, "STILL_RUNNING")
    assert client.post(f"{where}/cancel").json()["status"] == "cancelled"
    assert client.post(f"{where}/cancel", json={}).json()["status"] == "cancelled"
    gone = client.delete(where)
    assert (gone.status_code, gone.content) == (204, b"")
    assert client.get(where).status_code == 404


def test_a_task_that_has_ended_cannot_be_cancelled(client: TestClient, fleet: Any):
    fleet.task()
    fleet.agent()
    fleet.end()
    late = client.post("/api/v1/tasks/t1/cancel")
    assert (late.status_code, late.json()["error"]["code"]) == (409, "TOO_LATE")


def test_an_agent_is_started_alone(client: TestClient):
    made = client.post("/api/v1/agents", json={"role": "reviewer", "prompt": "Review calc.py"})
    assert made.status_code == 201, made.text
    agent = answers.AgentShape.model_validate(made.json())
    assert agent.role == "reviewer"
    assert client.get(made.headers["location"]).json()["id"] == agent.id
    assert client.delete(f"/api/v1/agents/{agent.id}").json()["error"]["code"] == "STILL_RUNNING"


def test_metrics_are_readable_by_prometheus(client: TestClient, fleet: Any):
    from prometheus_client.parser import text_string_to_metric_families

    fleet.task()
    fleet.agent(live=True)
    client.get("/api/v1/tasks/t1")
    client.get("/api/v1/tasks/unknown")
    text = client.get("/metrics").text
    found = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found[("quarterdeck_agents", ("status", "active"))] == 1
    assert found[("quarterdeck_tasks", ("status", "in_progress"))] == 1
    assert found[("quarterdeck_cost_today_usd", ("simulated", "true"))] == 0.00423
    assert found[("quarterdeck_events",)] > 5
    route = (("method", "GET"), ("route", "/api/v1/tasks/{id}"))
    assert found[("quarterdeck_request_seconds_count", *route, ("status", "200"))] == 1
    assert found[("quarterdeck_request_seconds_count", *route, ("status", "404"))] == 1
