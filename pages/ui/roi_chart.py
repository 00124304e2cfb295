"""What an ANALYST changes, as intervals on one chart, with the same figures as a table."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import pandas as pd
import streamlit as st

from data.domain import roi_words
from data.domain.roi import Effect, Naive, Roi
from data.domain.roi_cases import Metric
from pages.ui import charts_compared
from pages.ui.charts_compared import Shift

BETTER_IF_MORE = frozenset({Metric.SUCCESS})
LABELS = {
    Metric.COST: "Cost (%)",
    Metric.SUCCESS: "Success (points)",
    Metric.REWORK: "Rework (points)",
    Metric.TIME: "Time (%)",
}


def draw(found: Roi) -> None:
    effects = [effect for effect in found.best.effects if effect.enough]
    if effects:
        raw = {naive.metric: naive for naive in found.naive}
        charts_compared.shifts([_shift(effect, raw.get(effect.metric)) for effect in effects])
    with st.expander("The same as figures", expanded=not effects, icon=":material/table:"):
        table(found)


def _shift(effect: Effect, naive: Naive | None) -> Shift:
    shown = roi_words.shift(effect)
    better = (shown.value > 0) == (effect.metric in BETTER_IF_MORE)
    return Shift(
        name=LABELS[effect.metric],
        value=shown.value,
        low=shown.low,
        high=shown.high,
        tone="gray" if not effect.settled else "green" if better else "red",
        spread=roi_words.spread(effect),
        said="cannot be told apart" if not effect.settled else "better" if better else "worse",
        raw=_raw(effect, naive),
    )


def _raw(effect: Effect, naive: Naive | None) -> float | None:
    """The raw figure on the same scale, where it misleads."""
    if naive is None or not roi_words.misleads(naive, effect):
        return None
    if effect.ratio is None:
        return 100 * (naive.treated - naive.control)
    return 100 * (naive.treated / naive.control - 1)


def table(found: Roi) -> None:
    raw = {naive.metric: naive for naive in found.naive}
    frame = pd.DataFrame([_row(effect, raw.get(effect.metric)) for effect in found.best.effects])
    if len(frame):
        st.dataframe(frame, hide_index=True, alt="What an ANALYST changes, with intervals, as figures")
    misled = [naive for naive in found.naive if roi_words.misleads(naive, found.best.of(naive.metric))]
    if misled:
        names = ", ".join(roi_words.NAMES[naive.metric].lower() for naive in misled)
        st.caption(
            f":material/warning: The raw figures mislead about {names}: they compare all tasks that have an ANALYST "
            "with all that have none, and those are not alike. They are shown so that nobody has to compute them again."
        )


def _row(effect: Effect, naive: Naive | None) -> dict[str, str]:
    figures: Sequence[float] = (effect.treated, effect.control)
    with_, without = (roi_words.figure(effect.metric, value) for value in figures)
    known = isfinite(effect.difference.value)
    return {
        "Figure": roi_words.NAMES[effect.metric],
        "With ANALYST": with_,
        "Without": without,
        "Difference": _difference(effect) if known else "–",
        "95 % interval": roi_words.spread(effect) if effect.enough else "no verdict",
        "Tasks": f"{effect.tasks[0]} and {effect.tasks[1]}",
        "Worth": f"{effect.effective[0]:.0f} and {effect.effective[1]:.0f}",
        "More tasks": f"{effect.more:,}" if effect.more else "settled",
        "Raw": _raw_words(effect.metric, naive),
    }


def _difference(effect: Effect) -> str:
    """In the unit itself: dollars, time, or points."""
    gap = effect.difference
    sign = "+" if gap.value > 0 else "−"
    if effect.metric.rate:
        return f"{sign}{abs(100 * gap.value):.1f} points"
    low, high = (f"{'+' if x > 0 else '−'}{roi_words.figure(effect.metric, abs(x))}" for x in (gap.low, gap.high))
    return f"{sign}{roi_words.figure(effect.metric, abs(gap.value))} ({low} to {high})"


def _raw_words(metric: Metric, naive: Naive | None) -> str:
    if naive is None:
        return "–"
    return f"{roi_words.figure(metric, naive.treated)} and {roi_words.figure(metric, naive.control)}"
