"""Which tasks the worth of an ANALYST is judged from; the choice stands in the address."""

from __future__ import annotations

import streamlit as st

from data.domain import words
from data.domain.tasks import TaskType
from orchestrator_adapter.views import roi as view
from orchestrator_adapter.views.roi import Wanted
from pages.ui import filters, session

DAYS = {30: "30 days", 90: "90 days", 365: "a year"}


def wanted() -> Wanted:
    now = session.deck().store.now()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        days = st.segmented_control(
            "Created in the last",
            list(DAYS),
            default=90,
            required=True,
            format_func=DAYS.__getitem__,
            key="days",
            bind="query-params",
        )
        kind = filters.choice("Type", TaskType, "type", lambda name: words.task_type(TaskType(name)))
        folder = st.text_input("Folder", key="folder", bind="query-params", placeholder="all", width=260)
        simulated = st.toggle("Demos", key="demos", bind="query-params", help="Tasks of demos, with simulated money")
    return view.wanted(
        now,
        days=int(days or view.DAYS),
        task_type=kind and kind.value,
        folder=(folder or "").strip() or None,
        simulated=bool(simulated),
    )
