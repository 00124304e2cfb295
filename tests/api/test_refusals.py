"""Whatever is sent, the answer is a refusal in one shape that names what is wrong, never a surprise."""

from __future__ import annotations

import io
import json
import re
from contextlib import redirect_stderr
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from orchestrator_adapter.api import answers, bodies, contents, file_shapes, fleet_bodies, requests
from orchestrator_adapter.api.front import front
from orchestrator_adapter.api.health import Meters
from orchestrator_adapter.api.http import Operation
from orchestrator_adapter.deck import Deck
from tests.modes import obeying_modes

TABLE = contents.operations(Meters(lambda: None, lambda: 0))
POSTS = [operation.path.replace("{id}", "t1") for operation in TABLE if operation.method == "POST"]
WITH_BODY = ["/api/v1/tasks", "/api/v1/agents", "/api/v1/tasks/estimate"]

NEEDED = {
    bodies.AlertBody: {"action": "right"},
    bodies.AnswerBody: {"decision": "allow"},
    bodies.MessageBody: {"text": "look at calc.py"},
    fleet_bodies.PriorityBody: {"priority": "low"},
}
"""Bodies that an operation cannot do without."""
NEEDED_QUERY = {file_shapes.VersionQuery: {"path": "calc.py"}}
"""Parameters that an operation cannot do without."""


def name(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


def address(operation: Operation) -> str:
    return operation.path.replace("{id}", "nobody").replace("{name}", "prompt.txt").replace("{role}", "builder")


def refused(answer: Any, status: int, code: str, field: str | None = None) -> str:
    """The message, after making sure that the shape is right."""
    assert answer.status_code == status, answer.text
    error = answers.RefusalShape.model_validate(answer.json()).error
    assert error.code == code
    assert error.request_id == answer.headers["x-request-id"]
    assert error.timestamp.utcoffset() is not None
    assert error.message.endswith(".")
    assert "\n" not in error.message
    if field:
        assert error.details["field"] == field
    return error.message


NOUNS = ("TASK", "AGENT", "APPROVAL", "ALERT", "ALERT_RULE", "CHANNEL", "BUDGET", "SCHEDULE", "IMPORT", "ROUTE")


@pytest.mark.parametrize("operation", [o for o in TABLE if "{id}" in o.path], ids=name)
@pytest.mark.parametrize("unknown", ["nobody", "%00", "a%2fb", "x" * 500, "%F0%9F%92%A9", "' or 1=1 --"])
def test_what_is_not_there_is_not_found(client: TestClient, operation: Operation, unknown: str):
    body = NEEDED.get(operation.takes)
    query = NEEDED_QUERY.get(operation.takes)
    answer = client.request(operation.method, address(operation).replace("nobody", unknown), json=body, params=query)
    codes = {f"{noun}_NOT_FOUND" for noun in NOUNS}
    if answer.status_code == 405:  # the slash made another address of it
        assert unknown == "a%2fb"
        return
    assert answer.json()["error"]["code"] in codes
    refused(answer, 404, answer.json()["error"]["code"])


@pytest.mark.parametrize("operation", TABLE, ids=name)
def test_an_unknown_parameter_is_named(client: TestClient, operation: Operation):
    answer = client.request(operation.method, address(operation) + "?colour=blue")
    message = refused(answer, 422, "INVALID_FIELD", "colour")
    assert message.startswith("colour is not known here")


@pytest.mark.parametrize("path", sorted({operation.path for operation in TABLE}))
def test_another_method_is_refused_with_those_that_are_allowed(client: TestClient, path: str):
    methods = {operation.method for operation in TABLE if operation.path == path}
    for method in {"PUT", "PATCH", "DELETE", "POST", "GET"} - methods:
        answer = client.request(method, path.replace("{id}", "x").replace("{name}", "x").replace("{role}", "builder"))
        refused(answer, 405, "METHOD_REFUSED")
        assert set(answer.headers["allow"].split(", ")) == methods | ({"HEAD"} if "GET" in methods else set())


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/v1", "/api/v1/", "/api/v1/tasks/", "/api/v2/tasks", "/api/v1/x"]
)
def test_other_addresses_hold_nothing(client: TestClient, path: str):
    refused(client.get(path), 404, "ROUTE_NOT_FOUND")
    refused(client.post(path, json={}), 404, "ROUTE_NOT_FOUND")


