"""Where hooks and telemetry arrive: who may, what may come, and what is answered when it cannot be written down."""

from __future__ import annotations

import asyncio
import gzip
import json
import stat
from collections.abc import Callable, Sequence
from typing import ClassVar

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from starlette.datastructures import Headers
from starlette.testclient import TestClient
from starlette.types import Message

from orchestrator_adapter.api.doors import MAX_BODY, MOST_RECORDS, Door, Doors, telemetry_reader
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.ingest.desk import Item
from orchestrator_adapter.ingest.token import Token
from tests.ingest.reports import REQUEST_NANOUSD, SESSION, binary, cost, counts, hook, logs, request, story, task, text

HOOKS, LOGS, METRICS = "/api/v1/hooks", "/v1/logs", "/v1/metrics"
JSON, PROTOBUF = {"content-type": "application/json"}, {"content-type": "application/x-protobuf"}


@pytest.fixture
def token(deck: Deck) -> dict[str, str]:
    return {"authorization": f"Bearer {Token(deck.settings.home).get()}"}


def test_a_session_is_seen_as_soon_as_its_hook_is_answered(
    client: TestClient, deck: Deck, token: dict[str, str]
) -> None:
    for body in story():
        answer = client.post(HOOKS, json=body, headers=token)
        assert (answer.status_code, answer.json()) == (200, {})
    found = client.get("/api/v1/tasks").json()["items"][0]
    assert (found["status"], found["runtime"]) == ("completed", "attached")
    assert found["description"] == "Fix the sign bug in add()"
    received = client.get("/api/v1/connections").json()["received"]
    assert {"PreToolUse", "SessionEnd"} <= {one["name"] for one in received}


def test_telemetry_in_both_encodings(client: TestClient, deck: Deck, token: dict[str, str]) -> None:
    assert client.post(LOGS, content=text(logs(request(1))), headers=token | JSON).json() == {}
    answer = client.post(LOGS, content=binary(logs(request(2))), headers=token | PROTOBUF)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "application/x-protobuf"
    packed = gzip.compress(binary(cost(0.5)))
    answer = client.post(METRICS, content=packed, headers=token | PROTOBUF | {"content-encoding": "gzip"})
    assert answer.status_code == 200
    assert (task(deck.store).tokens.output, task(deck.store).reported_nanousd) == (200, 500_000_000)


def test_a_request_that_is_sent_again_is_answered_again_and_counted_once(
    client: TestClient, deck: Deck, token: dict[str, str]
) -> None:
    """As an exporter does that did not hear the answer."""
    tool = {"event.name": "tool_result", "session.id": SESSION, "tool_name": "Bash", "success": "true"}
    for _ in range(3):
        body = text(logs(request(1), tool))
        assert client.post(LOGS, content=body, headers=token | JSON).status_code == 200
        assert client.post(METRICS, content=text(cost(0.5)), headers=token | JSON).status_code == 200
    found = task(deck.store)
    assert (found.tool_calls, found.cost_nanousd, found.reported_nanousd) == (1, REQUEST_NANOUSD, 500_000_000)
    assert counts(deck.store)["logs", "tool_result"] == 1


def test_records_of_no_session_are_told_as_not_taken(client: TestClient, token: dict[str, str]) -> None:
    stray = {"event.name": "plugin_loaded"}
    answer = client.post(LOGS, content=text(logs(request(1), stray, stray)), headers=token | JSON)
    assert answer.status_code == 200
    assert answer.json()["partialSuccess"]["rejectedLogRecords"] == "2"
    answer = client.post(LOGS, content=binary(logs(stray)), headers=token | PROTOBUF)
    assert ExportLogsServiceResponse.FromString(answer.content).partial_success.rejected_log_records == 1


def test_a_token_that_came_encoded_is_taken_too(client: TestClient, deck: Deck) -> None:
    sent = {"authorization": f"Bearer%20{Token(deck.settings.home).get()}"}
    assert client.post(HOOKS, json=hook("Stop"), headers=sent).status_code == 200


