"""Several engine processes over one PostgreSQL, for tests and for the benchmark of a takeover."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from data.domain import events as e
from data.domain.agents import Role, Runtime
from data.domain.fleet import Priority
from data.domain.tasks import Task, TaskType
from data.store import Recorded, Store
from data.store import tables as t
from tests.events import submitted

ROOT = Path(__file__).parents[2]
TWO_STEPS = (
    e.StepSpec(key="planner", role=Role.PLANNER, scope="Plan"),
    e.StepSpec(key="builder", role=Role.BUILDER, scope="Build", depends_on=("planner",)),
)
ONE_STEP = TWO_STEPS[:1]
FAN = (
    *TWO_STEPS,
    e.StepSpec(key="builder-2", role=Role.BUILDER, scope="Build", depends_on=("planner",)),
)
HOST = ("-m", "tests.engine.worker_host")


@dataclass
class Fleet:
    """One store, and the processes that work on it."""

    url: str
    home: Path
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder = self.home / "journal"
        self.folder.mkdir(parents=True)
        self.store = Store.open(self.url)

    def start(self, *, agents: int = 4, command: tuple[str, ...] = (), **more: str) -> subprocess.Popen[str]:
        """An engine process; it returns once that is up."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("QUARTERDECK_", "DATABASE_URL"))}
        env = clean | {"QUARTERDECK_HOME": str(self.home), "DATABASE_URL": self.url, "PYTHONPATH": str(ROOT)}
        env |= {"QUARTERDECK_RUNTIME": "scripted", "QUARTERDECK_MAX_AGENTS": str(agents)} | more
        line = [sys.executable, *(command or (*HOST, str(self.folder)))]
        process = subprocess.Popen(line, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline(), "it ended at once"
        return process

    def submit(
        self,
        workflow: tuple[e.StepSpec, ...] = ONE_STEP,
        by: str = "ada",
        priority: Priority = Priority.NORMAL,
        **more: Any,
    ) -> str:
        """As the command line does it: write it down, the engines hear of it."""
        task_id = uuid.uuid4().hex
        given = {"runtime": Runtime.SCRIPTED, "working_directory": str(self.home)} | more
        with self.store.write(durable=True) as ledger:
            ledger.append(
                submitted(
                    task_id,
                    description="Work for many",
                    task_type=TaskType.CUSTOM,
                    analyst_reason="none",
                    workflow=workflow,
                    by=by,
                    priority=priority,
                    **given,
                )
            )
        return task_id

    def append(self, *events: e.Event) -> None:
        with self.store.write(durable=True) as ledger:
            for event in events:
                ledger.append(event)

    def release(self, task_id: str = "all") -> None:
        """Its agents may end."""
        (self.folder / task_id).touch()

    def task(self, task_id: str) -> Task:
        with self.store.read() as board:
            return board.task(task_id)

    def journal(self, what: str = "begin", task_id: str | None = None) -> list[dict[str, Any]]:
        path = self.folder / "journal.jsonl"
        lines = map(json.loads, path.read_text().splitlines()) if path.exists() else iter(())
        return [line for line in lines if line["what"] == what and task_id in (None, line["task"])]

    def events(self, kind: type[e.Event]) -> Iterator[Recorded]:
        with self.store.read() as board:
            yield from (entry for entry in board.events(limit=100_000) if isinstance(entry.event, kind))

    def runs(self, task_id: str) -> dict[str, dict[str, Any]]:
        """The record of each step of a task, by step."""
        with self.store.read() as board:
            rows = board.connection.execute(sa.select(t.step_runs).where(t.step_runs.c.task_id == task_id)).mappings()
            return {row["step"]: dict(row) for row in rows}

    def worker(self, process: subprocess.Popen[str]) -> dict[str, Any]:
        with self.store.read() as board:
            query = sa.select(t.workers).where(t.workers.c.pid == process.pid)
            return dict(board.connection.execute(query).mappings().one())

    def owner(self, task_id: str, step: str) -> subprocess.Popen[str] | None:
        """The process that has the step, once its agent has a session."""
        run = self.runs(task_id).get(step)
        if run is None or run["owner"] is None or run["session_id"] is None:
            return None
        return next((p for p in self.processes if self.worker(p)["id"] == run["owner"]), None)

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()
            assert process.stdout is not None
            process.stdout.close()
        self.store.close()


def most_at_once(begins: list[dict[str, Any]], ends: list[dict[str, Any]], after: float = 0) -> int:
    """The most agents that were at work at one moment."""
    moves = sorted([(line["at"], 1) for line in begins] + [(line["at"], -1) for line in ends])
    most = now = 0
    for at, step in moves:
        now += step
        most = max(most, now) if at >= after else most
    return most


def wait(condition: Any, within_s: float = 30.0) -> Any:
    """Until the condition holds; what it gave."""
    until = time.monotonic() + within_s
    while not (found := condition()):
        assert time.monotonic() < until, f"did not happen within {within_s} s"
        time.sleep(0.02)
    return found
