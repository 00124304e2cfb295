"""Money: reserve before a step, meter every reply, and act in the transaction that counts the reply.

The bound: when a reply crosses a limit whose stage is `interrupt`, the tasks of the budget are paused in the same
transaction and their agents told to stop. More than the limit is billed only for that reply and for requests that were
already in flight: at most one for each live agent and sub-agent. That holds for agents that reply as fast as they can,
too: near the end of a budget no tool is called before the reply that calls it is counted, and without the tool's answer
an agent asks for nothing more. `max_budget_usd` of the command line is a second wall.
"""

from __future__ import annotations

from dataclasses import dataclass

from data.domain import events as e
from data.domain.budgets import Act, Budget, Scope, Spent, Stage, begins, reached
from data.domain.money import NANO, dollars
from data.domain.tasks import Task, TaskStatus
from data.store import Board, Ledger, spending
from data.store.rows import ms

REPLIES_AHEAD = 10
"""So many replies of one task may be asked for and not counted yet: two or three of each agent and sub-agent."""
FIRST_NANOUSD, FIRST_TOKENS = NANO // 20, 30_000
"""Taken for a reply of an agent of which none is known: five cents."""
STOPS = (Act.PAUSE, Act.INTERRUPT)
HOLDABLE = (TaskStatus.PENDING, TaskStatus.IN_PROGRESS, TaskStatus.WAITING)


@dataclass(frozen=True)
class Ruling:
    """What the budgets say about a step that wants to begin."""

    held: bool = False
    """The task was paused; the step must not begin."""
    model: str | None = None
    """The cheaper model it has to use."""


def before_step(ledger: Ledger, task: Task, run_id: str, estimate_nanousd: int) -> Ruling:
    """Reserve the money of a step, or hold its task; every budget that covers it is asked."""
    db = ledger.connection
    model = None
    for budget in spending.holding(db, task):
        used = spending.spent(db, budget, ledger.now())
        stage = reached(budget, used)
        if stage is not None and _act(ledger, budget, stage, used, task):
            return Ruling(held=True)
        if stage is not None and stage.act is Act.DOWNGRADE:
            model = budget.cheaper_model
        if _too_little(ledger, budget, used, run_id, estimate_nanousd):
            _hold(ledger, [task.id], _no_room(budget, used, estimate_nanousd), stop=False)
            return Ruling(held=True)
    ledger.reserve(run_id, estimate_nanousd)
    return Ruling(model=model)


@dataclass(frozen=True)
class Count:
    """What the budgets say about an agent at work."""

    stop: bool = False
    """It has to stop at once."""
    near: bool = False
    """So little is left that it must not ask for more before everything is counted."""


def meter(ledger: Ledger, task_id: str, agent_id: str, dearest: Spent) -> Count:
    """After a reply was counted: reach the stages it reached, and say what that means for its agent.

    `dearest`: what its dearest reply so far took.
    """
    db = ledger.connection
    task = Board(db).task(task_id)
    stop = near = False
    for budget in spending.holding(db, task):
        used = spending.spent(db, budget, ledger.now(), agent_id)
        stage = reached(budget, used)
        if stage is not None:
            _act(ledger, budget, stage, used, task, agent_id)
            stop = stop or stage.act is Act.INTERRUPT
        if not near and budget.stages[-1].act is Act.INTERRUPT:
            at_work = 1 + len(spending.running_under(db, budget, task_id))
            near = _near(budget, used, at_work * REPLIES_AHEAD, dearest)
    return Count(stop, near)


def _near(budget: Budget, used: Spent, replies: int, each: Spent) -> bool:
    """Whether so many replies could take all that is left."""
    nanousd, tokens = max(each.nanousd, FIRST_NANOUSD), max(each.tokens, FIRST_TOKENS)
    percent = budget.stages[-1].percent
    lefts = ((budget.limit_nanousd, used.nanousd, nanousd), (budget.limit_tokens, used.tokens, tokens))
    return any(limit is not None and limit * percent // 100 - taken <= replies * one for limit, taken, one in lefts)


def _act(ledger: Ledger, budget: Budget, stage: Stage, used: Spent, task: Task, agent_id: str = "") -> bool:
    """Tell of the stage once and do what it asks; whether this task is stopped by it."""
    start = begins(budget.period, ledger.now())
    period = 0 if start is None else ms(start)
    stops = stage.act in STOPS
    subject = agent_id if budget.scope is Scope.AGENT else task.id if stops else ""
    if not spending.was_reached(ledger.connection, budget.id, period, stage.percent, subject):
        ledger.append(
            e.BudgetReached(
                task_id=task.id,
                budget_id=budget.id,
                name=budget.name,
                act=stage.act,
                percent=stage.percent,
                spent_nanousd=used.nanousd,
                spent_tokens=used.tokens,
                limit_nanousd=budget.limit_nanousd,
                limit_tokens=budget.limit_tokens,
                period_ms=period,
                subject=subject,
            )
        )
    if stops:
        tasks = spending.running_under(ledger.connection, budget, task.id)
        _hold(ledger, tasks, told(budget, used), stop=stage.act is Act.INTERRUPT)
    return stops


def _hold(ledger: Ledger, task_ids: list[str], why: str, *, stop: bool) -> None:
    for task_id in task_ids:
        if ledger.task_status(task_id) in HOLDABLE:
            ledger.append(e.TaskMoved(task_id=task_id, to=TaskStatus.PAUSED, why=why, by="budget", stop_agents=stop))


def told(budget: Budget, used: Spent) -> str:
    """`Budget "Daily" is used up: $10.02 of $10.00 a day. Raise it and resume, or keep the task paused.`"""
    return f'Budget "{budget.name}" is used up: {_amounts(budget, used)}. Raise it and resume, or keep the task paused.'


def _amounts(budget: Budget, used: Spent) -> str:
    parts = []
    if budget.limit_nanousd is not None:
        parts.append(f"{dollars(used.nanousd)} of {dollars(budget.limit_nanousd)}")
    if budget.limit_tokens is not None:
        parts.append(f"{used.tokens:,} of {budget.limit_tokens:,} tokens")
    period = "" if budget.period == "total" else f" this {budget.period}"
    return " and ".join(parts) + period


def _no_room(budget: Budget, used: Spent, estimate: int) -> str:
    return (
        f'Budget "{budget.name}" has no room for the next step, which takes about {dollars(estimate)}: '
        f"{_amounts(budget, used)}. Raise it and resume, or keep the task paused."
    )


def _too_little(ledger: Ledger, budget: Budget, used: Spent, run_id: str, estimate: int) -> bool:
    """Whether the estimate does not fit, although something was spent or reserved already.

    A first step is let in: otherwise a budget smaller than a guess could never be used at all.
    """
    if budget.limit_nanousd is None or budget.stages[-1].act not in STOPS or budget.scope is Scope.AGENT:
        return False
    others = used.nanousd + spending.reserved(ledger.connection, budget, run_id)
    return others > 0 and others + estimate > budget.limit_nanousd
