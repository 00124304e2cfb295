"""What a person chooses for their home page, in a dialog over it."""

from __future__ import annotations

import streamlit as st

from data.domain.home import Density, Home, Panel, TableOrder, TablePlace
from orchestrator_adapter import commands_home
from pages.ui import filters, session

PANELS = {Panel.NUMBERS: "Numbers", Panel.TASKS: "Tasks now", Panel.AGENTS: "Agents"}
TABLE = {TablePlace.BELOW: "below them", TablePlace.ABOVE: "above them", TablePlace.HIDDEN: "not shown"}
DENSITY = {Density.ROOMY: "roomy", Density.COMPACT: "compact"}
BOUND = ("sort", "whose")
"""Filters of the table that begin as the person has chosen."""


def chosen() -> Home:
    """The page of whoever looks at it; while the store is away, the last that was known, or the default."""
    return session.if_known(lambda board: board.home(session.actor().name), Home())


def choose(now: Home) -> None:
    """The button that opens the dialog."""
    if st.button("Customise", icon=":material/tune:", type="tertiary", key="home-open"):
        _dialog(now)


@session.dialog("Your home page", ":material/tune:", width="medium")
def _dialog(now: Home) -> None:
    st.caption("What Fleet shows when you open it. It is kept for you; what others see stays as it is.")
    with st.form("home-form", border=False):
        wanted = _fields(now)
        with st.container(horizontal=True):
            save = st.form_submit_button("Save", type="primary", key="home-save")
            reset = st.form_submit_button("Reset", icon=":material/undo:", key="home-reset", disabled=now == Home())
    if save or reset:
        with session.refusals():
            commands_home.set_home(session.deck(), session.actor(), wanted if save else Home())
            _begin_anew()
            session.close_dialog()


def _fields(now: Home) -> Home:
    panels = st.multiselect(
        "Live parts, in this order",
        list(Panel),
        default=list(now.panels),
        format_func=PANELS.__getitem__,
        placeholder="none",
        key="home-panels",
        help="The first one picked stands first.",
    )
    left, right = st.columns(2)
    with left:
        table = st.radio(
            "Table of all agents",
            list(TABLE),
            index=list(TABLE).index(now.table),
            format_func=TABLE.__getitem__,
            key="home-table",
        )
        mine = st.toggle(
            "Only my tasks and their agents", now.mine, key="home-mine", help="The numbers stay the fleet's."
        )
    with right:
        density = st.radio(
            "Cards",
            list(DENSITY),
            index=list(DENSITY).index(now.density),
            format_func=DENSITY.__getitem__,
            key="home-density",
        )
        order = st.selectbox(
            "Order of the table",
            list(TableOrder),
            index=list(TableOrder).index(now.order),
            format_func=filters.SORTS.__getitem__,
            key="home-order",
        )
    return Home(tuple(panels), table, TableOrder(order), density, mine)


def _begin_anew() -> None:
    """What was picked in the table's own filters before gives way to what was chosen now."""
    for name in BOUND:
        st.session_state.pop(name, None)
        st.query_params.pop(name, None)