@pytest.mark.parametrize(
    ("query", "field", "says"),
    [
        ("limit=0", "limit", "greater than or equal to 1"),
        ("limit=201", "limit", "less than or equal to 200"),
        ("limit=many", "limit", "valid integer"),
        ("limit=1&limit=2", "limit", "twice"),
        ("status=sleeping", "status", "'in_progress'"),
        ("type=chores", "type", "'bug_fix'"),
        ("runtime=abacus", "runtime", "'claude'"),
        ("archived=perhaps", "archived", "boolean"),
        ("from=yesterday", "from", "datetime"),
        ("from=2026-06-01T00:00:00", "from", "timezone"),
        ("since=2026-06-01T00:00:00Z", "since", "not known here"),
        ("sort=colour", "sort", "'created'"),
        ("q=" + "x" * 501, "q", "at most 500 characters"),
    ],
)
def test_a_wrong_parameter_is_told_in_one_sentence(client: TestClient, query: str, field: str, says: str):
    message = refused(client.get(f"/api/v1/tasks?{query}"), 422, "INVALID_FIELD", field)
    assert says in message
    assert message.startswith(field)


@pytest.mark.parametrize("query", ["cursor=nonsense", "cursor=%00", "cursor=W10", "cursor=WyJjb3N0IiwxLCJ4Il0"])
def test_a_cursor_of_another_list_is_refused(client: TestClient, query: str):
    refused(client.get(f"/api/v1/tasks?{query}"), 422, "CURSOR_INVALID", "cursor")


@pytest.mark.parametrize("query", ["%ff=1", "q=%ff", "\u00e9=1", "&".join(f"a{n}=1" for n in range(60))])
def test_parameters_that_are_no_text_are_refused(client: TestClient, query: str):
    refused(client.get(f"/api/v1/tasks?{query}"), 422, "INVALID_FIELD")


BROKEN = {
    "nothing": b"",
    "no JSON": b"description=x",
    "not closed": b'{"description": "x"',
    "broken UTF-8": b'{"description": "\xff"}',
    "half a surrogate": b'{"description": "\\ud800"}',
    "NaN": b'{"description": "x", "budget_usd": NaN}',
    "infinity": b'{"description": "x", "budget_usd": -Infinity}',
    "a key twice": b'{"description": "x", "description": "y"}',
    "a deep key twice": b'{"description": {"a": 1, "a": 2}}',
    "a list": b'[{"description": "x"}]',
    "a number": b"7",
    "null": b"null",
    "a byte order mark": b'\xef\xbb\xbf{"description": "x"}',
    "nested without end": b"[" * 100_000,
    "nested deeply": b'{"description":' + b"[" * 900 + b"]" * 900 + b"}",
    "a number without end": b'{"description": ' + b"1" * 5000 + b"}",
}


@pytest.mark.parametrize("what", BROKEN)
@pytest.mark.parametrize("path", WITH_BODY)
def test_a_body_that_is_no_object_is_refused(client: TestClient, path: str, what: str):
    answer = client.post(path, content=BROKEN[what])
    assert answer.status_code in (400, 422), answer.text
    refused(answer, answer.status_code, answer.json()["error"]["code"])