@pytest.mark.parametrize("given", [{}, {"authorization": "Bearer wrong"}, {"authorization": "Basic abc"}])
@pytest.mark.parametrize("path", [HOOKS, LOGS, METRICS])
def test_without_the_token_nothing_is_read(
    path: str, given: dict[str, str], client: TestClient, deck: Deck, token: dict[str, str]
) -> None:
    answer = client.post(path, content=b"x" * 100, headers=given | JSON)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert not counts(deck.store)


def test_the_token_is_its_owners_and_can_be_renewed(
    client: TestClient, deck: Deck, token: dict[str, str], eventually: Callable[..., None]
) -> None:
    path = Token(deck.settings.home).path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_text()
    assert client.post("/api/v1/connections/token").status_code == 204
    assert path.read_text() != before
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    eventually(lambda: client.post(HOOKS, json=hook("Stop"), headers=token).status_code == 401)


def test_what_cannot_be_read_is_refused_in_the_senders_own_shape(client: TestClient, token: dict[str, str]) -> None:
    for path in (LOGS, METRICS):
        answer = client.post(path, content=b"{", headers=token | JSON)
        assert (answer.status_code, answer.json()["code"]) == (400, 3)
        answer = client.post(path, content=b"\xff\xff", headers=token | PROTOBUF)
        assert (answer.status_code, answer.content[:2]) == (400, b"\x08\x03")
        assert client.post(path, content=b"a=b", headers=token | {"content-type": "text/plain"}).status_code == 415
        assert client.get(path, headers=token).status_code == 405
    packed = token | JSON | {"content-encoding": "gzip"}
    assert client.post(LOGS, content=b"no gzip", headers=packed).status_code == 400
    assert client.post(LOGS, content=b"x", headers=token | JSON | {"content-encoding": "br"}).status_code == 415
    answer = client.post(HOOKS, content=b"[]", headers=token | JSON)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BODY_INVALID")
    assert client.post(HOOKS, content=b"x", headers=token | PROTOBUF).status_code == 415
    assert client.post("/v1/traces", content=b"{}", headers=token | JSON).status_code == 404


def test_a_hook_may_carry_a_whole_file_and_no_more(client: TestClient, token: dict[str, str]) -> None:
    large = hook("PostToolUse", tool_name="Write", tool_response={"originalFile": "x" * 3 * 2**20})
    assert client.post(HOOKS, json=large, headers=token).status_code == 200
    for headers in (token | JSON, token | JSON | {"content-encoding": "gzip"}):
        body = json.dumps(hook("Stop", more="x" * MAX_BODY)).encode()
        body = gzip.compress(body) if "content-encoding" in headers else body
        assert client.post(HOOKS, content=body, headers=headers).status_code == 413


def test_a_packed_body_counts_as_what_it_is_in_memory() -> None:
    class Noting(Doors):
        sizes: ClassVar[list[int]] = []

        def admit(self, headers: Headers) -> None:
            pass

        async def take(self, items: Sequence[Item], size: int) -> None:
            self.sizes.append(size)

    body = text(logs(request(1, prompt="x" * 2**20)))
    sent = gzip.compress(body)

    async def receive() -> Message:
        return {"type": "http.request", "body": sent}

    headers = Headers({"content-type": "application/json", "content-encoding": "gzip"})
    door = Door(Noting(), telemetry_reader("logs"), "logs")
    answer = asyncio.run(door.answer({"type": "http", "method": "POST", "path": LOGS}, headers, receive))
    assert (answer.status, Noting.sizes) == (200, [len(body)])


def test_a_request_that_others_would_have_to_wait_for_is_refused(client: TestClient, token: dict[str, str]) -> None:
    many = logs(*({"event.name": "x", "session.id": "s"} for _ in range(MOST_RECORDS + 1)))
    answer = client.post(LOGS, content=text(many), headers=token | JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, 8)
