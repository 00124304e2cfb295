"""A server that is killed in the middle has lost nothing that it had answered."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import httpx

from data.domain import events as e
from data.domain import observed
from data.store import Store
from orchestrator_adapter.ingest.token import Token
from tests.api.conftest import Server, Start
from tests.ingest.reports import EDIT, hook

SENDERS = 8
ENOUGH = 150
"""Answers before the server is killed."""


def send(server: Server, token: str, name: str, answered: list[tuple[str, str]], gone: threading.Event) -> None:
    """One hook after the other until the server is gone; notes those that were answered."""
    session = f"{name}-0000-4000-8000-000000000000"
    with httpx.Client(headers={"authorization": f"Bearer {token}"}, timeout=10) as client:
        for number in range(100_000):
            use = f"toolu_{number}"
            try:
                answer = client.post(
                    f"{server.url}/api/v1/hooks", json=hook("PreToolUse", session, **EDIT | {"tool_use_id": use})
                )
            except (OSError, httpx.TransportError):
                gone.set()
                return
            if answer.status_code == 200:
                answered.append((session, use))


def test_what_was_answered_is_there_after_a_kill(
    start_server: Start, tmp_path: Path, eventually: Callable[..., None]
) -> None:
    server = start_server(tmp_path)
    token, gone = Token(tmp_path).get(), threading.Event()
    answered: list[tuple[str, str]] = []
    names = [f"{n:08d}" for n in range(SENDERS)]
    senders = [threading.Thread(target=send, args=(server, token, name, answered, gone)) for name in names]
    for sender in senders:
        sender.start()
    eventually(lambda: len(answered) > ENOUGH, within=30)
    server.process.send_signal(signal.SIGKILL)
    for sender in senders:
        sender.join(20)
    assert gone.is_set()
    store = Store.open(f"sqlite:///{tmp_path / 'quarterdeck.sqlite'}")
    there = set()
    with store.read() as board:
        for name in names:
            session = f"{name}-0000-4000-8000-000000000000"
            for entry in board.events(task_id=observed.task_id(session), limit=100_000):
                if isinstance(entry.event, e.ToolCalled):
                    there.add((session, entry.event.tool_use_id))
        calls = sum(agent.tool_calls for agent in board.agents(limit=200).items)
        received = {one.name: one.number for one in board.observed_received()}
    store.close()
    assert set(answered) <= there
    assert calls == len(there) == received["PreToolUse"]  # the rows, the log and the counts say the same
    assert json.dumps(sorted(received)) == '["PreToolUse"]'
