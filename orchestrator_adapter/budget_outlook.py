"""Where a budget's period will end, and how the periods before it did: the same for every front end."""

from __future__ import annotations

from data.domain import words
from data.domain.budgets import Budget
from data.domain.firing import LEAST_DAYS
from data.domain.projection import DAYS, INSIDE
from data.store import Store
from data.warehouse import Warehouse, budgets_history
from data.warehouse.budgets_history import Outlook
from orchestrator_adapter.rule_history import ahead


def outlook(store: Store, warehouse: Warehouse, budget: Budget) -> Outlook | None:
    """None for a budget without periods, or of single agents. Raises StoreUnavailable, QuestionTooLong."""
    return warehouse.ask(budgets_history.outlook, budget, ahead(store.now()))


def sentence(found: Outlook, budget: Budget) -> str:
    """What is projected, from what, and how often that was right."""
    end = f"By {found.end:%Y-%m-%d %H:%M} UTC"
    projected = found.projection
    if projected is None:
        known = words.count(found.days_known, "whole day")
        return f"{end}: not known; {known} of spending so far, and {LEAST_DAYS} are needed."
    low, middle, high = (_amount(found, value) for value in (projected.low, projected.middle, projected.high))
    limit = budget.limit_nanousd if found.money else budget.limit_tokens
    over = words.percent(projected.over, 1)
    kind = " (simulated)" if budget.simulated else ""
    return (
        f"{end} probably {middle}{kind}, {INSIDE} % between {low} and {high}; above {_amount(found, limit or 0)} in "
        f"{over} of the draws. Drawn from the last {words.count(projected.days, 'day')} (at most {DAYS}), each by "
        f"itself; {_record(projected.held, projected.made)}"
    )


def _record(held: int, made: int) -> str:
    if not made:
        return "no earlier one can be checked yet."
    return f"of {made} such made for earlier days {held} held."


def _amount(found: Outlook, value: int) -> str:
    return words.dollars(value) if found.money else f"{words.tokens(value)} tokens"
