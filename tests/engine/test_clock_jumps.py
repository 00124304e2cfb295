"""The clock of the machine is set back and forth while agents work: nothing breaks or takes less than no time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from data.domain.agents import Role
from data.domain.approvals import Approval, ApprovalStatus
from data.domain.budgets import Budget, Period, Scope
from data.domain.tasks import Task, TaskStatus
from data.store import AgentFilter
from orchestrator_adapter import commands
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.api import shapes
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.engine import names, step
from orchestrator_adapter.runners import Answer
from orchestrator_adapter.views import live
from tests.engine.cast import Cast, submit

Ended = Callable[[Deck, str], Task]
Launch = Callable[..., Deck]
Eventually = Callable[..., None]
HOUR = timedelta(hours=1)


@pytest.fixture
def jump(launch: Launch) -> Callable[[Deck, timedelta], None]:
    """Sets the clock of a deck's store."""

    def by(deck: Deck, off: timedelta) -> None:
        deck.store.now = lambda: datetime.now(UTC) + off

    return by


def look(deck: Deck, task_id: str) -> Task:
    with deck.store.read() as board:
        return board.task(task_id)


@pytest.mark.parametrize("off", [-HOUR, HOUR])
def test_a_task_over_a_jump(
    launch: Launch, jump: Callable[..., None], ended: Ended, eventually: Eventually, off: timedelta
) -> None:
    cast = Cast(hold={Role.BUILDER: threading.Event()})
    deck = launch(cast)
    budget = Budget("", "Daily", Scope.FLEET, Period.DAY, limit_nanousd=10**9, simulated=True)
    commands.set_budget(deck, LOCAL, budget)
    task_id = submit(deck, "Quick fix").id
    eventually(lambda: look(deck, task_id).cost_nanousd)
    jump(deck, off)
    cast.hold[Role.BUILDER].set()
    task = ended(deck, task_id)
    assert (task.status, task.error, task.cost_nanousd) == (TaskStatus.COMPLETED, None, 2_000_000)
    now = deck.store.now()
    with deck.store.read() as board:
        agents = board.agents(AgentFilter(task_id=task_id)).items
        steps = board.step_times(task_id)
        elements = live.task(board, task_id, now) | live.fleet(board, now)
        (usage,) = board.budgets(now)
        past = board.past_tasks(simulated=True)
    for shape in [shapes.task(task), *map(shapes.agent, agents)]:
        assert shape["duration_s"] >= 0
    assert all(s.started_at and s.ended_at and s.ended_at >= s.started_at for s in steps)
    assert all((e["ended_at"] or 0) >= (e["started_at"] or 0) for e in elements.values() if e.get("ended_at"))
    assert usage.spent.nanousd in (0, 1_000_000, 2_000_000), "what was spent today, by the clock of the moment"
    assert all(one.duration_ms >= 0 for one in past)


def test_a_question_is_not_denied_early_by_a_clock_set_back(
    launch: Launch, jump: Callable[..., None], eventually: Eventually
) -> None:
    cast = Cast(hold={Role.BUILDER: threading.Event()})
    deck = launch(cast)
    submit(deck, "Quick fix")
    eventually(lambda: cast.jobs)
    desk, job = step.bench().desk, cast.jobs[0]
    with deck.store.write() as ledger:
        run = ledger.run(names.step_run(job.task_id, job.step))
    assert run is not None
    desk.patience = timedelta(seconds=1)

    async def ask_and_jump(answer: bool) -> Answer:
        asking = asyncio.create_task(desk.ask(run, job, "Bash", {"command": "ls"}, "ls"))
        await asyncio.to_thread(eventually, lambda: waiting(deck))
        jump(deck, -HOUR)
        await asyncio.sleep(0.3)
        assert not asking.done()
        if answer:
            commands.answer_approval(deck, LOCAL, waiting(deck)[0].id, allow=True)
        return await asking

    assert asyncio.run(ask_and_jump(answer=True)) == Answer(True)
    jump(deck, timedelta())
    assert not asyncio.run(ask_and_jump(answer=False)).allowed, "a second is a second, whatever the clock says"
    with deck.store.read() as board:
        assert {asked.status for asked in board.approvals_answered()} == {
            ApprovalStatus.ALLOWED,
            ApprovalStatus.EXPIRED,
        }
    cast.hold[Role.BUILDER].set()


def waiting(deck: Deck) -> list[Approval]:
    with deck.store.read() as board:
        return board.approvals_waiting()
