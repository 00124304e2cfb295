"""Charts of two groups that are compared: how they differ, and how alike they were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import pandas as pd
import streamlit as st

from pages.ui import look


@dataclass(frozen=True)
class Shift:
    """How one figure differs between two groups, and from where to where the truth may lie."""

    name: str
    value: float
    low: float
    high: float
    tone: str
    """A colour of the status palette."""
    spread: str
    """The interval as it is written."""
    said: str
    """What the colour says, in a word."""
    raw: float | None = None
    """What the raw figures say, where they mislead."""


def shifts(found: Sequence[Shift]) -> None:
    """Differences of several figures as intervals around no difference."""
    frame = pd.DataFrame(
        [
            {
                "figure": one.name,
                "value": one.value,
                "low": one.low,
                "high": one.high,
                "interval": f"{one.spread}, {one.said}",
                "colour": look.HEX[one.tone][look.dark()],
                "raw": one.raw,
            }
            for one in found
        ]
    )
    y = alt.Y("figure:N", title=None, sort=list(frame["figure"]), axis=alt.Axis(labelFontSize=13, labelLimit=200))
    x = alt.X("low:Q", title=None)
    told = ["figure", alt.Tooltip("value:Q", format="+.1f"), "interval"]
    base = alt.Chart(frame).encode(y=y, color=alt.Color("colour:N", scale=None), tooltip=told)
    spans = base.mark_rule(strokeWidth=4, strokeCap="round").encode(x=x, x2="high:Q")
    points = base.mark_point(size=110, filled=True, opacity=1).encode(x="value:Q")
    notes = base.mark_text(align="left", dy=-14, fontSize=12).encode(
        x="low:Q", text="interval:N", color=alt.value(look.quiet_ink())
    )
    nothing = alt.Chart(pd.DataFrame({"at": [0]})).mark_rule(strokeDash=[4, 4], color=look.quiet_ink()).encode(x="at:Q")
    layers: list[alt.Chart] = [nothing, spans, points, notes]
    if misled := [one for one in found if one.raw is not None]:
        marks = pd.DataFrame({"figure": [one.name for one in misled], "raw": [one.raw for one in misled]})
        marks["what"] = "raw figure, misleading"
        raw = alt.Chart(marks).mark_point(shape="diamond", size=90, color=look.HEX["orange"][look.dark()])
        layers.append(raw.encode(x="raw:Q", y=y, tooltip=["figure", "what", alt.Tooltip("raw:Q", format="+.1f")]))
    said = "; ".join(f"{one.name} {one.value:+.1f}, {one.spread}, {one.said}" for one in found)
    chart = alt.layer(*layers).properties(height=58 * len(frame) + 60, title="What does an ANALYST change?")
    st.altair_chart(look.inked(chart), alt=f"What an ANALYST changes, with 95 % intervals: {said}")
    raw_too = " Diamond: what the raw figures say, which mislead here." if misled else ""
    st.caption(f"Point and line: the difference that an ANALYST makes, and its 95 % interval.{raw_too}")


def balance(found: Sequence[tuple[str, float, float]]) -> None:
    """How far apart two groups are in what was known before, without weights and with them."""
    frame = pd.DataFrame(
        [
            {"trait": name, "apart": abs(apart), "when": when}
            for name, before, after in found
            for when, apart in (("before", before), ("after", after))
        ]
    )
    colours = [look.HEX["orange"][look.dark()], look.HEX["blue"][look.dark()]]
    whens = alt.Scale(domain=["before", "after"], range=colours)
    points = (
        alt.Chart(frame)
        .mark_point(size=80, filled=True, opacity=1)
        .encode(
            x=alt.X("apart:Q", title="Standard deviations apart"),
            y=alt.Y("trait:N", title=None, sort=None, axis=alt.Axis(labelLimit=260)),
            color=alt.Color("when:N", scale=whens, legend=alt.Legend(orient="top", title=None)),
            shape=alt.Shape("when:N", scale=alt.Scale(domain=whens.domain, range=["diamond", "circle"]), legend=None),
            tooltip=["trait", "when", alt.Tooltip("apart:Q", format=".2f")],
        )
    )
    limit = alt.Chart(pd.DataFrame({"at": [0.1]})).mark_rule(strokeDash=[4, 4], color=look.quiet_ink()).encode(x="at:Q")
    chart = alt.layer(limit, points).properties(height=24 * len(found) + 90, title="How alike are both groups?")
    worst = max((abs(after) for _, _, after in found), default=0.0)
    st.altair_chart(look.inked(chart), alt=f"Balance of {len(found)} traits: after weighting at most {worst:.2f} apart")
