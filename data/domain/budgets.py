"""Budgets: how much may be spent, by whom or where, in which period, and what happens on the way there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from data.domain.errors import BudgetInvalid


class Scope(StrEnum):
    """Whose spending a budget limits."""

    FLEET = "fleet"
    TASK = "task"
    AGENT = "agent"
    """Each single agent, of whatever task."""
    USER = "user"
    FOLDER = "folder"
    """Every task that works in the folder or below it."""


class Period(StrEnum):
    """The stretch of time that is added up; days, weeks (from Monday) and months begin at midnight UTC."""

    TOTAL = "total"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Act(StrEnum):
    """What happens when a share of a budget is used, from mild to strict."""

    WARN = "warn"
    DOWNGRADE = "downgrade"
    """The next steps use the budget's cheaper model."""
    PAUSE = "pause"
    """Steps that run may finish, nothing new starts."""
    INTERRUPT = "interrupt"
    """Agents are stopped at once; only requests in flight may still be billed."""


@dataclass(frozen=True)
class Stage:
    """What happens when this share of the limit is used."""

    percent: int
    act: Act


DEFAULT_STAGES = (Stage(80, Act.WARN), Stage(100, Act.INTERRUPT))
CHEAPER_MODEL = "claude-haiku-5-5"


@dataclass(frozen=True)
class Budget:
    """One limit. Several may hold at once; each acts for itself."""

    id: str
    name: str
    scope: Scope
    period: Period
    subject: str = ""
    """Task id, user name or folder; empty for the fleet and for single agents."""
    limit_nanousd: int | None = None
    limit_tokens: int | None = None
    stages: tuple[Stage, ...] = DEFAULT_STAGES
    cheaper_model: str = CHEAPER_MODEL
    simulated: bool = False
    """Whether it limits demo money; a real budget never counts that."""


@dataclass(frozen=True)
class Spent:
    """What was used of a budget in its current period."""

    nanousd: int
    tokens: int

    def percent(self, budget: Budget) -> float:
        """The larger of the two shares, in percent of the limits."""
        money = 100 * self.nanousd / budget.limit_nanousd if budget.limit_nanousd else 0.0
        tokens = 100 * self.tokens / budget.limit_tokens if budget.limit_tokens else 0.0
        return max(money, tokens)


def checked(budget: Budget) -> Budget:
    """The same budget, or a BudgetInvalid that names the field."""
    limits = [limit for limit in (budget.limit_nanousd, budget.limit_tokens) if limit is not None]
    if not limits:
        raise BudgetInvalid("A budget needs limit_usd or limit_tokens.", field="limit_usd")
    if min(limits) <= 0:
        raise BudgetInvalid("The limit of a budget must be more than 0.", field="limit_usd")
    if not 1 <= len(budget.name.strip()) <= 120:
        raise BudgetInvalid("name must have 1 to 120 characters.", field="name")
    if (budget.scope in (Scope.TASK, Scope.USER, Scope.FOLDER)) != bool(budget.subject):
        raise BudgetInvalid(
            f"subject must name the {budget.scope}; fleet and agent budgets have none.", field="subject"
        )
    percents = [stage.percent for stage in budget.stages]
    if not percents or percents != sorted(set(percents)) or not 1 <= percents[0] <= percents[-1] <= 100:
        raise BudgetInvalid("stages need rising percents from 1 to 100.", field="stages")
    return budget


def begins(period: Period, now: datetime) -> datetime | None:
    """Start of the period that `now` lies in; None for a total."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    match period:
        case Period.DAY:
            return midnight
        case Period.WEEK:
            return midnight - timedelta(days=midnight.weekday())
        case Period.MONTH:
            return midnight.replace(day=1)
        case Period.TOTAL:
            return None


def reached(budget: Budget, spent: Spent) -> Stage | None:
    """The strictest stage that the spending has reached."""
    return next((stage for stage in reversed(budget.stages) if spent.percent(budget) >= stage.percent), None)
