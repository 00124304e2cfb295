"""What a budget's period will come to, and the periods before it, on its card."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from data.domain import words
from data.domain.budgets import Budget, Period, Scope
from data.domain.money import NANO
from data.warehouse import budgets_history
from data.warehouse.budgets_history import Outlook
from orchestrator_adapter import budget_outlook, rule_history
from pages.ui import charts, session, tables
from pages.ui.look import plain


def draw(budget: Budget) -> None:
    """The sentence, and, one click away, the periods."""
    if budget.period is Period.TOTAL or budget.scope is Scope.AGENT:
        return
    found = session.ask(budgets_history.outlook, budget, rule_history.ahead(session.deck().store.now()))
    if found is None:
        return
    st.caption(plain(budget_outlook.sentence(found, budget)))
    box = st.expander("The periods so far", key=f"periods-{budget.id}", on_change="rerun")
    if box.open:
        with box:
            _periods(found, budget)


def _periods(found: Outlook, budget: Budget) -> None:
    value = [(one.nanousd / NANO if found.money else one.tokens) for one in found.past]
    said = [words.dollars(one.nanousd) if found.money else words.tokens(one.tokens) for one in found.past]
    frame = pd.DataFrame(
        {
            "begin": [f"{one.begin:%Y-%m-%d}" for one in found.past],
            "spent": value,
            "said": said,
            "unusual": [one.unusual for one in found.past],
        }
    )
    limit = (budget.limit_nanousd or 0) / NANO if found.money else float(budget.limit_tokens or 0)
    charts.budget_periods(frame, limit, "dollars" if found.money else "tokens", key=f"periods-chart-{budget.id}")
    table = pd.DataFrame(
        {
            "From": frame["begin"],
            "Spent": frame["said"],
            "": ["unusually much" if mark else "" for mark in frame["unusual"]],
        }
    )[::-1]
    tables.read_only((table, {}), key=f"periods-table-{budget.id}", alt="Periods of the budget and what each spent")