@pytest.mark.parametrize(
    ("body", "code", "field", "says"),
    [
        ({}, "INVALID_FIELD", "description", "missing"),
        ({"description": 7}, "INVALID_FIELD", "description", "valid string"),
        ({"description": "  "}, "DESCRIPTION_INVALID", "description", "empty"),
        ({"description": "x" * 50_001}, "DESCRIPTION_INVALID", "description", "50,000"),
        ({"description": "x", "colour": "blue"}, "INVALID_FIELD", "colour", "not known here"),
        ({"description": "x", "task_type": "chores"}, "INVALID_FIELD", "task_type", "'bug_fix'"),
        ({"description": "x", "analyst": "maybe"}, "INVALID_FIELD", "analyst", "'force'"),
        ({"description": "x", "budget_usd": 0}, "INVALID_FIELD", "budget_usd", "greater than 0"),
        ({"description": "x", "budget_usd": 1e300}, "INVALID_FIELD", "budget_usd", "1000000"),
        ({"description": "x", "model": "gpt-99"}, "MODEL_UNKNOWN", "model", "gpt-99"),
        ({"description": "x", "permission_mode": "yolo"}, "INVALID_FIELD", "permission_mode", "'acceptEdits'"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_submitted(
    client: TestClient, body: dict[str, object], code: str, field: str, says: str
):
    message = refused(client.post("/api/v1/tasks", json=body), 422, code, field)
    assert says in message
    assert client.get("/api/v1/tasks").json()["items"] == []


@pytest.mark.parametrize("field", ["\n", "a\r\nb", "\u2028", "\x1b[31m", "x" * 5000])
def test_a_field_with_a_strange_name_is_refused_in_one_line(client: TestClient, field: str):
    message = refused(client.post("/api/v1/tasks", json={"description": "x", field: 1}), 422, "INVALID_FIELD", field)
    assert message.isprintable()
    assert len(message) < 400
    refused(client.get("/api/v1/tasks", params=[(field, "1"), (field, "2")]), 422, "INVALID_FIELD", field)


@pytest.mark.parametrize(
    ("folder", "says"),
    [
        ("nowhere", "does not exist."),
        ("file", "is a file, not a folder."),
        ("..", "is outside the folders in which tasks may work"),
        ("closed", "is not accessible"),
    ],
)
def test_a_folder_that_will_not_do_is_told(deck: Deck, tmp_path: Path, folder: str, says: str):
    (tmp_path / "file").touch()
    (tmp_path / "closed").mkdir(mode=0)
    made = front(deck.settings, lambda: deck)
    app = Starlette(routes=made.routes, middleware=made.middleware)
    body = {"description": "x", "runtime": "claude", "working_directory": str(tmp_path / folder)}
    client = TestClient(app, base_url="http://127.0.0.1")
    answer = obeying_modes(lambda: client.post("/api/v1/tasks", json=body))
    assert says in refused(answer, 422, "FOLDER_REFUSED", "working_directory")
    with deck.store.read() as board:
        assert board.clock() == 0


def test_without_a_key_no_real_task_is_begun_by_itself(deck: Deck, tmp_path: Path):
    bare = replace(
        deck, settings=replace(deck.settings, runtime=None, environment={"CLAUDE_CONFIG_DIR": str(tmp_path)})
    )
    made = front(bare.settings, lambda: bare)
    client = TestClient(Starlette(routes=made.routes, middleware=made.middleware), base_url="http://127.0.0.1")
    answer = client.post("/api/v1/tasks", json={"description": "x"})
    assert "No ANTHROPIC_API_KEY is set" in refused(answer, 503, "RUNTIME_UNAVAILABLE", "runtime")


def test_a_store_that_cannot_be_written_is_told(client: TestClient, deck: Deck):
    sa.event.listen(deck.store.writer, "checkout", lambda connection, *_: connection.execute("PRAGMA query_only=1"))
    answer = client.post("/api/v1/tasks", json={"description": "x"})
    assert refused(answer, 503, "STORE_UNAVAILABLE").endswith("readonly database. Nothing was changed.")
    assert client.get("/api/v1/tasks").json()["items"] == []


def test_a_runtime_that_cannot_run_is_told(client: TestClient):
    answer = client.post("/api/v1/tasks", json={"description": "x", "runtime": "imported"})
    refused(answer, 503, "RUNTIME_UNAVAILABLE", "runtime")


def test_an_unknown_role_is_told(client: TestClient):
    assert "builder" in refused(client.get("/api/v1/prompts/role/captain"), 422, "ROLE_UNKNOWN", "role")


def test_a_command_that_takes_nothing_takes_nothing(client: TestClient, fleet: Any):
    fleet.task()
    answer = client.post("/api/v1/tasks/t1/cancel", json={"force": True})
    assert "takes no fields" in refused(answer, 422, "INVALID_FIELD", "force")
    assert client.get("/api/v1/tasks/t1").json()["status"] == "pending"


@pytest.mark.parametrize("path", POSTS)
def test_a_body_over_one_mebibyte_is_refused(client: TestClient, path: str):
    refused(client.post(path, content=b" " * (1024 * 1024 + 1)), 413, "BODY_TOO_LARGE")


def test_a_body_without_announced_length_is_refused_too(client: TestClient):
    pieces = (b" " * 65536 for _ in range(17))
    refused(client.post("/api/v1/tasks", content=pieces), 413, "BODY_TOO_LARGE")


def test_a_request_id_is_kept_if_it_is_one(client: TestClient):
    for given_id, kept in [("abc-1.2_3", True), ("no spaces", False), ("x" * 129, False), ("", False)]:
        answer = client.get("/api/v1/nothing", headers={"x-request-id": given_id})
        refused(answer, 404, "ROUTE_NOT_FOUND")
        assert (answer.headers["x-request-id"] == given_id) is kept


def test_a_surprise_is_logged_with_its_id_and_answered_without_a_trace(deck: Any):
    def broken() -> Any:
        raise RuntimeError("the secret cause")

    made = front(deck.settings, broken)
    app = Starlette(routes=made.routes, middleware=made.middleware)
    log = io.StringIO()
    with redirect_stderr(log):
        requests.log.cache_clear()
        client = TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)
        answer = client.get("/api/v1/tasks", headers={"x-request-id": "find-me"})
        requests.log.cache_clear()
    refused(answer, 500, "INTERNAL_ERROR")
    assert "secret" not in answer.text
    line = json.loads(log.getvalue().splitlines()[-1])
    assert line["request_id"] == "find-me"
    assert "the secret cause" in line["exception"]
    assert datetime.fromisoformat(line["at"]).utcoffset() is not None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["description", "prompt", "role", "task_type", "analyst", "working_directory", "runtime", "model"]
FIELDS += ["budget_usd", "scenario", "ai_planner", "permission_mode"]
BODIES = st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=8), JSON, max_size=6)
FUZZ = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@FUZZ
@given(st.sampled_from(WITH_BODY), st.one_of(st.binary(max_size=200), BODIES.map(lambda b: json.dumps(b).encode())))
def test_no_body_is_a_surprise(client: TestClient, path: str, body: bytes):
    answer = client.post(path, content=body)
    assert answer.status_code < 500 or answer.json()["error"]["code"] == "RUNTIME_UNAVAILABLE", answer.text
    if answer.status_code >= 400:
        refused(answer, answer.status_code, answer.json()["error"]["code"])


@FUZZ
@given(st.sampled_from(["tasks", "agents", "tasks/t1/events", "prompts/preview", "status"]), st.data())
def test_no_query_is_a_surprise(client: TestClient, path: str, data: st.DataObject):
    names = st.sampled_from(["limit", "cursor", "q", "status", "from", "analyst", "task_id", "description", "sort"])
    query = data.draw(st.dictionaries(names, st.text(max_size=20) | st.integers().map(str), max_size=4))
    answer = client.get(f"/api/v1/{path}", params=query)
    assert answer.status_code < 500, answer.text


@FUZZ
@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="?#"), max_size=40))
def test_no_address_is_a_surprise(client: TestClient, path: str):
    answer = client.get("/api/v1/" + re.sub(r"[\x00-\x1f\x7f]", "", path))
    assert answer.status_code < 500, answer.text
    assert answer.headers["content-type"] != "text/html"
