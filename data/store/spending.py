"""Budgets in the store: what they are, what was spent of them, and which tasks they hold for."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from data.domain import events as e
from data.domain.budgets import Act, Budget, Period, Scope, Spent, Stage, begins
from data.domain.errors import BudgetNotFound
from data.domain.tasks import Task
from data.store import tables as t
from data.store.rows import Row, ms

_KINDS = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")
_RUNNING = ("in_progress", "waiting", "pending")


@dataclass(frozen=True)
class Usage:
    """A budget with what was used of it in its current period."""

    budget: Budget
    spent: Spent
    reserved_nanousd: int
    """Held back for steps that are running."""


def fold(db: sa.Connection, rev: int, at_ms: int, event: e.BudgetSet | e.BudgetRemoved | e.BudgetReached) -> None:
    match event:
        case e.BudgetSet():
            _set(db, rev, event)
        case e.BudgetRemoved():
            gone = sa.update(t.budgets).where(t.budgets.c.id == event.budget_id, t.budgets.c.removed_at_ms.is_(None))
            if db.execute(gone.values(rev=rev, removed_at_ms=at_ms)).rowcount == 0:
                raise BudgetNotFound(f"There is no budget {event.budget_id}.", budget_id=event.budget_id)
        case e.BudgetReached():
            if not was_reached(db, event.budget_id, event.period_ms, event.percent, event.subject):
                keys = {"budget_id": event.budget_id, "period_ms": event.period_ms, "percent": event.percent}
                db.execute(sa.insert(t.budget_stages).values(**keys, subject=event.subject, at_ms=at_ms))


def _set(db: sa.Connection, rev: int, event: e.BudgetSet) -> None:
    """Write the budget; a changed one may reach its stages again."""
    db.execute(sa.delete(t.budget_stages).where(t.budget_stages.c.budget_id == event.budget_id))
    values = {
        "rev": rev,
        "name": event.name,
        "scope": event.scope.value,
        "period": event.period.value,
        "subject": event.subject,
        "limit_nanousd": event.limit_nanousd,
        "limit_tokens": event.limit_tokens,
        "stages": json.dumps([[stage.percent, stage.act.value] for stage in event.stages]),
        "cheaper_model": event.cheaper_model,
        "simulated": event.simulated,
        "removed_at_ms": None,
    }
    if db.execute(sa.update(t.budgets).where(t.budgets.c.id == event.budget_id).values(**values)).rowcount == 0:
        db.execute(sa.insert(t.budgets).values(id=event.budget_id, **values))


def was_reached(db: sa.Connection, budget_id: str, period_ms: int, percent: int, subject: str) -> bool:
    c = t.budget_stages.c
    where = (c.budget_id == budget_id) & (c.period_ms == period_ms) & (c.percent == percent) & (c.subject == subject)
    return db.execute(sa.select(c.at_ms).where(where)).first() is not None


def _budget(row: Row) -> Budget:
    return Budget(
        id=row["id"],
        name=row["name"],
        scope=Scope(row["scope"]),
        period=Period(row["period"]),
        subject=row["subject"],
        limit_nanousd=row["limit_nanousd"],
        limit_tokens=row["limit_tokens"],
        stages=tuple(Stage(percent, Act(act)) for percent, act in json.loads(row["stages"])),
        cheaper_model=row["cheaper_model"],
        simulated=row["simulated"],
    )


def budgets(db: sa.Connection) -> list[Budget]:
    """All that hold, by name."""
    query = sa.select(t.budgets).where(t.budgets.c.removed_at_ms.is_(None)).order_by(t.budgets.c.name)
    return [_budget(row) for row in db.execute(query).mappings()]


def budget(db: sa.Connection, budget_id: str) -> Budget:
    """Raises BudgetNotFound."""
    found = next((b for b in budgets(db) if b.id == budget_id), None)
    if found is None:
        raise BudgetNotFound(f"There is no budget {budget_id}.", budget_id=budget_id)
    return found


def own(task: Task) -> Budget | None:
    """The limit that was set when the task was submitted."""
    if task.budget_nanousd is None:
        return None
    return Budget(
        id=f"task:{task.id}",
        name="The budget of this task",
        scope=Scope.TASK,
        period=Period.TOTAL,
        subject=task.id,
        limit_nanousd=task.budget_nanousd,
        simulated=task.simulated,
    )


def holding(db: sa.Connection, task: Task) -> list[Budget]:
    """Every budget that this task's spending counts for."""
    mine = [b for b in budgets(db) if b.simulated == task.simulated and _covers(b, task)]
    own_one = own(task)
    return [*mine, own_one] if own_one else mine


