"""The store goes away while programs ask: a refusal in the one shape, and listeners are told since when."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from data.store import Store
from data.store.rows import ms
from data.store.watch import Watcher
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.engine.boot import Engine
from orchestrator_adapter.ingest.token import Token
from orchestrator_adapter.settings import Settings
from tests.ingest.reports import counts, hook, logs, request, text
from tests.postgres import PostgresServer

EVENTS = "ws://127.0.0.1:8501/api/v1/events"


@pytest.fixture
def deck(settings: Settings, own_postgres: PostgresServer) -> Iterator[Deck]:
    """As for the other tests of the API, on a server that may be stopped."""
    settings = replace(settings, database_url=own_postgres.database("fleet"))
    store = Store.open(settings.database_url)
    engine = Engine(store, settings.engine_url, {}, settings.logs, 1)
    watcher = Watcher(store)
    watcher.start()
    yield Deck(settings, store, engine, watcher)
    own_postgres.start()
    watcher.stop()
    store.close()


def next_of(socket: Any, kind: str) -> dict[str, Any]:
    while (told := json.loads(socket.receive_text()))["kind"] != kind:
        pass
    return told


def test_questions_are_refused_and_ready_says_why(
    client: TestClient, fleet: Any, own_postgres: PostgresServer, eventually: Callable[..., None]
) -> None:
    fleet.task()
    assert client.get("/api/v1/tasks").status_code == 200
    own_postgres.stop()
    for path in ("/api/v1/tasks", "/api/v1/tasks/t1", "/api/v1/status", "/metrics"):
        answer = client.get(path)
        assert answer.status_code == 503, path
        error = answer.json()["error"]
        assert error["code"] == "STORE_UNAVAILABLE"
        assert "cannot be used" in error["message"]
        assert "Traceback" not in answer.text
    assert client.post("/api/v1/tasks/t1/cancel").status_code == 503
    ready = client.get("/ready")
    assert ready.status_code == 503
    assert any("cannot be used" in reason for reason in ready.json()["reasons"])
    assert client.get("/health").status_code == 200
    own_postgres.start()
    eventually(lambda: client.get("/api/v1/tasks").status_code == 200)


def test_listeners_are_told_and_go_on_where_they_were(
    client: TestClient, deck: Deck, fleet: Any, own_postgres: PostgresServer
) -> None:
    fleet.task()
    with client.websocket_connect(f"{EVENTS}?topics=board:fleet,task:t1") as socket:
        assert "task:t1" in next_of(socket, "board")["data"]["set"]
        own_postgres.stop()
        told = next_of(socket, "store")
        assert deck.store.trouble is not None
        since = ms(deck.store.trouble.since)
        assert (told["topic"], told["data"]) == ("stream", {"doing": "read", "since": since})
        with client.websocket_connect(f"{EVENTS}?topics=board:fleet,board:task:t1") as later:
            assert next_of(later, "store")["data"]["since"] == since
        own_postgres.start()
        assert next_of(socket, "store")["data"] == {"doing": None, "since": None}
        fleet.agent()
        assert next_of(socket, "agent_created")["data"]["task_id"] == "t1"


def test_who_reports_is_told_to_come_again_and_nothing_is_half_written(
    client: TestClient, deck: Deck, own_postgres: PostgresServer, eventually: Callable[..., None]
) -> None:
    sent = {"authorization": f"Bearer {Token(deck.settings.home).get()}", "content-type": "application/json"}
    assert client.post("/api/v1/hooks", json=hook("UserPromptSubmit", prompt="go"), headers=sent).status_code == 200
    own_postgres.stop()
    answers = [client.post("/api/v1/hooks", json=hook("Stop"), headers=sent) for _ in range(2)]
    answers.append(client.post("/v1/logs", content=text(logs(request(1))), headers=sent))
    assert {answer.status_code for answer in answers} == {503}
    assert {answer.headers["retry-after"] for answer in answers} == {"1"}
    own_postgres.start()
    eventually(lambda: client.post("/api/v1/hooks", json=hook("Stop"), headers=sent).status_code == 200)
    assert counts(deck.store) == {("hooks", "UserPromptSubmit"): 1, ("hooks", "Stop"): 1}
