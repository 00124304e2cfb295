"""An orchestrator in a process of its own reports into our store: the very lines of the document, run."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from data.domain.agents import Agent, AgentStatus, Role
from data.domain.events import AgentMoved
from data.domain.tasks import Task, TaskStatus
from data.domain.workflows import StepStatus
from data.store import AgentFilter, Store, workers
from data.store import tables as t
from data.store.watch import Watcher
from orchestrator_adapter.ingest import attach, attach_lost

ROOT = Path(__file__).parents[2]
STAND_IN = Path(__file__).parent / "stand_in"


def snippet() -> str:
    """The program in the document."""
    text = (ROOT / "docs" / "attach.md").read_text(encoding="utf-8")
    part = text[text.index("## An orchestrator of your own") :]
    found = re.search(r"```python\n(.*?)```", part, re.DOTALL)
    assert found is not None
    return found[1]


@contextlib.contextmanager
def program(store: Store, story: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The document's program, as a process."""
    script = folder / "program.py"
    script.write_text(snippet(), encoding="utf-8")
    env = {k: v for k, v in os.environ.items() if not k.startswith("QUARTERDECK_")}
    env |= {
        "DATABASE_URL": store.url.render_as_string(hide_password=False),
        "PYTHONPATH": f"{ROOT}:{STAND_IN}",
        "STAND_IN": story,
        "STAND_IN_GO": str(folder / "go"),
    }
    process = subprocess.Popen(
        [sys.executable, script], cwd=folder, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def told(store: Store) -> tuple[Task, dict[Role, Agent]]:
    with store.read() as board:
        (task,) = board.tasks().items
        return task, {agent.role: agent for agent in board.agents(AgentFilter(task_id=task.id)).items}


def begun(store: Store, role: Role) -> bool:
    with store.read() as board:
        return any(agent.role is role and agent.status is AgentStatus.ACTIVE for agent in board.agents().items)


def test_the_lines_of_the_document_make_its_agents_appear_live(
    store: Store, tmp_path: Path, eventually: Callable[..., None]
):
    heard: list[AgentMoved] = []
    watcher = Watcher(store)
    watcher.start()
    store.listen(lambda _clock, news: heard.extend(n.event for n in news if isinstance(n.event, AgentMoved)))
    with program(store, "hold", tmp_path) as process:
        eventually(lambda: begun(store, Role.TESTER), within=30)
        eventually(lambda: len(heard) >= 5)
        eventually(lambda: told(store)[1][Role.TESTER].activity == "using Read")
        task, agents = told(store)
        assert (task.status, task.working_directory) == (TaskStatus.IN_PROGRESS, str(tmp_path))
        assert (agents[Role.PLANNER].status, agents[Role.BUILDER].status) == (AgentStatus.COMPLETED,) * 2
        attach_lost.look(store, store.now())
        assert begun(store, Role.TESTER), "who lives is left alone"
        (tmp_path / "go").touch()
        out, err = process.communicate(timeout=30)
    watcher.stop()
    assert (process.returncode, err) == (0, ""), out
    task, agents = told(store)
    assert task.status is TaskStatus.COMPLETED
    assert "tester did it" in (task.result or "")
    assert [(step.key, step.status) for step in task.workflow] == [
        (key, StepStatus.COMPLETED) for key in ("planner", "builder", "tester")
    ]
    assert task.workflow[1].depends_on == ("planner",)
    assert task.cost_nanousd == task.reported_nanousd == 400_000_000, "the planner's too, nothing twice"
    assert agents[Role.BUILDER].tokens.total == 4330
    assert task.analyst_reason == "It is simple."


def test_a_killed_orchestrator_leaves_nobody_at_work(store: Store, tmp_path: Path, eventually: Callable[..., None]):
    with program(store, "hold", tmp_path) as process:
        eventually(lambda: begun(store, Role.TESTER), within=30)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)
    attach_lost.look(store, store.now())
    attach_lost.look(store, store.now())
    task, agents = told(store)
    assert (task.status, agents[Role.TESTER].status) == (TaskStatus.FAILED, AgentStatus.FAILED)
    assert f"its process ({process.pid}) ended without a word" in (task.error or "")
    assert agents[Role.BUILDER].status is AgentStatus.COMPLETED
    assert (agents[Role.TESTER].unpriced_messages, agents[Role.BUILDER].unpriced_messages) == (1, 0)
    assert task.workflow[-1].status is StepStatus.FAILED


def test_one_on_another_machine_is_gone_after_a_minute_of_silence(lite: Store):
    run = attach.task(lite, "Fix it", roles=["builder", "tester"], working_directory="/src")
    run.created("u-1", "Builder", "builder")
    elsewhere = functools.partial(_elsewhere, lite, run.task_id)
    elsewhere(silent_ms=attach_lost.LEASE_MS - 5_000)
    attach_lost.look(lite, lite.now())
    assert told(lite)[0].status is TaskStatus.IN_PROGRESS
    elsewhere(silent_ms=attach_lost.LEASE_MS + 5_000)
    attach_lost.look(lite, lite.now())
    task, agents = told(lite)
    assert "on far-away has not said" in (task.error or "")
    assert agents[Role.BUILDER].status is AgentStatus.FAILED
    assert [step.status for step in task.workflow] == [StepStatus.SKIPPED] * 2
    run.started("u-1")
    run.finish(success=True, result="late")
    assert told(lite)[0].error == task.error, "what a program tells that comes back is refused, and hurts nobody"


def _elsewhere(store: Store, task_id: str, silent_ms: int) -> None:
    with store.write() as ledger:
        values = {"host": "far-away", "beat_at_ms": workers.now_ms(ledger.connection) - silent_ms}
        mine = t.attachments.c.task_id == task_id
        ledger.connection.execute(sa.update(t.attachments).where(mine).values(**values))


@pytest.mark.parametrize(("story", "status"), [("boom", TaskStatus.FAILED), ("cancel", TaskStatus.CANCELLED)])
def test_a_run_that_goes_wrong_is_told_as_it_was(lite: Store, tmp_path: Path, story: str, status: TaskStatus):
    with program(lite, story, tmp_path) as process:
        process.communicate(timeout=30)
    task, agents = told(lite)
    assert task.status is status
    assert all(not agent.live for agent in agents.values())
    if story == "boom":
        assert (agents[Role.BUILDER].error, agents[Role.TESTER].status) == ("boom", AgentStatus.COMPLETED)
        assert agents[Role.BUILDER].unpriced_messages == 1, "what it had used is not known, which is not nothing"
    else:
        assert agents[Role.TESTER].status is AgentStatus.CANCELLED
