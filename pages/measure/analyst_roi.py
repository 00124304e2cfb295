"""ANALYST ROI: whether an ANALYST is worth its money, how sure that is, and what would settle it."""

from __future__ import annotations

import streamlit as st

from data.domain import roi_plan, roi_words
from data.domain.roi import Roi
from data.warehouse import analyst_roi
from orchestrator_adapter.views import roi as view
from orchestrator_adapter.views.roi import Answer, Wanted
from pages.ui import cards, live, lottery, places, roi_basis, roi_chart, roi_filters, session
from pages.ui.look import plain


def answer(wanted: Wanted) -> Answer:
    found = session.ask(analyst_roi.compared, wanted.cut)
    with session.read() as board:
        return view.answer(found, wanted, board.settings().lottery)


def empty(wanted: Wanted) -> None:
    cards.empty(
        "No task to compare yet",
        "Tasks count once they have completed or failed. Submit some, or widen the time and the filters above"
        + ("." if wanted.cut.simulated else "; tasks of demos are behind the switch Demos."),
        ":material/balance:",
    )
    st.page_link(places.NEW_TASK, label="New task", icon=":material/add_circle:")


def first_words(found: Roi) -> None:
    """The answer first, then what it may be called."""
    best = found.best
    with st.container(border=True, key="roi-answer"):
        st.markdown(f"#### {plain(roi_words.headline(found))}")
        st.caption(plain(roi_words.MEANS[best.certainty]))
        other = found.observed if best is found.causal else found.causal
        if any(other.tasks):
            st.markdown(plain(roi_words.verdict(other)))
        if judged := _unjudged(found):
            st.caption(judged)


def _unjudged(found: Roi) -> str | None:
    """Success is only of tasks that somebody, or something, judged."""
    every, known = found.best.compared, next((e.tasks for e in found.best.effects if e.metric == "success"), (0, 0))
    missing = sum(every) - sum(known)
    if not missing:
        return None
    return (
        f"Of {sum(every)} compared tasks {missing} have no verdict and are in no rate of success: "
        "tests, a review or your score on the task's tab Outcome give one."
    )


def the_lottery(found: Answer) -> None:
    with session.read() as board:
        now = board.settings()
    left, right = st.columns([3, 2], gap="large")
    with left:
        lottery.form(now)
    with right, st.container(border=True):
        st.markdown("**What it would take to settle it**")
        st.markdown(plain(roi_plan.said(found.plan, now.lottery)))


session.actor()
st.title("ANALYST ROI")
with session.panel("filters"):
    asked = roi_filters.wanted()
with session.panel("answer"):
    known = answer(asked)
    if known.roi.cases:
        first_words(known.roi)
        roi_chart.draw(known.roi)
        st.subheader("What it rests on")
        roi_basis.draw(known.roi)
    else:
        empty(asked)
    st.subheader("Let a lot decide, and know")
    the_lottery(known)
live.mount(wakes=False)
