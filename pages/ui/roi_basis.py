"""What the answer about the ANALYST rests on: who decided, how alike the groups are, which kinds are compared."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from data.domain import words
from data.domain.assignment import AssignedBy
from data.domain.roi import Comparison, Roi
from data.domain.roi_cases import Certainty
from data.domain.roi_strata import Balance
from pages.ui import cards, charts_compared, tables
from pages.ui.look import plain

WHO = {
    AssignedBy.RULE: "the rule (complex tasks have one)",
    AssignedBy.PERSON: "a person",
    AssignedBy.PLANNER: "a planner agent",
    AssignedBy.LOTTERY: "a lot",
}


def draw(found: Roi) -> None:
    who, alike, kinds = st.tabs(["Why in or out", "How alike", "Kinds of tasks"], key="roi-basis")
    with who:
        decided(found)
    with alike:
        balance(found.best)
    with kinds:
        strata(found.best)


def decided(found: Roi) -> None:
    frame = pd.DataFrame(
        [
            {"Decided by": WHO[by], "With ANALYST": some, "Without": none, "Can be called": _called(by)}
            for by, some, none in found.decided
        ]
    )
    st.dataframe(frame, hide_index=True, alt="Who decided about the ANALYST, with how many tasks")
    if found.analyst_usd is not None:
        own = words.dollars(round(found.analyst_usd * 1_000_000_000))
        st.caption(plain(f"Where there is one, the ANALYST itself costs {own} on average."))


def _called(by: AssignedBy) -> str:
    return "causal" if by is AssignedBy.LOTTERY else "observed"


def balance(of: Comparison) -> None:
    """How far apart the groups were, and are after weighting."""
    if not of.balance:
        cards.empty("Nothing to compare yet", "It needs tasks of one kind with an ANALYST and without.")
        return
    charts_compared.balance([(one.name, one.before, one.after) for one in of.balance])
    far = [one for one in of.balance if abs(one.after) > 0.1]
    st.caption("Before and after weighting; what lies left of the dashed line counts as alike.")
    st.caption(plain(_still_apart(far, by_lot=of.certainty is Certainty.CAUSAL)))


def _still_apart(far: Sequence[Balance], *, by_lot: bool) -> str:
    if not far:
        return "After weighting the groups differ by less than a tenth of a standard deviation in all of these."
    names = ", ".join(one.name for one in far)
    if by_lot:
        return (
            f"The lot happened to leave the groups apart in: {names}. That is chance, and the intervals allow for it."
        )
    return f"Even after weighting the groups are not alike in: {names}. What follows from these may be in the answer."


def strata(of: Comparison) -> None:
    left = of.tasks[0] + of.tasks[1] - of.compared[0] - of.compared[1]
    if left:
        st.caption(f"{words.count(left, 'task has', 'tasks have')} no counterpart of the same kind and are left out.")
    if not of.strata:
        cards.empty("No kind of task has both", "Some tasks of one type and complexity need an ANALYST, others none.")
        return
    frame = pd.DataFrame(
        [
            {
                "Kind": one.name,
                "With ANALYST": one.treated,
                "Without": one.control,
                "Cost with": _usd(one.treated_usd),
                "Cost without": _usd(one.control_usd),
            }
            for one in of.strata
        ]
    )
    st.dataframe(
        frame,
        hide_index=True,
        height=tables.height(min(len(frame), 12)),
        alt="Kinds of tasks that are compared, with their mean costs",
    )


def _usd(value: float | None) -> str:
    return "–" if value is None else words.dollars(round(value * 1_000_000_000))
