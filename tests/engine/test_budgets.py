"""Budgets that limit: reserve, meter, and act in the transaction that counts; the overshoot has a bound."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from data.domain import events as e
from data.domain.budgets import Act, Budget, Period, Scope, Stage
from data.domain.errors import BudgetInvalid, BudgetNotFound, ModelUnknown
from data.domain.events import Event
from data.domain.money import NANO, Tokens
from data.domain.tasks import Task, TaskStatus
from data.store import AgentFilter
from orchestrator_adapter import commands
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.runners import Job, Reply
from tests.engine.cast import REPORT, submit

Ended = Callable[[Deck, str], Task]
Launch = Callable[..., Deck]
Eventually = Callable[..., None]
CENT = NANO // 100


@dataclass
class Spender:
    """Agents that spend a cent a reply until they are stopped, or have sent their replies."""

    replies: int = 1000
    in_flight: int = 1
    """Replies that a stopped agent still has to tell."""
    jobs: list[Job] = field(default_factory=list)
    sent: int = 0
    go: threading.Event = field(default_factory=threading.Event)

    def run(self, job: Job) -> AsyncIterator[Event | Reply]:
        self.jobs.append(job)
        return Spending(self, job)


class Spending(AsyncIterator[Event | Reply]):
    def __init__(self, of: Spender, job: Job) -> None:
        self.of, self.job, self.count = of, job, 0
        self.leftover: tuple[Event, ...] = ()

    def _reply(self) -> Event:
        self.count += 1
        self.of.sent += 1
        return e.MessageMetered(
            task_id=self.job.task_id,
            agent_id=self.job.agent_id,
            message_id=f"{self.job.agent_id}-{self.count}",
            model="claude-sonnet-5-5",
            tokens=Tokens(100, 100),
            cost_nanousd=CENT,
        )

    async def __anext__(self) -> Event | Reply:
        if self.count == self.of.replies:
            self.count += 1
            return Reply(REPORT.format(role=self.job.role.value))
        if self.count > self.of.replies:
            raise StopAsyncIteration
        if self.job.counted is not None and self.count:  # as before a call of a tool
            await self.job.counted(self._last)
        await asyncio.sleep(0.15)  # an agent's replies are a second and more apart
        return self._reply()

    async def _last(self) -> str:
        return f"{self.job.agent_id}-{self.count}"

    async def aclose(self) -> None:
        if self.count <= self.of.replies and not self.leftover:
            self.leftover = tuple(self._reply() for _ in range(self.of.in_flight))


def look(deck: Deck, task_id: str) -> Task:
    with deck.store.read() as board:
        return board.task(task_id)


def set_budget(deck: Deck, **values: object) -> Budget:
    start: dict[str, object] = {"id": "", "name": "Daily", "scope": Scope.FLEET, "period": Period.DAY}
    start |= {"limit_nanousd": 10 * CENT, "simulated": True}
    return commands.set_budget(deck, LOCAL, Budget(**(start | values)))  # type: ignore[arg-type]


def settled(deck: Deck, task_id: str) -> bool:
    with deck.store.read() as board:
        live = [a for a in board.agents(AgentFilter(task_id=task_id)).items if a.live]
    return look(deck, task_id).status is TaskStatus.PAUSED and not live


def test_a_task_budget_interrupts_and_says_what_was_spent(launch: Launch, eventually: Eventually) -> None:
    spender = Spender()
    deck = launch(spender)
    task_id = submit(deck, "Quick fix", budget_nanousd=5 * CENT).id
    eventually(lambda: settled(deck, task_id), within=20)
    task = look(deck, task_id)
    with deck.store.read() as board:
        told = [entry.event for entry in board.events(task_id=task_id) if isinstance(entry.event, e.TaskMoved)][-1]
    assert told.by == "budget"
    assert told.why.startswith('Budget "The budget of this task" is used up: $0.0')
    assert task.cost_nanousd == spender.sent * CENT, "everything billed is counted"
    assert task.cost_nanousd == (5 + spender.in_flight) * CENT
    assert len(spender.jobs) == 1


def test_raise_and_resume_goes_on(launch: Launch, eventually: Eventually, ended: Ended) -> None:
    spender = Spender(replies=15, in_flight=0)
    deck = launch(spender)
    budget = set_budget(deck)
    task_id = submit(deck, "Quick fix").id
    eventually(lambda: settled(deck, task_id), within=20)
    commands.resume_task(deck, LOCAL, task_id)
    eventually(lambda: settled(deck, task_id), within=20)
    assert len(spender.jobs) == 1, "resumed without raising: nothing may start"
    set_budget(deck, id=budget.id, limit_nanousd=100 * CENT)
    commands.resume_task(deck, LOCAL, task_id)
    assert ended(deck, task_id).status is TaskStatus.COMPLETED


def test_one_reached_fleet_budget_stops_every_task_under_it(launch: Launch, eventually: Eventually) -> None:
    spender = Spender()
    deck = launch(spender, QUARTERDECK_MAX_AGENTS="4")
    set_budget(deck, limit_nanousd=20 * CENT)
    tasks = [submit(deck, f"Quick fix {n}").id for n in range(4)]
    eventually(lambda: all(settled(deck, task_id) for task_id in tasks), within=30)
    total = sum(look(deck, task_id).cost_nanousd for task_id in tasks)
    assert total == spender.sent * CENT
    live = 4
    assert total <= (20 + live * (1 + spender.in_flight)) * CENT, "the reply that crosses, and one in flight, each"


def test_a_token_budget_stops_like_money(launch: Launch, eventually: Eventually) -> None:
    deck = launch(Spender())
    set_budget(deck, limit_nanousd=None, limit_tokens=2000)
    task_id = submit(deck, "Quick fix").id
    eventually(lambda: settled(deck, task_id), within=20)
    assert 2000 <= look(deck, task_id).tokens.total <= 3000


def test_warn_is_told_once_and_stops_nothing(launch: Launch, ended: Ended) -> None:
    deck = launch(Spender(replies=6))
    set_budget(deck, stages=(Stage(50, Act.WARN),))
    task = ended(deck, submit(deck, "Quick fix").id)
    assert task.status is TaskStatus.COMPLETED
    with deck.store.read() as board:
        reached = [entry.event for entry in board.fleet_events(["budget_reached"])]
    assert [(r.act, r.percent) for r in reached if isinstance(r, e.BudgetReached)] == [(Act.WARN, 50)]


def test_downgrade_gives_the_next_step_the_cheaper_model(launch: Launch, ended: Ended) -> None:
    spender = Spender(replies=6)
    deck = launch(spender)
    set_budget(deck, stages=(Stage(50, Act.DOWNGRADE),))
    ended(deck, submit(deck, "Quick fix").id)
    assert [job.model for job in spender.jobs] == [None, "claude-haiku-5-5"]


def test_pause_lets_the_running_step_finish(launch: Launch, eventually: Eventually) -> None:
    spender = Spender(replies=15)
    deck = launch(spender)
    set_budget(deck, stages=(Stage(100, Act.PAUSE),))
    task_id = submit(deck, "Quick fix").id
    eventually(lambda: settled(deck, task_id), within=20)
    task = look(deck, task_id)
    assert (task.cost_nanousd, len(spender.jobs)) == (15 * CENT, 1)
    assert task.workflow[0].status == "completed"


def test_simulated_money_never_touches_a_real_budget(launch: Launch, ended: Ended) -> None:
    deck = launch(Spender(replies=6))
    set_budget(deck, simulated=False, limit_nanousd=CENT)
    task = ended(deck, submit(deck, "Quick fix").id)
    assert task.status is TaskStatus.COMPLETED
    with deck.store.read() as board:
        assert board.budgets(deck.store.now())[0].spent.nanousd == 0


@pytest.mark.parametrize(
    ("scope", "subject", "stopped"),
    [
        (Scope.USER, "local", True),
        (Scope.USER, "somebody", False),
        (Scope.FOLDER, "/nowhere", False),
        (Scope.AGENT, "", True),
    ],
)
def test_a_budget_holds_for_its_scope_only(
    launch: Launch, eventually: Eventually, scope: Scope, subject: str, stopped: bool
) -> None:
    deck = launch(Spender(replies=15))
    set_budget(deck, scope=scope, subject=subject)
    task_id = submit(deck, "Quick fix").id
    eventually(lambda: look(deck, task_id).ended or settled(deck, task_id), within=20)
    assert (look(deck, task_id).status is TaskStatus.PAUSED) == stopped


def test_a_removed_budget_limits_nothing(launch: Launch, ended: Ended) -> None:
    deck = launch(Spender(replies=15))
    commands.remove_budget(deck, LOCAL, set_budget(deck).id)
    assert ended(deck, submit(deck, "Quick fix").id).status is TaskStatus.COMPLETED
    with pytest.raises(BudgetNotFound):
        commands.remove_budget(deck, LOCAL, "nobody")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"limit_nanousd": None}, "needs limit_usd or limit_tokens"),
        ({"limit_nanousd": 0}, "more than 0"),
        ({"limit_tokens": -1}, "more than 0"),
        ({"name": " "}, "name must have"),
        ({"scope": Scope.USER}, "must name the user"),
        ({"subject": "x"}, "have none"),
        ({"stages": ()}, "rising percents"),
        ({"stages": (Stage(90, Act.WARN), Stage(80, Act.PAUSE))}, "rising percents"),
        ({"stages": (Stage(101, Act.PAUSE),)}, "1 to 100"),
    ],
)
def test_a_budget_that_is_not_complete_is_refused(launch: Launch, wrong: dict[str, object], told: str) -> None:
    deck = launch(Spender())
    with pytest.raises(BudgetInvalid, match=told):
        set_budget(deck, **wrong)
    with deck.store.read() as board:
        assert board.budgets(deck.store.now()) == []


def test_a_cheaper_model_without_a_price_is_refused(launch: Launch) -> None:
    with pytest.raises(ModelUnknown):
        set_budget(launch(Spender()), cheaper_model="nobody-1")
