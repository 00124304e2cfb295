"""A program in command: pause, resume, run again, and the answers that agents wait for."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from data.domain import events as e
from data.domain.agents import AgentStatus
from data.domain.approvals import AnswerScope, ApprovalStatus
from data.domain.tasks import TaskStatus
from orchestrator_adapter.api import answers

TASKS, APPROVALS = "/api/v1/tasks", "/api/v1/approvals"
EVENTS = "ws://127.0.0.1:8501/api/v1/events"
FUZZ = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def ask(fleet: Any, approval_id: str = "q1", tool: str = "Edit", called_with: object = None, **ids: str) -> None:
    """An agent wants to call a tool and waits for a person."""
    with fleet.store.write() as ledger:
        blob = ledger.keep(json.dumps({"file_path": "calc.py"} if called_with is None else called_with).encode())
        ledger.append(
            e.ApprovalAsked(
                **{"task_id": "t1", "agent_id": "a1", **ids},
                approval_id=approval_id,
                tool=tool,
                words="editing calc.py",
                input_blob=blob,
                why=f"This task asks a person before every call of {tool}.",
                expires_at=fleet.store.now() + timedelta(hours=8),
            )
        )


def working(fleet: Any, **fields: object) -> None:
    """One task with one agent at work."""
    fleet.task(**fields)
    fleet.agent(live=True)


def fail(fleet: Any) -> None:
    with fleet.store.write() as ledger:
        ledger.append(e.TaskMoved(task_id="t1", to=TaskStatus.FAILED, why="the tests are red"))


def refused(answer: Any, status: int, code: str, field: str | None = None) -> str:
    assert answer.status_code == status, answer.text
    error = answers.RefusalShape.model_validate(answer.json()).error
    assert error.code == code
    assert error.message.endswith(".")
    assert "\n" not in error.message
    assert field is None or error.details["field"] == field
    return error.message


def told(client: TestClient, path: str) -> Any:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(("sent", "stops"), [(None, False), ({}, False), ({"stop_agents": True}, True)])
def test_a_task_is_paused_and_goes_on(client: TestClient, fleet: Any, sent: Any, stops: bool):
    working(fleet)
    for _ in range(2):  # a second click says the same
        paused = client.post(f"{TASKS}/t1/pause", json=sent)
        assert paused.status_code == 200, paused.text
        assert answers.TaskShape.model_validate(paused.json()).status == "paused"
    with fleet.store.read() as board:
        moves = [r.event for r in board.events(task_id="t1") if isinstance(r.event, e.TaskMoved)]
    assert [(m.to, m.stop_agents) for m in moves[1:]] == [("paused", stops)]
    if stops:
        assert "still being stopped" in refused(client.post(f"{TASKS}/t1/resume"), 409, "STILL_RUNNING")
        with fleet.store.write() as ledger:
            ledger.append(e.AgentMoved(task_id="t1", agent_id="a1", to=AgentStatus.CANCELLED))
    resumed = answers.TaskShape.model_validate(client.post(f"{TASKS}/t1/resume").json())
    assert (resumed.status, resumed.run) == ("in_progress", 2)


def test_a_task_goes_on_from_a_step_and_says_what_is_kept(client: TestClient, fleet: Any):
    fleet.task()
    fleet.agent()
    fail(fleet)
    resumed = answers.TaskShape.model_validate(client.post(f"{TASKS}/t1/resume", json={"from_step": "tester"}).json())
    assert [(s.key, s.status, s.generation) for s in resumed.workflow] == [
        ("builder", "completed", 1),
        ("tester", "pending", 2),
    ]
    assert (resumed.status, resumed.run, resumed.error) == ("in_progress", 2, None)


def test_kept_money_is_told_in_dollars(client: TestClient, fleet: Any):
    working(fleet)
    fail(fleet)
    with fleet.store.write() as ledger:
        ledger.append(e.TaskResumed(task_id="t1", kept_steps=("builder",), kept_nanousd=4_230_000, by="grace"))
    assert told(client, f"{TASKS}/t1")["kept_usd"] == 0.00423
    entry = told(client, f"{TASKS}/t1/events?limit=200")["items"][-1]
    assert (entry["kind"], entry["data"]["kept_usd"]) == ("task_resumed", 0.00423)


def test_a_task_is_run_again_as_a_new_one(client: TestClient):
    wish = {"description": "Fix add()", "budget_usd": 1.5, "ask_tools": ["Bash", "mcp__git__push"]}
    first = client.post(TASKS, json=wish).json()
    again = client.post(f"{TASKS}/{first['id']}/rerun")
    assert again.status_code == 201, again.text
    made = answers.TaskShape.model_validate(again.json())
    assert (made.rerun_of, made.budget_usd, made.ask_tools) == (first["id"], 1.5, ["Bash", "mcp__git__push"])
    assert made.id != first["id"]
    assert told(client, again.headers["location"])["id"] == made.id


@pytest.mark.parametrize(
    ("order", "body", "status", "code", "field", "says"),
    [
        ("pause", {"stop_agents": "perhaps"}, 422, "INVALID_FIELD", "stop_agents", "valid boolean"),
        ("pause", {"stop": True}, 422, "INVALID_FIELD", "stop", "known are stop_agents"),
        ("pause", [], 400, "BODY_INVALID", None, "JSON object"),
        ("resume", {"from_step": 7}, 422, "INVALID_FIELD", "from_step", "valid string"),
        ("resume", {"from_step": "x" * 501}, 422, "INVALID_FIELD", "from_step", "at most 500"),
        ("resume", {"from": "tester"}, 422, "INVALID_FIELD", "from", "known are from_step"),
        ("resume", {"from_step": "cook\n"}, 422, "INVALID_FIELD", "from_step", "one of builder, tester"),
        ("rerun", {"budget_usd": 1}, 422, "INVALID_FIELD", "budget_usd", "takes no fields"),
    ],
)
def test_a_wrong_order_is_refused_and_changes_nothing(
    client: TestClient, fleet: Any, order: str, body: Any, status: int, code: str, field: str | None, says: str
):
    fleet.task()
    fleet.agent()
    fail(fleet)
    before = told(client, f"{TASKS}/t1")
    assert says in refused(client.post(f"{TASKS}/t1/{order}", json=body), status, code, field)
    assert told(client, f"{TASKS}/t1") == before


def test_what_comes_too_late_or_too_early_is_refused(client: TestClient, fleet: Any):
    working(fleet)
    assert "in_progress cannot be resumed" in refused(client.post(f"{TASKS}/t1/resume"), 409, "TOO_LATE")
    client.post(f"{TASKS}/t1/pause")
    early = client.post(f"{TASKS}/t1/resume", json={"from_step": "builder"})
    assert "still being stopped" in refused(early, 409, "STILL_RUNNING")
    fleet.task("t2")
    fleet.agent("t2", "a2")
    fleet.end("t2")
    refused(client.post(f"{TASKS}/t2/pause"), 409, "TOO_LATE")
    assert "name the step" in refused(client.post(f"{TASKS}/t2/resume"), 409, "TOO_LATE")


def test_a_task_of_another_runtime_cannot_be_run_again(client: TestClient, fleet: Any):
    fleet.task(runtime="imported")
    refused(client.post(f"{TASKS}/t1/rerun"), 503, "RUNTIME_UNAVAILABLE", "runtime")


@pytest.mark.parametrize(
    ("ask_tools", "field", "says"),
    [
        ("Bash", "ask_tools", "valid"),
        (["Bash", 7], "ask_tools.1", "valid string"),
        (["x" * 121], "ask_tools.0", "at most 120"),
        (["Bash"] * 51, "ask_tools", "at most 50"),
        (["rm -rf"], "ask_tools", "names of tools"),
        ([""], "ask_tools", "names of tools"),
    ],
)
def test_a_list_of_tools_that_is_none_is_refused(client: TestClient, ask_tools: Any, field: str, says: str):
    answer = client.post(TASKS, json={"description": "Fix add()", "ask_tools": ask_tools})
    assert says in refused(answer, 422, "INVALID_FIELD", field)


def test_a_question_is_listed_with_the_input_of_the_call(client: TestClient, fleet: Any):
    working(fleet)
    ask(fleet, called_with={"file_path": "calc.py", "new_string": "return a + b — “now”"})
    page = told(client, APPROVALS)
    (asked,) = answers.ApprovalList.model_validate(page).items
    assert asked.input == {"file_path": "calc.py", "new_string": "return a + b — “now”"}
    assert (asked.id, asked.tool, asked.words, asked.status) == ("q1", "Edit", "editing calc.py", "waiting")
    assert (asked.scope, asked.reason, asked.answered_by, asked.answered_at) == (None, None, None, None)
    assert datetime.fromisoformat(page["items"][0]["expires_at"]) - asked.asked_at > timedelta(hours=7)
    assert told(client, f"{APPROVALS}/q1") == page["items"][0]
    assert told(client, f"{APPROVALS}?status=answered")["items"] == []
    assert told(client, f"{TASKS}/t1")["status"] == "waiting"


@pytest.mark.parametrize(
    ("sent", "status", "scope", "reason"),
    [
        ({"decision": "allow"}, "allowed", "once", ""),
        ({"decision": "allow_task", "reason": " fine "}, "allowed", "task", "fine"),
        ({"decision": "deny", "reason": "not on a Sunday"}, "denied", "once", "not on a Sunday"),
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_a_question_is_answered_once(
    client: TestClient, fleet: Any, sent: dict[str, str], status: str, scope: str, reason: str, named: bool
):
    working(fleet)
    ask(fleet)
    answered = client.post(APPROVALS, json=sent | {"id": "q1"}) if named else client.post(f"{APPROVALS}/q1", json=sent)
    found = answers.ApprovalShape.model_validate(answered.json())
    assert (found.status, found.scope, found.reason, found.answered_by) == (status, scope, reason, "local")
    assert told(client, APPROVALS)["items"] == []
    assert told(client, f"{APPROVALS}?status=answered")["items"] == [answered.json()]
    assert told(client, f"{TASKS}/t1")["status"] == "in_progress"
    late = refused(client.post(f"{APPROVALS}/q1", json={"decision": "deny"}), 409, "TOO_LATE")
    assert late == f"That was already {status} by local."


@pytest.mark.parametrize(
    ("body", "field", "says"),
    [
        ({}, "decision", "missing"),
        ({"decision": "perhaps"}, "decision", "'allow_task'"),
        ({"decision": "deny", "reason": "x" * 2001}, "reason", "at most 2000"),
        ({"decision": "allow", "scope": "task"}, "scope", "known are decision, reason"),
        ({"decision": True}, "decision", "'allow'"),
    ],
)
def test_a_wrong_answer_is_refused_and_the_agent_waits_on(
    client: TestClient, fleet: Any, body: dict[str, object], field: str, says: str
):
    working(fleet)
    ask(fleet)
    assert says in refused(client.post(f"{APPROVALS}/q1", json=body), 422, "INVALID_FIELD", field)
    assert told(client, f"{APPROVALS}/q1")["status"] == "waiting"


def test_an_answer_to_nobody_is_refused(client: TestClient):
    refused(client.post(APPROVALS, json={"id": "' or 1=1 --\x00", "decision": "allow"}), 404, "APPROVAL_NOT_FOUND")
    refused(client.post(f"{APPROVALS}/q1"), 400, "BODY_INVALID")


def test_an_input_that_was_lost_is_null(client: TestClient, fleet: Any):
    working(fleet)
    with fleet.store.write() as ledger:
        kept = ledger.keep(b"{broken")
    for number, blob in enumerate((kept, "0" * 64)):
        with fleet.store.write() as ledger:
            ids = {"task_id": "t1", "agent_id": "a1", "approval_id": f"q{number}"}
            until = fleet.store.now() + timedelta(hours=1)
            ledger.append(e.ApprovalAsked(**ids, tool="Edit", words="", input_blob=blob, why="", expires_at=until))
    assert [item["input"] for item in told(client, APPROVALS)["items"]] == [None, None]


@pytest.mark.parametrize("status", ["waiting", "answered"])
def test_a_list_of_questions_is_walked_while_others_are_asked_and_answered(client: TestClient, fleet: Any, status: str):
    working(fleet)
    for number in range(7):
        ask(fleet, f"q{number}", tool=f"Tool{number}")
        if status == "answered":
            client.post(f"{APPROVALS}/q{number}", json={"decision": "allow"})
    seen, cursor = [], ""
    while cursor is not None:
        page = told(client, f"{APPROVALS}?status={status}&limit=2{cursor and '&cursor='}{cursor}")
        answers.ApprovalList.model_validate(page)
        seen += [item["id"] for item in page["items"] if not item["id"].startswith("late")]
        cursor = page["next_cursor"]
        late = f"late{len(seen)}-{bool(cursor)}"
        if cursor:
            ask(fleet, late, tool=late)
            client.post(f"{APPROVALS}/{late}", json={"decision": "deny"})
    expected = [f"q{number}" for number in range(7)]
    assert sorted(seen) == expected
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("cursor", ["nonsense", "1", "-q1", "9" * 30 + "-q1", "1-%00", "1-"])
def test_a_cursor_that_was_not_issued_is_refused(client: TestClient, cursor: str):
    refused(client.get(f"{APPROVALS}?cursor={cursor}"), 422, "CURSOR_INVALID", "cursor")


def test_a_wrong_status_is_told(client: TestClient):
    message = refused(client.get(f"{APPROVALS}?status=allowed"), 422, "INVALID_FIELD", "status")
    assert "'waiting' or 'answered'" in message


def test_the_stream_tells_of_questions_and_answers(client: TestClient, fleet: Any):
    working(fleet)
    with (
        client.websocket_connect(f"{EVENTS}?topics=fleet") as everything,
        client.websocket_connect(f"{EVENTS}?topics=task:t1") as one,
    ):
        ask(fleet, called_with={"new_string": "x" * 100_000})
        client.post(f"{APPROVALS}/q1", json={"decision": "deny", "reason": "no"})
        for socket in (everything, one):
            heard = {}
            while "approval_answered" not in heard:
                message = socket.receive_json()
                heard[message["kind"]] = message
            asked = heard["approval_asked"]["data"]["data"]
            assert (asked["approval_id"], asked["tool"], asked["words"]) == ("q1", "Edit", "editing calc.py")
            assert len(json.dumps(heard["approval_asked"])) < 1000, "the input stays in the store"
            answered = heard["approval_answered"]["data"]["data"]
            assert (answered["to"], answered["reason"], answered["by"]) == ("denied", "no", "local")


def test_the_stream_resumes_behind_an_answer_it_missed(client: TestClient, fleet: Any):
    working(fleet)
    ask(fleet)
    with fleet.store.read() as board:
        clock = board.clock()
    client.post(f"{APPROVALS}/q1", json={"decision": "allow"})
    with client.websocket_connect(f"{EVENTS}?topics=fleet&after={clock}") as socket:
        heard = [socket.receive_json() for _ in range(3)]
    assert [message["kind"] for message in heard] == ["task", "agent", "approval_answered"]
    assert [message["clock"] for message in heard] == [clock, clock, clock + 1]


def board_of(client: TestClient) -> dict[str, Any]:
    with client.websocket_connect(f"{EVENTS}?topics=board:fleet") as socket:
        elements: dict[str, Any] = socket.receive_json()["data"]["set"]
        return elements


def test_the_board_shows_who_waits_for_a_person(client: TestClient, fleet: Any):
    working(fleet)
    assert "approvals" not in board_of(client)
    for number in range(22):
        ask(fleet, f"q{number:02}", tool=f"Tool{number}")
    elements = board_of(client)
    assert elements["kpis"]["waiting"] == "22 waiting for you"
    shown = elements["approvals"]
    assert (shown["count"], len(shown["items"]), shown["order"]) == (22, 20, 1)
    first = shown["items"][0]
    assert (first["task_id"], first["agent"], first["words"]) == ("t1", "Builder", "editing calc.py")
    assert first["asked_at"] > 1_700_000_000_000


def test_a_task_says_in_words_what_was_asked_and_answered(client: TestClient, fleet: Any):
    working(fleet)
    ask(fleet)
    client.post(f"{APPROVALS}/q1", json={"decision": "deny", "reason": "not today"})
    client.post(f"{TASKS}/t1/pause")
    client.post(f"{TASKS}/t1/resume")
    with client.websocket_connect(f"{EVENTS}?topics=board:task:t1") as socket:
        elements = socket.receive_json()["data"]["set"]
    lines = [element["words"] for key, element in elements.items() if key.startswith("line:")]
    assert lines[-4:] == [
        "waits for a person: editing calc.py",
        "denied by local: not today",
        "task paused: Paused by local.",
        "resumed by local",
    ]


def test_an_answer_of_the_clock_is_not_called_a_persons(client: TestClient, fleet: Any):
    working(fleet)
    ask(fleet)
    with fleet.store.write() as ledger:
        ids = {"task_id": "t1", "agent_id": "a1", "approval_id": "q1"}
        reason = "Nobody answered in time."
        ledger.append(e.ApprovalAnswered(**ids, to=ApprovalStatus.EXPIRED, by="clock", reason=reason))
    (item,) = told(client, f"{APPROVALS}?status=answered")["items"]
    assert (item["status"], item["scope"], item["answered_by"]) == ("expired", AnswerScope.ONCE, "clock")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=6,
)
NAMES = ["decision", "reason", "id", "stop_agents", "from_step", "ask_tools", "description"]
BODIES = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), JSON, max_size=5)
ADDRESSES = [APPROVALS, f"{APPROVALS}/q1", *(f"{TASKS}/t1/{order}" for order in ("pause", "resume", "rerun"))]


@FUZZ
@given(st.sampled_from(ADDRESSES), st.binary(max_size=100) | BODIES.map(lambda b: json.dumps(b).encode()))
def test_no_body_is_a_surprise(client: TestClient, path: str, body: bytes):
    answer = client.post(path, content=body)
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        refused(answer, answer.status_code, answer.json()["error"]["code"])


@FUZZ
@given(st.dictionaries(st.sampled_from(["status", "limit", "cursor"]), st.text(max_size=20), max_size=3))
def test_no_query_is_a_surprise(client: TestClient, query: dict[str, str]):
    answer = client.get(APPROVALS, params=query)
    assert answer.status_code < 500, answer.text
