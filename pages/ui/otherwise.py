"""What a task, an agent or all spending would have cost otherwise: ranges, each with its assumption."""

from __future__ import annotations

from datetime import date

import streamlit as st

from data.domain import words
from data.domain.agents import Agent
from data.domain.prices import book
from data.domain.tasks import Task
from data.warehouse.costs import Cut
from orchestrator_adapter import what_if
from orchestrator_adapter.what_if import Found
from pages.ui import cards, session
from pages.ui.look import plain


def task(of: Task) -> None:
    model, day = _asked()
    _draw(what_if.of_task(session.deck(), of.id, model, day))


def agent(of: Agent) -> None:
    """One click away, below what it did cost."""
    box = st.expander("What it would have cost otherwise", key="otherwise", on_change="rerun")
    if box.open:
        with box:
            model, day = _asked()
            _draw(what_if.of_agent(session.deck(), of.id, model, day))


def spending(cut: Cut) -> None:
    """One click away, for the window and the filters of the page."""
    box = st.expander("What would it have cost otherwise?", key="costs-otherwise", on_change="rerun")
    if box.open:
        with box, session.refusals():
            model, day = _asked()
            _draw(what_if.of_costs(session.deck(), cut, model, day))


def _asked() -> tuple[str | None, date | None]:
    with st.container(horizontal=True):
        model = st.selectbox(
            "Another model", book().models(), index=None, placeholder="the usual ones", key="otherwise-model", width=260
        )
        day = st.date_input("Prices of", value=None, key="otherwise-day", format="YYYY-MM-DD", width=180)
    return model, day if isinstance(day, date) else None


def _draw(found: Found) -> None:
    if not found.cost_nanousd:
        cards.empty("Nothing to compare with", "No reply of it has a known price that is not zero.")
        return
    simulated = " of simulated money" if found.simulated else ""
    st.markdown(f"It cost **{plain(words.dollars(found.cost_nanousd))}**{simulated}. Otherwise:")
    for one in found.answers:
        with st.container(border=True):
            against = f", {what_if.against(one, found.cost_nanousd)}" if one.cost else ""
            st.markdown(f"{plain(one.title)}: **{plain(what_if.amount(one))}**{plain(against)}")
            st.caption(plain(one.assumption))
    if found.unpriced:
        told = words.count(found.unpriced, "reply", "replies")
        st.caption(f"{told} without a known price are in none of the figures.")
