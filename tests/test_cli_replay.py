"""A task at any moment, at a terminal."""

from __future__ import annotations

import json

from data.domain import events as e
from data.domain.agents import AgentStatus
from data.domain.tasks import TaskStatus
from data.store import Store
from orchestrator_adapter.api.replay import ReplayShape
from tests.terminal import Run, home, run, said, sentence, store, submit
from tests.test_cli_control import begin

__all__ = ["home", "run", "store"]


def test_a_task_is_shown_as_it_stood_and_as_it_stands(run: Run, store: Store):
    task = submit(run)
    with store.write() as ledger:
        ids = begin(ledger, task.id)
        clock = ledger.append(e.Activity(**ids, words="editing calc.py"))
        ledger.append(e.AgentMoved(**ids, to=AgentStatus.FAILED, why="The tests fail."))
        ledger.append(e.TaskMoved(task_id=task.id, to=TaskStatus.FAILED, why="Step builder: The tests fail."))
    now, then = said(run("replay", task.id)), said(run("replay", task.id, "--at", str(clock)))
    assert "Task failed" in now
    assert "The tests fail." in now
    assert f"clock {clock}: event 6 of 8" in then
    assert "Task in progress" in then
    assert "editing calc.py" in then
    assert "The tests fail." not in then
    shown = ReplayShape.model_validate(json.loads(said(run("replay", task.id, "--at", str(clock), "--json"))))
    assert shown.clock == str(clock)
    assert [agent.activity for agent in shown.agents] == ["editing calc.py"]


def test_what_names_no_moment_is_one_sentence(run: Run, store: Store):
    task = submit(run)
    assert sentence(run("replay", task.id, "--at", "yesterday")).startswith("at is the clock of an event or a time")