def _covers(budget: Budget, task: Task) -> bool:
    match budget.scope:
        case Scope.FLEET | Scope.AGENT:
            return True
        case Scope.TASK:
            return budget.subject == task.id
        case Scope.USER:
            return budget.subject == task.created_by
        case Scope.FOLDER:
            folder = budget.subject.rstrip("/")
            return task.working_directory == folder or task.working_directory.startswith(f"{folder}/")


def _whose(budget: Budget, task_id: sa.Column[str]) -> list[sa.ColumnElement[bool]]:
    """Conditions on rows that have a task."""
    if budget.scope is Scope.TASK:
        return [task_id == budget.subject]
    if budget.scope not in (Scope.USER, Scope.FOLDER):
        return []
    ids = sa.select(t.tasks.c.id)
    if budget.scope is Scope.USER:
        return [task_id.in_(ids.where(t.tasks.c.created_by == budget.subject))]
    folder = budget.subject.rstrip("/")
    below = t.tasks.c.working_directory.startswith(f"{folder}/", autoescape=True)
    return [task_id.in_(ids.where(sa.or_(t.tasks.c.working_directory == folder, below)))]


def spent(db: sa.Connection, budget: Budget, now: datetime, agent_id: str = "") -> Spent:
    """What was used in the current period; of an agent budget, by that agent.

    Sessions that were imported do not count: no budget can hold them back, and reading them in must stop nobody.
    """
    c = t.messages.c
    tokens: sa.ColumnElement[Any] = sa.literal(0)
    for kind in _KINDS:
        tokens = tokens + c[f"tokens_{kind}"]
    sums = [sa.func.coalesce(sa.func.sum(value), 0) for value in (c.cost_nanousd, tokens)]
    where = [c.simulated.is_(budget.simulated), c.imported.is_(False), *_whose(budget, c.task_id)]
    start = begins(budget.period, now)
    if start is not None:
        where.append(c.at_ms >= ms(start))
    if budget.scope is Scope.AGENT:
        where.append(c.agent_id == agent_id)
    money, used = db.execute(sa.select(*sums).where(*where)).one()
    return Spent(int(money), int(used))


def reserved(db: sa.Connection, budget: Budget, except_run: str = "") -> int:
    """Nano-dollars held back for running steps, beyond what their agents have used already."""
    if budget.scope is Scope.AGENT:
        return 0
    c = t.step_runs.c
    left = c.reserved_nanousd - sa.func.coalesce(t.agents.c.cost_nanousd, 0)
    query = (
        sa.select(sa.func.coalesce(sa.func.sum(sa.case((left > 0, left), else_=0)), 0))
        .select_from(
            t.step_runs.join(t.tasks, t.tasks.c.id == c.task_id).outerjoin(t.agents, t.agents.c.id == c.agent_id)
        )
        .where(c.outcome.is_(None), c.run_id != except_run, t.tasks.c.status.in_(_RUNNING))
        .where(t.tasks.c.simulated.is_(budget.simulated), *_whose(budget, c.task_id))
    )
    return int(db.execute(query).scalar_one())


def running_under(db: sa.Connection, budget: Budget, task_id: str) -> list[str]:
    """Tasks under way that a reached budget stops: all of its scope, or the one task."""
    if budget.scope in (Scope.TASK, Scope.AGENT):
        return [task_id]
    c = t.tasks.c
    where = [c.status.in_(_RUNNING), c.simulated.is_(budget.simulated), *_whose(budget, c.id)]
    return list(db.execute(sa.select(c.id).where(*where).order_by(c.created_at_ms)).scalars())


def usage(db: sa.Connection, now: datetime, wanted: Iterable[Budget] | None = None) -> list[Usage]:
    """Every budget with its state."""
    found = budgets(db) if wanted is None else wanted
    return [Usage(b, spent(db, b, now), reserved(db, b)) for b in found]
