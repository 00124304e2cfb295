"""SIGKILL at seeded places: of the server over and over, of an agent's process alone, of a tool alone; and SIGTERM."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa

from data.domain import events as e
from data.domain.agents import Agent, AgentStatus, Role, Runtime
from data.domain.tasks import Task, TaskStatus
from data.store import AgentFilter, Store
from data.store import tables as t
from orchestrator_adapter import commands
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.runners.demo import DemoRunner
from tests.engine.killing import ROOT, Ground
from tests.engine.test_crash import agents_alive, attempts, look, submit
from tests.runners.real_agents import bash, serving

Launch = Callable[..., Deck]
Ended = Callable[[Deck, str], Task]
Eventually = Callable[..., None]
KILLS = 12


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_server_that_is_killed_over_and_over_does_everything_once(tmp_path: Path) -> None:
    ground = Ground(tmp_path / "home", seed=20261124)
    try:
        ground.kill(KILLS)
    finally:
        ground.close()
    found = ground.found
    assert sum(found.kills.values()) == KILLS
    assert found.kills["finish"] > 0, "between the end of a step in our store and the engine's checkpoint"
    assert found.run_again == 0
    assert found.completed > 0
    assert found.to_first_step_s, "some kill met a step at work"
    assert found.kills["reply"] > 0, "between a reply that is paid and its record"
    assert found.most_unseen_nanousd > 0
    assert found.unseen_nanousd == 0


def agents_of(deck: Deck, task_id: str) -> list[Agent]:
    with deck.store.read() as board:
        return board.agents(AgentFilter(task_id=task_id)).items


def told(deck: Deck, task_id: str, kind: type) -> list:
    with deck.store.read() as board:
        events = [entry.event for entry in board.events(task_id=task_id, limit=10_000)]
    return [event for event in events if isinstance(event, kind)]


@pytest.mark.cli
def test_an_agent_whose_process_is_killed_goes_on_in_its_session(
    launch: Launch, tmp_path: Path, ended: Ended, eventually: Eventually
) -> None:
    deck = launch(None, runners={Runtime.DEMO: DemoRunner(tmp_path / "home", pace=0.3)})
    agent = commands.start_agent(deck, LOCAL, Role.BUILDER, "Fix add()", runtime=Runtime.DEMO, scenario="success")
    eventually(lambda: agents_of(deck, agent.task_id)[0].tool_calls, within=30)
    (session,) = told(deck, agent.task_id, e.SessionStarted)
    psutil.Process(session.pid).kill()
    task = ended(deck, agent.task_id)
    assert (task.status, task.error) == (TaskStatus.COMPLETED, None)
    (retried,) = told(deck, agent.task_id, e.StepRetried)
    assert (retried.why, retried.attempt) == ("its process died", 2)
    assert [s.session_id for s in told(deck, agent.task_id, e.SessionStarted)] == [session.session_id] * 2
    (after,) = agents_of(deck, agent.task_id)
    assert after.cost_nanousd == task.cost_nanousd > 0
    assert after.status is AgentStatus.COMPLETED
    assert agents_alive(tmp_path / "home") == []


@pytest.mark.cli
def test_a_tool_that_is_killed_is_an_answer_and_no_end(
    launch: Launch, tmp_path: Path, ended: Ended, eventually: Eventually
) -> None:
    asleep = "sleep 31.4159"
    done = {"text": "## Summary\nThe command was killed, and I went on.\n\nVerdict: PASS"}
    with serving(tmp_path / "cli", bash(asleep), done) as runner:
        deck = launch(None, runners={Runtime.DEMO: runner})
        agent = commands.start_agent(deck, LOCAL, Role.BUILDER, "Sleep", runtime=Runtime.DEMO, scenario="success")

        def sleepers() -> list[psutil.Process]:
            return [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == asleep.split()]

        eventually(sleepers, within=30)
        sleepers()[0].kill()
        task = ended(deck, agent.task_id)
    assert (task.status, task.error) == (TaskStatus.COMPLETED, None)
    assert told(deck, agent.task_id, e.StepRetried) == []
    assert told(deck, agent.task_id, e.ToolReturned)[0].is_error


def serve(home: Path) -> subprocess.Popen[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("QUARTERDECK_", "ANTHROPIC_", "CLAUDE"))}
    env = clean | {"QUARTERDECK_HOME": str(home), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "orchestrator_adapter", "serve", "--port", "0"]
    server = subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    assert server.stdout.readline().startswith("Quarterdeck is at")
    return server


@pytest.mark.slow
@pytest.mark.cli
@pytest.mark.timeout(180)
def test_a_server_that_is_told_to_end_is_quick_and_leaves_its_work_to_the_next(
    tmp_path: Path, eventually: Eventually
) -> None:
    """By the system, then by Ctrl-C; the third one ends the work."""
    home = tmp_path / "home"
    store = Store.open(f"sqlite:///{home / 'quarterdeck.sqlite'}")
    task_id = submit(store, home / "work")
    for number, told_to_end in enumerate((signal.SIGTERM, signal.SIGINT), 1):
        server = serve(home)
        eventually(lambda: agents_alive(home), within=30)
        eventually(lambda n=number: max(attempts(store, task_id).values()) >= n, within=30)
        began = time.monotonic()
        server.send_signal(told_to_end)
        server.communicate(timeout=20)
        assert time.monotonic() - began < 3
        eventually(lambda: not agents_alive(home), within=3)
        assert look(store, task_id).status is TaskStatus.IN_PROGRESS
        with store.read() as board:
            runs = board.connection.execute(sa.select(t.step_runs).where(t.step_runs.c.task_id == task_id)).mappings()
            assert {run["attempts"] - run["spared"] for run in runs if run["outcome"] is None} == {0}, "no death"
    server = serve(home)
    try:
        eventually(lambda: look(store, task_id).ended, within=90)
    finally:
        server.terminate()
        server.communicate(timeout=20)
    task = look(store, task_id)
    assert (task.status, task.error) == (TaskStatus.COMPLETED, None)
    with store.read() as board:
        agents = board.agents(AgentFilter(task_id=task_id)).items
        counted = sum(m.cost_nanousd or 0 for agent in agents for m in board.messages(agent.id))
    assert counted == task.cost_nanousd == sum(agent.cost_nanousd for agent in agents)
    assert len(agents) == len(task.workflow)
    store.close()
