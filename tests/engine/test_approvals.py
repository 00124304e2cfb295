"""Tool calls that wait for a person: asked, answered, timed out, kept over a restart; with real agents."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from data.domain.agents import AgentStatus, Runtime
from data.domain.approvals import AnswerScope, Approval, ApprovalStatus
from data.domain.errors import ApprovalNotFound, InvalidField, TooLate
from data.domain.tasks import AnalystChoice, Draft, Task, TaskStatus, TaskType
from data.store import AgentFilter
from orchestrator_adapter import commands
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.engine import step
from orchestrator_adapter.runners import Runner
from orchestrator_adapter.runners.demo import DemoRunner

pytestmark = [pytest.mark.cli]

Ended = Callable[[Deck, str], Task]
Eventually = Callable[..., None]


@pytest.fixture
def deck(launch: Callable[..., Deck], tmp_path) -> Deck:
    runners: dict[Runtime, Runner] = {Runtime.DEMO: DemoRunner(tmp_path / "home", pace=0)}
    return launch(None, runners=runners)


def submit(deck: Deck, *tools: str) -> str:
    draft = Draft("Fix add()", TaskType.BUG_FIX, AnalystChoice.SKIP, runtime=Runtime.DEMO, scenario="success")
    return commands.submit_task(deck, LOCAL, Draft(**(vars(draft) | {"ask_tools": tools}))).id


def waiting(deck: Deck) -> list[Approval]:
    with deck.store.read() as board:
        return board.approvals_waiting()


def look(deck: Deck, task_id: str) -> Task:
    with deck.store.read() as board:
        return board.task(task_id)


def statuses(deck: Deck, task_id: str) -> list[AgentStatus]:
    with deck.store.read() as board:
        return [agent.status for agent in board.agents(AgentFilter(task_id=task_id)).items]


def test_an_agent_waits_until_a_person_allows(deck: Deck, ended: Ended, eventually: Eventually) -> None:
    task_id = submit(deck, "Edit")
    eventually(lambda: waiting(deck), within=30)
    asked = waiting(deck)[0]
    assert (asked.tool, asked.words, asked.status) == ("Edit", "editing calc.py", ApprovalStatus.WAITING)
    assert json.loads(deck.store.blob(asked.input_blob))["new_string"] == "return a + b"
    assert look(deck, task_id).status is TaskStatus.WAITING
    assert statuses(deck, task_id) == [AgentStatus.WAITING]
    answered = commands.answer_approval(deck, LOCAL, asked.id, allow=True)
    assert (answered.status, answered.answered_by) == (ApprovalStatus.ALLOWED, "local")
    task = ended(deck, task_id)
    assert (task.status, task.error) == (TaskStatus.COMPLETED, None)
    with pytest.raises(TooLate, match="already allowed by local"):
        commands.answer_approval(deck, LOCAL, asked.id, allow=False)


def test_a_denial_reaches_the_agent_with_its_reason(deck: Deck, ended: Ended, eventually: Eventually) -> None:
    task_id = submit(deck, "Edit")
    eventually(lambda: waiting(deck), within=30)
    commands.answer_approval(deck, LOCAL, waiting(deck)[0].id, allow=False, reason="not on a Sunday")
    task = ended(deck, task_id)
    assert task.status is TaskStatus.FAILED
    with deck.store.read() as board:
        told = [r.event for r in board.events(task_id=task_id) if r.event.kind == "tool_returned"]
    assert any("not on a Sunday" in getattr(event, "preview", "") for event in told)


def test_allowed_for_the_task_asks_no_more(deck: Deck, ended: Ended, eventually: Eventually) -> None:
    task_id = submit(deck, "Read")
    eventually(lambda: waiting(deck), within=30)
    commands.answer_approval(deck, LOCAL, waiting(deck)[0].id, allow=True, scope=AnswerScope.TASK)
    assert ended(deck, task_id).status is TaskStatus.COMPLETED
    with deck.store.read() as board:
        assert len(board.approvals_answered()) == 1


def test_nobody_answering_denies(deck: Deck, ended: Ended) -> None:
    step.bench().desk.patience = timedelta(seconds=0.2)
    task_id = submit(deck, "Edit")
    assert ended(deck, task_id).status is TaskStatus.FAILED
    with deck.store.read() as board:
        assert [a.status for a in board.approvals_answered()] == [ApprovalStatus.EXPIRED]


def test_a_cancelled_agent_withdraws_its_question(deck: Deck, eventually: Eventually) -> None:
    task_id = submit(deck, "*")
    eventually(lambda: waiting(deck), within=30)
    asked = waiting(deck)[0]
    commands.cancel_task(deck, LOCAL, task_id)
    eventually(lambda: statuses(deck, task_id) == [AgentStatus.CANCELLED])
    with deck.store.read() as board:
        assert board.approval(asked.id).status is ApprovalStatus.WITHDRAWN


def test_a_question_survives_a_restart(
    launch: Callable[..., Deck], tmp_path, ended: Ended, eventually: Eventually
) -> None:
    """Answered while nobody runs; the agent goes on in its session, asks the same, and is told at once."""
    runners: dict[Runtime, Runner] = {Runtime.DEMO: DemoRunner(tmp_path / "home", pace=0)}
    first = launch(None, runners=runners)
    task_id = submit(first, "Edit")
    eventually(lambda: waiting(first), within=30)
    asked = waiting(first)[0]
    first.close()
    for path in first.settings.home.glob("engine.sqlite*"):
        path.unlink()
    second = launch(None, runners=runners, answer=asked.id)
    task = ended(second, task_id)
    assert task.status is TaskStatus.COMPLETED
    with second.store.read() as board:
        assert [a.id for a in board.approvals_answered()] == [asked.id], "asked once"


def test_bad_answers_and_lists_are_refused(deck: Deck) -> None:
    with pytest.raises(ApprovalNotFound):
        commands.answer_approval(deck, LOCAL, "nobody", allow=True)
    with pytest.raises(InvalidField, match="ask_tools"):
        submit(deck, "rm -rf")
