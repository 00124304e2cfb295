"""kill -9 in the middle of a real run: it goes on after the restart, paid steps stay paid, nobody is left alive."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa

from data.domain import events as e
from data.domain.agents import AgentStatus, Runtime
from data.domain.tasks import AnalystChoice, Complexity, Task, TaskStatus, TaskType
from data.domain.workflows import StepStatus
from data.store import AgentFilter, Store
from data.store import tables as t
from orchestrator_adapter import planning
from orchestrator_adapter.engine import names
from orchestrator_adapter.planning import choose_workflow

pytestmark = [pytest.mark.cli, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
HOST = """
import threading
from orchestrator_adapter import deck

deck.current()
print("up", flush=True)
threading.Event().wait()
"""
DESCRIPTION = "Investigate the wrong sign of add() and fix it"


class Host:
    """A process with an engine, as `serve` has one, without pages."""

    def __init__(self, home: Path) -> None:
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("QUARTERDECK_", "ANTHROPIC_", "CLAUDE"))}
        self.env |= {"QUARTERDECK_HOME": str(home), "PYTHONPATH": str(ROOT)}
        self.process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", HOST]
        process = subprocess.Popen(command, env=self.env, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        return process

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def restart(self) -> None:
        self.process = self._start()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    opened = Store.open(f"sqlite:///{home / 'quarterdeck.sqlite'}")
    yield opened
    opened.close()


@pytest.fixture
def host(home: Path, store: Store) -> Iterator[Host]:
    started = Host(home)
    yield started
    started.kill()


def submit(store: Store, folder: Path) -> str:
    """As the command line does it: write it down, the engine's process hears of it."""
    folder.mkdir(parents=True)
    plan = choose_workflow(DESCRIPTION, TaskType.BUG_FIX, Complexity.COMPLEX, AnalystChoice.FORCE)
    task_id = os.urandom(16).hex()
    submitted = e.TaskSubmitted(
        task_id=task_id,
        description=DESCRIPTION,
        task_type=TaskType.BUG_FIX,
        complexity=Complexity.COMPLEX,
        analyst_included=planning.has_analyst(plan.workflow),
        analyst_reason=plan.analyst_reason,
        workflow=names.specs(plan.workflow),
        working_directory=str(folder),
        runtime=Runtime.DEMO,
        scenario="success",
        by="test",
    )
    with store.write(durable=True) as ledger:
        ledger.append(submitted)
    return task_id


def look(store: Store, task_id: str) -> Task:
    with store.read() as board:
        return board.task(task_id)


def at_work(store: Store, task_id: str, step: str) -> bool:
    with store.read() as board:
        live = board.agents(AgentFilter(task_id=task_id, live=True)).items
        return any(agent.step == step and agent.session_id and agent.tool_calls for agent in live)


def agents_alive(home: Path) -> list[psutil.Process]:
    """Processes whose environment names this home's demo folder: the CLIs and all they started."""
    out = []
    for process in psutil.process_iter():
        try:
            if str(home / "demo") in process.environ().get("CLAUDE_CONFIG_DIR", "") and process.status() != "zombie":
                out.append(process)
        except psutil.Error:
            continue
    return out


def attempts(store: Store, task_id: str) -> dict[str, int]:
    with store.read() as board:
        rows = board.connection.execute(sa.select(t.step_runs).where(t.step_runs.c.task_id == task_id)).mappings()
        return {row["step"]: row["attempts"] for row in rows}


@pytest.mark.timeout(180)
def test_a_killed_server_goes_on_where_it_was(
    host: Host, store: Store, home: Path, eventually: Callable[..., None]
) -> None:
    task_id = submit(store, home / "work")
    eventually(lambda: at_work(store, task_id, "builder"), within=60)
    before = look(store, task_id)
    assert agents_alive(home)
    host.kill()
    eventually(lambda: not agents_alive(home), within=5)
    host.restart()
    eventually(lambda: look(store, task_id).ended, within=90)
    task = look(store, task_id)
    assert (task.status, task.error) == (TaskStatus.COMPLETED, None)
    assert {step.status for step in task.workflow} == {StepStatus.COMPLETED}
    tried = attempts(store, task_id)
    assert tried["builder"] == 2
    assert {n for step, n in tried.items() if step != "builder"} == {1}
    assert task.cost_nanousd > before.cost_nanousd
    assert "a + b" in (home / "work" / "calc.py").read_text()
    with store.read() as board:
        agents = board.agents(AgentFilter(task_id=task_id)).items
        counted = [m.cost_nanousd or 0 for agent in agents for m in board.messages(agent.id)]
    assert len(agents) == len(task.workflow)
    assert {agent.status for agent in agents} == {AgentStatus.COMPLETED}
    assert sum(counted) == task.cost_nanousd == sum(agent.cost_nanousd for agent in agents)
    eventually(lambda: not agents_alive(home), within=5)
    assert len(list((home / "agent_logs" / task_id).iterdir())) == len(task.workflow)


@pytest.mark.timeout(120)
def test_a_task_cancelled_while_nobody_runs_stays_cancelled(
    host: Host, store: Store, home: Path, eventually: Callable[..., None]
) -> None:
    task_id = submit(store, home / "work")
    eventually(lambda: at_work(store, task_id, "analyst"), within=60)
    host.kill()
    with store.write(durable=True) as ledger:
        ledger.append(e.TaskMoved(task_id=task_id, to=TaskStatus.CANCELLED, why="Cancelled by test.", by="test"))
    host.restart()

    def settled() -> bool:
        with store.read() as board:
            return not board.agents(AgentFilter(task_id=task_id, live=True)).items

    eventually(settled, within=20)
    assert attempts(store, task_id)["analyst"] == 1
    assert not agents_alive(home)
    assert look(store, task_id).status is TaskStatus.CANCELLED


@pytest.mark.timeout(120)
def test_what_was_told_around_a_crash_is_read_when_the_step_goes_on(
    host: Host, store: Store, home: Path, eventually: Callable[..., None]
) -> None:
    """The one just before the kill and the one while nobody runs; the agent's session holds both afterwards."""
    task_id = submit(store, home / "work")
    eventually(lambda: at_work(store, task_id, "analyst"), within=60)
    with store.read() as board:
        (agent,) = board.agents(AgentFilter(task_id=task_id, live=True)).items
    ids = {"task_id": task_id, "agent_id": agent.id}
    with store.write(durable=True) as ledger:
        ledger.append(e.AgentTold(**ids, words="first words", by="ana"))
    host.kill()
    with store.write(durable=True) as ledger:
        last = ledger.append(e.AgentTold(**ids, words="second words", by="ana"))
    host.restart()

    def heard() -> list[int]:
        with store.read() as board:
            log = board.events(task_id=task_id, limit=1000)
        return [entry.event.told for entry in log if isinstance(entry.event, e.AgentHeard)]

    eventually(lambda: heard()[-1:] == [last], within=60)
    with store.read() as board:
        session = board.agent(agent.id).session_id
    (path,) = (home / "demo" / "config" / "projects").glob(f"*/{session}.jsonl")
    said = [line for line in path.read_text().splitlines() if '"type":"user"' in line]
    assert sum("first words" in line for line in said) >= 1, "said again rather than lost"
    assert sum("second words" in line for line in said) == 1
    with store.write(durable=True) as ledger:
        ledger.append(e.TaskMoved(task_id=task_id, to=TaskStatus.CANCELLED, by="test"))
    eventually(lambda: not agents_alive(home), within=20)
    with store.read() as board:
        assert board.agent(agent.id).session_id == session
