"""Kills a process with an engine again and again while a stream of tasks runs, and looks whether all is well after."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import sqlalchemy as sa

from data.domain import events as e
from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.tasks import Task, TaskStatus, TaskType
from data.domain.workflows import StepStatus
from data.store import AgentFilter, Store
from data.store import tables as t
from tests.engine.kill_host import CENT, said
from tests.events import submitted

ROOT = Path(__file__).parents[2]
AT_ONCE = 4
"""Tasks that are kept running while kills come."""
WORKFLOW = (
    e.StepSpec(key="planner", role=Role.PLANNER, scope="Plan"),
    e.StepSpec(key="builder", role=Role.BUILDER, scope="Build", depends_on=("planner",)),
    e.StepSpec(key="builder-2", role=Role.BUILDER, scope="Build", depends_on=("planner",)),
    e.StepSpec(key="tester", role=Role.TESTER, scope="Test", depends_on=("builder", "builder-2")),
)
GIVEN_UP = "The step was begun 3 times and its process died each time."
UP_S = 30.0


@dataclass
class Found:
    """What came out of a row of kills."""

    kills: Counter[str] = field(default_factory=Counter)
    """How often it was killed, by the kind of place."""
    run_again: int = 0
    """Beginnings of a step that had already ended."""
    finished_steps: int = 0
    continued: int = 0
    to_first_step_s: list[float] = field(default_factory=list)
    """From the start of the process to the first step that goes on."""
    to_up_s: list[float] = field(default_factory=list)
    """Of these starts, until the process said that it is up."""
    completed: int = 0
    given_up: int = 0
    """Tasks of which one step was begun three times."""
    billed_nanousd: int = 0
    """What all sessions hold together."""
    unseen_nanousd: int = 0
    """What of it the store does not know in the end."""
    most_unseen_nanousd: int = 0
    """The most that it did not know right after a kill."""


class Ground:
    """One home, its store, and the process that is killed."""

    def __init__(self, home: Path, seed: int) -> None:
        self._home, self._random = home, random.Random(seed)
        self._folder = home / "journal"
        self._folder.mkdir(parents=True)
        self.store = Store.open(f"sqlite:///{home / 'quarterdeck.sqlite'}")
        self.found = Found()
        self._tasks: list[str] = []
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("QUARTERDECK_", "DATABASE_URL"))}
        self._env = clean | {"QUARTERDECK_HOME": str(home), "QUARTERDECK_RUNTIME": "scripted"}
        self._env |= {"PYTHONPATH": str(ROOT), "QUARTERDECK_MAX_AGENTS": "4"}

    def kill(self, times: int) -> None:
        """Kill it so many times, at random moments and exact places; look after each, and let it end its work."""
        for _ in range(times):
            self._refill()
            place = self._random.choice(["moment", "finish", "finish", "event", "reply"])
            self.found.kills[place] += 1
            self._die(place)
            self.check()
            self.found.most_unseen_nanousd = max(self.found.most_unseen_nanousd, self._unseen())
        last = self._start()
        try:
            _wait(lambda: all(task.ended for task in self._looked()), 120)
        finally:
            _end(last)
        self.check()
        self._count()

    def _die(self, place: str) -> None:
        """Start the process, and have it killed."""
        number = self._random.randint(1, {"finish": 4, "reply": 8}.get(place, 60))
        began = time.time()
        process = self._start(*([] if place == "moment" else [f"{place}:{number}"]))
        up_s = time.time() - began
        try:
            if place == "moment":
                time.sleep(self._random.uniform(0, 1.5))  # the very point: nobody knows where it is then
            else:
                _wait(lambda: self._refill() or process.poll() is not None, UP_S)
        finally:
            _end(process)
        assert process.returncode == -signal.SIGKILL
        self._note_first_step(began, up_s)

    def _start(self, *place: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.engine.kill_host", str(self._folder), *place]
        with (self._home / "host.log").open("a") as log:
            process = subprocess.Popen(command, env=self._env, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() in ("up\n", ""), "it says that it is up, unless it was killed before"
        return process

    def _refill(self) -> None:
        """Keep a stream of tasks running, written down as the command line does it."""
        running = sum(not task.ended for task in self._looked())
        for _ in range(AT_ONCE - running):
            task_id = self._random.randbytes(16).hex()
            self._tasks.append(task_id)
            with self.store.write(durable=True) as ledger:
                ledger.append(
                    submitted(
                        task_id,
                        description="Work that is killed",
                        task_type=TaskType.CUSTOM,
                        workflow=WORKFLOW,
                        working_directory=str(self._home),
                        runtime=Runtime.SCRIPTED,
                        by="test",
                    )
                )

    def _looked(self) -> list[Task]:
        with self.store.read() as board:
            return [board.task(task_id) for task_id in self._tasks]

    def _note_first_step(self, began: float, up_s: float) -> None:
        with self.store.read() as board:
            found = board.fleet_events(["step_continued"], limit=100)
        new = [entry.at.timestamp() for entry in found if entry.at.timestamp() > began]
        if new:
            self.found.continued += len(new)
            self.found.to_first_step_s.append(min(new) - began)
            self.found.to_up_s.append(up_s)

    def check(self) -> None:
        """What has to be true whenever nobody is at work."""
        for task in self._looked():
            self._check_task(task)
        self.found.run_again = self._run_again()
        assert self.found.run_again == 0, "a step that had ended was begun once more"
        assert _alive(self._home) == []

    def _check_task(self, task: Task) -> None:
        with self.store.read() as board:
            agents = board.agents(AgentFilter(task_id=task.id)).items
            messages = [message for agent in agents for message in board.messages(agent.id)]
            events = [entry.event for entry in board.events(task_id=task.id, limit=10_000)]
            query = sa.select(t.step_runs).where(t.step_runs.c.task_id == task.id)
            runs = {row["agent_id"]: row for row in board.connection.execute(query).mappings()}
        spent = sum(message.cost_nanousd or 0 for message in messages)
        assert spent == sum(agent.cost_nanousd for agent in agents) == task.cost_nanousd
        ends = Counter(
            event.agent_id for event in events if isinstance(event, e.AgentMoved) and event.to is AgentStatus.COMPLETED
        )
        assert all(number == 1 for number in ends.values()), "a step has one result"
        for agent in agents:
            assert agent.live == (runs[agent.id]["outcome"] is None), "agent and run end in one transaction"
        if task.status is TaskStatus.COMPLETED:
            assert {step.status for step in task.workflow} == {StepStatus.COMPLETED}
            assert {agent.status for agent in agents} == {AgentStatus.COMPLETED}
            assert len(agents) == len(task.workflow)
        elif task.ended:
            assert task.status is TaskStatus.FAILED
            assert GIVEN_UP in (task.error or ""), task.error
            assert max(run["attempts"] for run in runs.values()) > 3
        else:
            assert task.status in (TaskStatus.PENDING, TaskStatus.IN_PROGRESS)

    def _run_again(self) -> int:
        """Beginnings in the agents' own journal that came after the end of their step."""
        with self.store.read() as board:
            query = sa.select(t.step_runs.c.agent_id, t.step_runs.c.finished_at_ms)
            ended = {row.agent_id: row.finished_at_ms for row in board.connection.execute(query)}
        path = self._folder / "journal.jsonl"
        begun = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return sum(ended.get(one["agent"]) is not None and one["at_ms"] > ended[one["agent"]] for one in begun)

    def _count(self) -> None:
        self.found.unseen_nanousd = self._unseen()
        for task in self._looked():
            self.found.completed += task.status is TaskStatus.COMPLETED
            self.found.given_up += task.status is TaskStatus.FAILED
        with self.store.read() as board:
            finished = t.step_runs.c.finished_at_ms.is_not(None)
            query = sa.select(sa.func.count()).select_from(t.step_runs).where(finished)
            self.found.finished_steps = int(board.connection.execute(query).scalar_one())

    def _unseen(self) -> int:
        with self.store.read() as board:
            known = board.connection.execute(sa.select(sa.func.sum(t.messages.c.cost_nanousd))).scalar() or 0
        self.found.billed_nanousd = sum(
            CENT * said(session) for session in self._folder.glob("session-*") if not session.suffix
        )
        return self.found.billed_nanousd - int(known)

    def close(self) -> None:
        self.store.close()


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def _alive(home: Path) -> list[psutil.Process]:
    """Processes that were started for this home and are still there."""
    out = []
    for process in psutil.process_iter():
        try:
            mine = process.environ().get("QUARTERDECK_HOME") == str(home)
            if mine and process.status() != psutil.STATUS_ZOMBIE:
                out.append(process)
        except psutil.Error:
            continue
    return out


def _wait(until: Callable[[], bool], within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while not until():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.05)
