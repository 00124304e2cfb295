"""For the tests of the API: a front end in this process, and a real server in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from data.domain import events as e
from data.domain.agents import AgentStatus, FileChange, Role, Runtime
from data.domain.money import Tokens
from data.domain.tasks import Complexity, TaskStatus, TaskType
from data.domain.workflows import StepStatus
from data.store import Store
from data.store.watch import Watcher
from orchestrator_adapter.api.front import front
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.engine.boot import Engine
from orchestrator_adapter.settings import Settings

ROOT = Path(__file__).parents[2]
BASE = "http://127.0.0.1:8501"
OTHER = "https://tools.example.com"
"""A site whose pages may call the API."""


class Fleet:
    """Writes tasks and agents into a store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def task(self, task_id: str = "t1", **fields: object) -> None:
        given = {
            "description": f"Fix the sign bug in add() of {task_id}",
            "task_type": TaskType.BUG_FIX,
            "complexity": Complexity.SIMPLE,
            "complexity_reasons": ("short",),
            "analyst_included": False,
            "analyst_reason": "Simple task: skipping ANALYST",
            "workflow": (
                e.StepSpec(key="builder", role=Role.BUILDER, scope="Build it"),
                e.StepSpec(key="tester", role=Role.TESTER, scope="Test it", depends_on=("builder",)),
            ),
            "working_directory": "/srv/calc",
            "runtime": Runtime.SCRIPTED,
            "by": "grace",
        }
        with self.store.write() as ledger:
            ledger.append(e.TaskSubmitted(task_id=task_id, **{**given, **fields}))

    def agent(self, task_id: str = "t1", agent_id: str = "a1", logs: Path | None = None, *, live: bool = False) -> None:
        """An agent that has done something of every kind that the API tells."""
        tokens = Tokens(input=10, output=200, cache_read=4000)
        common = {"task_id": task_id, "agent_id": agent_id}
        model = "claude-sonnet-5-5"
        with self.store.write() as ledger:
            if ledger.task_status(task_id) == TaskStatus.PENDING:
                ledger.append(e.TaskMoved(task_id=task_id, to=TaskStatus.IN_PROGRESS))
            ledger.append(e.StepMoved(task_id=task_id, step="builder", to=StepStatus.ACTIVE))
            ledger.append(
                e.AgentCreated(
                    **common,
                    step="builder",
                    role=Role.BUILDER,
                    name="Builder",
                    model=model,
                    runtime=Runtime.SCRIPTED,
                    log_dir=str(logs) if logs else None,
                )
            )
            ledger.append(e.AgentMoved(**common, to=AgentStatus.ACTIVE))
            ledger.append(e.SessionStarted(**common, session_id=f"s-{agent_id}", model=model))
            ledger.append(e.Activity(**common, words="editing calc.py"))
            ledger.append(
                e.ToolCalled(**common, tool_use_id="u1", tool="Edit", words="editing calc.py", input_blob="b")
            )
            ledger.append(e.FileTouched(**common, path="calc.py", change=FileChange.MODIFIED, added=2, removed=1))
            ledger.append(
                e.MessageMetered(
                    **common,
                    message_id=f"m-{agent_id}",
                    model=model,
                    tokens=tokens,
                    cost_nanousd=4_230_000,
                    context_window=200_000,
                )
            )
            if not live:
                ledger.append(e.AgentMoved(**common, to=AgentStatus.COMPLETED, result="done"))
                ledger.append(e.StepMoved(task_id=task_id, step="builder", to=StepStatus.COMPLETED))

    def end(self, task_id: str = "t1") -> None:
        with self.store.write() as ledger:
            ledger.append(e.TaskMoved(task_id=task_id, to=TaskStatus.COMPLETED, result="All good."))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        home=tmp_path,
        database_url=f"sqlite:///{tmp_path / 'store.sqlite'}",
        workdirs=(tmp_path,),
        runtime=Runtime.SCRIPTED,
        origins=(OTHER,),
        intervals_ms={"agents": 20, "costs": 20, "task": 10, "list": 20},
    )


@pytest.fixture
def deck(settings: Settings) -> Iterator[Deck]:
    """A deck whose engine does not run: what is submitted stays as it was submitted."""
    store = Store.open(settings.database_url)
    yield Deck(settings, store, Engine(store, settings.engine_url, {}, settings.logs, 1), Watcher(store))
    store.close()


@pytest.fixture
def fleet(deck: Deck) -> Fleet:
    return Fleet(deck.store)


@pytest.fixture
def client(deck: Deck) -> Iterator[TestClient]:
    made = front(deck.settings, lambda: deck)
    app = Starlette(routes=made.routes, middleware=made.middleware, lifespan=made.lifespan)
    with TestClient(app, base_url=BASE, raise_server_exceptions=False) as opened:
        yield opened


@dataclass
class Server:
    """A real server in a process of its own."""

    process: subprocess.Popen[str]
    url: str = ""
    said: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return httpx.URL(self.url).port or 0

    @property
    def socket_url(self) -> str:
        return self.url.replace("http", "ws", 1)

    def wait_ready(self) -> None:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line.startswith("Quarterdeck is at http://"), f"said {line!r}, {self.complaint()}"
        self.url = line.split()[-1]

    def complaint(self) -> str:
        self.process.terminate()
        return self.process.communicate(timeout=20)[1]

    def submit(self, description: str = "Fix the sign bug in add()") -> dict[str, object]:
        answer = httpx.post(f"{self.url}/api/v1/tasks", json={"description": description})
        assert answer.status_code == 201, answer.text
        return json.loads(answer.text)


Start = Callable[..., Server]


@pytest.fixture(scope="session")
def start_server() -> Iterator[Start]:
    """Starts servers on a home of theirs, from any folder; ends them all."""
    running: list[Server] = []

    def start(home: Path, *options: str, wait: bool = True, **environment: str) -> Server:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("QUARTERDECK_", "DATABASE_URL"))}
        env = {
            **clean,
            "PYTHONPATH": str(ROOT),
            "QUARTERDECK_HOME": str(home),
            "QUARTERDECK_RUNTIME": "scripted",
            "QUARTERDECK_ORIGINS": OTHER,
            **environment,
        }
        command = [sys.executable, "-m", "orchestrator_adapter", "serve", "--port", "0", *options]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        server = Server(subprocess.Popen(command, cwd="/", env=env, **pipes))
        running.append(server)
        if wait:
            server.wait_ready()
            threading.Thread(target=_drain, args=(server,), daemon=True).start()
        return server

    yield start
    for server in running:
        if server.process.poll() is None:
            server.process.send_signal(signal.SIGTERM)
    for server in running:
        try:
            server.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.process.kill()
            server.process.wait()
        for pipe in (server.process.stdout, server.process.stderr):
            if pipe:
                pipe.close()


def _drain(server: Server) -> None:
    """Keep the log: a full pipe would stop the server."""
    assert server.process.stderr
    for line in server.process.stderr:
        server.said.append(line)


@pytest.fixture(scope="session")
def server(start_server: Start, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """One server for all tests that leave it as it is."""
    return start_server(tmp_path_factory.mktemp("home"))
