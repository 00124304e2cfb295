"""Charts of change: spending, new work, success and speed over time, the busy hours of a week, workflows."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from data.domain import words
from data.domain.agents import Role
from data.domain.money import AXIS, NANO
from data.warehouse.performance import edge_s
from data.warehouse.trends import DAYS
from pages.ui import cost_charts, look
from pages.ui.cost_charts import MOST_PARTS, REST, SERIES
from pages.ui.cost_filters import Asked
from pages.ui.performance_charts import picks_time, seconds, when_axis

NEAR = 7
"""Steps of time over which the line of the spending is smoothed."""
HOURS = {"tasks": "New tasks", "replies": "Replies", "cost_nanousd": "Money"}


def _whens(found: pd.DataFrame, asked: Asked) -> list[str]:
    return [cost_charts.when(int(at), asked.cut.window, asked.grain) for at in found["at"]]


def steps(asked: Asked) -> pd.DataFrame:
    """Every step of the window, also those in which nothing happened."""
    return pd.DataFrame({"at": [int(at.timestamp() * 1000) for at in asked.cut.window.edges(asked.grain)]})


def spend(found: pd.DataFrame, asked: Asked) -> None:
    """What each step cost, and the mean of the last ones as a line."""
    whole = steps(asked).merge(found, on="at", how="left").fillna(0)
    frame = pd.DataFrame(
        {
            "at": whole["at"],
            "when": _whens(whole, asked),
            "usd": whole["cost_nanousd"] / NANO,
            "mean": whole["cost_nanousd"].rolling(NEAR, min_periods=1).mean() / NANO,
            "cost": [words.dollars(int(cost)) for cost in whole["cost_nanousd"]],
        }
    )
    frame["line"] = [f"mean of {NEAR} steps {words.dollars(round(mean * NANO))}" for mean in frame["mean"]]
    x, dark = when_axis(asked), look.dark()
    base = alt.Chart(frame).encode(x=x, tooltip=["when", "cost", "line"])
    bars = base.mark_bar(color=look.HEX["blue"][dark], opacity=0.55)
    bars = bars.encode(y=alt.Y("usd:Q", title=None, axis=alt.Axis(format=AXIS, tickCount=5)))
    line = base.mark_line(strokeWidth=3, color=look.HEX["orange"][dark]).encode(y="mean:Q")
    title = f"Does each {asked.grain} cost more or less?"
    said = f"{words.dollars(int(found['cost_nanousd'].sum()))} in {words.count(len(whole), asked.grain)}"
    bars = bars.add_params(alt.selection_point(name="when", fields=["at"], on="click", empty=False))
    chart = alt.layer(bars, line).properties(height=260, title=title)
    picks_time(chart, "trend-spend", asked, f"{title} {said}; the line is the mean of {NEAR} steps", chosen=False)


def lines(found: pd.DataFrame, names: dict[str, str], asked: Asked, title: str, *, unit: str, form: str = "~s") -> None:
    """One line for each column of `names`, by step of time; a step without a figure has no point."""
    dark = look.dark()
    rows = [
        {"at": int(row["at"]), "when": when, "what": spoken, "value": float(row[name])}
        for row, when in zip(found.to_dict("records"), _whens(found, asked), strict=True)
        for name, spoken in names.items()
        if not pd.isna(row[name])
    ]
    frame = pd.DataFrame(rows, columns=["at", "when", "what", "value"])
    domain = list(names.values())
    scale = alt.Scale(domain=domain, range=[pair[dark] for pair in SERIES[: len(domain)]])
    legend = alt.Legend(orient="bottom", title=None) if len(names) > 1 else None
    y = alt.Y("value:Q", title=None, axis=alt.Axis(format=form, tickCount=5))
    if unit == "%":
        y = alt.Y("value:Q", title=None, scale=alt.Scale(domain=[0, 100]))
    chart = (
        alt.Chart(frame, height=220, title=title)
        .mark_line(point=alt.OverlayMarkDef(size=60))
        .encode(
            x=when_axis(asked),
            y=y,
            color=alt.Color("what:N", scale=scale, legend=legend),
            tooltip=["when", "what", alt.Tooltip("value:Q", title=unit, format=",.2~f")],
        )
    )
    lasts = frame.groupby("what", sort=False)["value"].last()
    said = ", ".join(f"{name} {value:,.2f} {unit} at the end" for name, value in lasts.items())
    picks_time(chart, f"trend-{title[:12]}", asked, f"{title} {said}")


def hours(found: pd.DataFrame, what: str) -> None:
    """How busy each hour of the week is."""
    week = pd.MultiIndex.from_product([range(7), range(24)], names=["weekday", "hour"]).to_frame(index=False)
    whole = week.merge(found, on=["weekday", "hour"], how="left").fillna(0)
    value = whole[what] / NANO if what == "cost_nanousd" else whole[what]
    spoken = [words.dollars(int(one)) if what == "cost_nanousd" else f"{int(one):,}" for one in whole[what]]
    frame = pd.DataFrame(
        {
            "day": [DAYS[day] for day in whole["weekday"]],
            "hour": [f"{hour:02}" for hour in whole["hour"]],
            "value": value,
            "in words": spoken,
        }
    )
    dark = look.dark()
    ends = ["#10233c", "#5aa9ff"] if dark else ["#e8f1fb", "#0b4a8f"]
    title = f"When is the fleet busy? {HOURS[what]} by weekday and hour"
    chart = (
        alt.Chart(frame, title=title, height=7 * 30 + 70)
        .mark_rect(cornerRadius=2)
        .encode(
            x=alt.X(
                "hour:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True), scale=alt.Scale(padding=0.06)
            ),
            y=alt.Y("day:O", title=None, sort=list(DAYS), scale=alt.Scale(padding=0.06)),
            color=alt.Color("value:Q", scale=alt.Scale(range=ends), legend=None),
            tooltip=["day", "hour", alt.Tooltip("in words:N", title=HOURS[what])],
        )
    )
    most = whole[what].idxmax()
    st.altair_chart(chart, alt=f"{title}: most on {frame['day'][most]} at {frame['hour'][most]}, {spoken[most]}")


def lengths(found: pd.DataFrame) -> None:
    """How many tasks took how long."""
    sums = found.groupby("step", as_index=False)["tasks"].sum()
    frame = pd.DataFrame(
        {
            "from": [max(edge_s(int(step)), 0.7) for step in sums["step"]],
            "to": [edge_s(int(step) + 1) for step in sums["step"]],
            "zero": 0,
            "tasks": sums["tasks"],
            "took": [f"{words.duration(edge_s(int(s)))} to {words.duration(edge_s(int(s) + 1))}" for s in sums["step"]],
        }
    )
    title = "How long do tasks take to complete?"
    chart = (
        alt.Chart(frame, height=240, title=title)
        .mark_rect(color=look.HEX["blue"][look.dark()])
        .encode(
            x=seconds("from"),
            x2="to:Q",
            y=alt.Y("zero:Q", title=None),
            y2="tasks:Q",
            tooltip=["took", "tasks"],
        )
    )
    most = int(sums["tasks"].idxmax())
    st.altair_chart(
        chart, alt=f"{title} Most often {frame['took'][most]}: {int(sums['tasks'][most])} of {int(sums['tasks'].sum())}"
    )


def workflows(found: pd.DataFrame, asked: Asked) -> None:
    """Which shares of new tasks went which way, by step of time."""
    by_way = found.groupby("name")["tasks"].sum().sort_values(ascending=False)
    kept = list(by_way.index[: MOST_PARTS - 1])
    shown = found.assign(name=[name if name in kept else REST for name in found["name"]])
    shown = shown.groupby(["at", "name"], as_index=False)["tasks"].sum()
    order = [name for name in [*kept, REST] if name in set(shown["name"])]
    frame = pd.DataFrame(
        {
            "at": shown["at"],
            "when": _whens(shown, asked),
            "way": [spoken(name) for name in shown["name"]],
            "tasks": shown["tasks"],
            "order": [order.index(name) for name in shown["name"]],
        }
    )
    dark = look.dark()
    others = [look.ROLE_COLOURS[role][dark] for role in (Role.TESTER, Role.DOCUMENTER)]
    colours = [*(pair[dark] for pair in SERIES), *others][: len(order)]
    legend = alt.Legend(orient="bottom", columns=2, title=None, labelLimit=420)
    title = "Which ways of working are chosen?"
    chart = (
        alt.Chart(frame, height=280, title=title)
        .mark_bar()
        .encode(
            x=when_axis(asked),
            y=alt.Y("tasks:Q", title=None, stack="normalize", axis=alt.Axis(format="%")),
            color=alt.Color("way:N", scale=alt.Scale(domain=[spoken(n) for n in order], range=colours), legend=legend),
            order="order:Q",
            tooltip=["when", "way", "tasks"],
        )
    )
    said = "; ".join(f"{spoken(name)}: {int(by_way[name])}" for name in kept)
    picks_time(chart, "trend-ways", asked, f"{title} {said}")


def spoken(way: str) -> str:
    return way.replace(" > ", " → ")
