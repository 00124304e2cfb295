"""Charts of how the fleet works: tokens and cache over time, tools, how long agents take, what succeeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from data.domain import words
from data.domain.agents import Role
from data.warehouse.costs import By
from data.warehouse.performance import KINDS, edge_s
from pages.ui import cost_charts, cost_filters, look
from pages.ui.cost_charts import ROW_PX, SERIES
from pages.ui.cost_filters import Asked

SECONDS = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 28_800, 86_400, 259_200, 604_800]
IN_WORDS = (
    "datum.value < 60 ? datum.value + ' s' : datum.value < 3600 ? round(datum.value / 60) + ' min' : "
    "datum.value < 86400 ? round(datum.value / 3600) + ' h' : round(datum.value / 86400) + ' d'"
)
"""Labels of an axis of seconds."""
ENDS = {"completed": "completed", "failed": "failed", "cancelled": "cancelled"}
MOST_TOOLS = 15


def _pick() -> int:
    return int(st.session_state.get("costs-picked", 0))


def when_axis(asked: Asked) -> alt.X:
    """One place for each step of the window, also for those in which nothing happened."""
    window, grain = asked.cut.window, asked.grain
    steps = [cost_charts.when(int(at.timestamp() * 1000), window, grain) for at in window.edges(grain)]
    return alt.X(
        "when:O",
        title=None,
        sort=None,
        scale=alt.Scale(domain=steps),
        axis=alt.Axis(labelAngle=0, labelOverlap=True),
    )


def picks_time(chart: Any, key: str, asked: Asked, told: str, *, chosen: bool = True) -> None:
    """Draw it; a click on a bar asks for its time alone. `chosen`: whether the chart lacks the selection `when`."""
    key = f"{key}-{_pick()}-{asked.grain}"

    def clicked() -> None:
        points = st.session_state[key].selection.get("when") or []
        if points and points[0].get("at") is not None:
            cost_charts.ask_for(int(points[0]["at"]), asked.cut.window, asked.grain)

    if chosen:
        chart = chart.add_params(alt.selection_point(name="when", fields=["at"], on="click", empty=False))
    st.altair_chart(chart, key=key, on_select=clicked, alt=told)


def tokens(found: pd.DataFrame, kinds: list[str], asked: Asked) -> None:
    """Tokens of each kind by step of time."""
    rows = [
        {
            "at": int(row["at"]),
            "when": cost_charts.when(int(row["at"]), asked.cut.window, asked.grain),
            "kind": KINDS[kind],
            "tokens": int(row[kind]),
            "in words": words.tokens(int(row[kind])),
        }
        for row in found.to_dict("records")
        for kind in kinds
    ]
    names, dark = [KINDS[kind] for kind in kinds], look.dark()
    colours = [SERIES[list(KINDS).index(kind)][dark] for kind in kinds]
    title = "How many tokens were used, by kind?"
    legend = alt.Legend(orient="bottom", columns=5, title=None)
    chart = (
        alt.Chart(pd.DataFrame(rows), height=260, title=title)
        .mark_bar()
        .encode(
            x=when_axis(asked),
            y=alt.Y("sum(tokens):Q", title=None, axis=alt.Axis(format="~s")),
            color=alt.Color("kind:N", scale=alt.Scale(domain=names, range=colours), legend=legend),
            tooltip=["when", "kind", "in words"],
        )
    )
    said = ", ".join(f"{KINDS[kind]} {words.tokens(int(found[kind].sum()))}" for kind in kinds)
    picks_time(chart, f"tokens-{len(kinds)}", asked, f"{title} {said}")


def cache(found: pd.DataFrame, asked: Asked) -> None:
    """Which share of what was read came from the cache, by step of time."""
    prompt = found[[kind for kind in KINDS if kind != "output"]].sum(axis=1)
    read = found["cache_read"]
    frame = pd.DataFrame(
        {
            "at": found["at"],
            "when": [cost_charts.when(int(at), asked.cut.window, asked.grain) for at in found["at"]],
            "percent": (100 * read / prompt.where(prompt > 0)).astype("float64"),
            "share": [words.percent(int(a), int(b)) for a, b in zip(read, prompt, strict=True)],
            "read": [words.tokens(int(a)) for a in prompt],
        }
    ).dropna(subset=["percent"])
    title = "How much of what was read came from the cache, in percent?"
    chart = (
        alt.Chart(frame, height=200, title=title)
        .mark_line(point=alt.OverlayMarkDef(size=60), color=look.HEX["blue"][look.dark()])
        .encode(
            x=when_axis(asked),
            y=alt.Y("percent:Q", title=None, scale=alt.Scale(domain=[0, 100])),
            tooltip=["when", "share", "read"],
        )
    )
    said = words.percent(int(read.sum()), int(prompt.sum()))
    picks_time(chart, "cache", asked, f"{title} {said} in all")


def _bars(rows: pd.DataFrame, colours: dict[str, str], title: str, ends: pd.DataFrame, most: float) -> alt.LayerChart:
    """Lying bars of parts with a note behind each; `rows` has name, part, number and order."""
    names = list(ends["name"])
    y = alt.Y("name:N", title=None, sort=names, axis=alt.Axis(labelLimit=170, labelOverlap=False))
    scale = alt.Scale(domain=list(colours), range=list(colours.values()))
    x = alt.X("number:Q", title=None, scale=alt.Scale(domain=[0, most * 1.35]), axis=alt.Axis(tickCount=4, format="~s"))
    bars = (
        alt.Chart(rows)
        .mark_bar(height=14)
        .encode(
            x=x,
            y=y,
            color=alt.Color("part:N", scale=scale, legend=alt.Legend(orient="bottom", title=None)),
            order="order:Q",
            tooltip=["name", "part", "number"],
        )
    )
    notes = alt.Chart(ends).mark_text(align="left", dx=6, fontSize=12)
    notes = notes.encode(x=alt.X("number:Q"), y=y, text="note:N", color=alt.value(look.quiet_ink()))
    return alt.layer(bars.add_params(_which()), notes).properties(height=ROW_PX * len(names) + 100, title=title)


def _which() -> alt.Parameter:
    return alt.selection_point(name="which", fields=["value"], empty=False)


def _picks(part: By, key: str) -> Callable[[], None]:
    def clicked() -> None:
        points = st.session_state[key].selection.get("which") or []
        if points and points[0].get("value"):
            cost_filters.only(part, str(points[0]["value"]))
            st.session_state["costs-asked"] = True

    return clicked


def tools(found: pd.DataFrame) -> None:
    """How often each tool was called, and how often in vain."""
    shown, dark = found.head(MOST_TOOLS), look.dark()
    colours = {"worked": look.HEX["blue"][dark], "failed": look.HEX["red"][dark], "refused": look.HEX["orange"][dark]}
    rows = [
        {"name": row.tool, "value": row.tool, "part": part, "number": int(number), "order": order}
        for row in shown.itertuples(index=False)
        for order, (part, number) in enumerate(
            {"worked": row.calls - row.failed - row.refused, "failed": row.failed, "refused": row.refused}.items()
        )
    ]
    notes = [f"{int(row.calls):,}" + _in_vain(row) for row in shown.itertuples(index=False)]
    ends = pd.DataFrame({"name": list(shown["tool"]), "number": list(shown["calls"]), "note": notes})
    title = "Which tools are called, and which of them fail?"
    said = "; ".join(f"{name} {note}" for name, note in zip(ends["name"], notes, strict=True))
    drawn = _bars(pd.DataFrame(rows), colours, title, ends, float(shown["calls"].max()))
    st.altair_chart(drawn, alt=f"{title} {said}")


def _in_vain(row: Any) -> str:
    parts = [f"{words.percent(int(row.failed), int(row.calls))} failed"] if row.failed else []
    parts += [f"{int(row.refused):,} refused"] if row.refused else []
    return f", {', '.join(parts)}" if parts else ""


def success(found: pd.DataFrame) -> None:
    """How tasks of each type ended; a click on a bar asks for its type alone."""
    names = [cost_filters.spoken(By.TASK_TYPE, str(name)) for name in found["name"]]
    colours = {word: look.status_colour(status) for word, status in ENDS.items()}
    rows = [
        {"name": name, "value": row["name"], "part": part, "number": int(row[part]), "order": order}
        for name, row in zip(names, found.to_dict("records"), strict=True)
        for order, part in enumerate(ENDS)
    ]
    judged = list(zip(found["completed"], found["failed"], strict=True))
    notes = [f"{words.percent(int(done), int(done + bad))} of {int(done + bad):,}" for done, bad in judged]
    whole = found[list(ENDS)].sum(axis=1)
    ends = pd.DataFrame({"name": names, "number": whole, "note": notes})
    title = "Which types of task succeed?"
    key = f"success-{_pick()}"
    said = "; ".join(f"{name} {note}" for name, note in zip(names, notes, strict=True))
    drawn = _bars(pd.DataFrame(rows), colours, title, ends, float(whole.max()))
    st.altair_chart(drawn, key=key, on_select=_picks(By.TASK_TYPE, key), alt=f"{title} {said}")


def seconds(name: str, **more: Any) -> alt.X:
    """An axis of time that shows seconds and hours alike."""
    axis = alt.Axis(values=SECONDS, labelExpr=IN_WORDS, grid=True, labelOverlap=True)
    return alt.X(f"{name}:Q", title=None, scale=alt.Scale(type="log", nice=False), axis=axis, **more)


def spans(found: pd.DataFrame, part: By, title: str) -> None:
    """How long agents take, as quantiles; a click on one asks for its part alone."""
    shown = found.head(cost_charts.MOST_PARTS)
    frame = pd.DataFrame(
        {
            "value": shown["name"],
            "name": [cost_filters.spoken(part, str(name)) for name in shown["name"]],
            **{q: (shown[f"{q}_ms"] / 1000).clip(lower=0.1) for q in ("p5", "p25", "p50", "p75", "p95", "p99")},
            "agents": shown["agents"],
            **{f"{q} took": [words.duration(ms / 1000) for ms in shown[f"{q}_ms"]] for q in ("p50", "p95", "p99")},
        }
    )
    usual = look.HEX["blue"][look.dark()]
    frame["colour"] = [cost_filters.colour(part, str(name)) or usual for name in shown["name"]]
    y = alt.Y("name:N", title=None, sort=list(frame["name"]), axis=alt.Axis(labelLimit=150, labelOverlap=False))
    told = ["name", "agents", "p50 took", "p95 took", "p99 took"]
    base = alt.Chart(frame).encode(y=y, color=alt.Color("colour:N", scale=None), tooltip=told)
    ink = alt.value(look.quiet_ink())
    layers = [
        base.mark_rule(strokeWidth=2).encode(x=seconds("p5"), x2="p99:Q"),
        base.mark_bar(height=12, opacity=0.45).encode(x="p25:Q", x2="p75:Q").add_params(_which()),
        base.mark_tick(thickness=3, height=16).encode(x="p50:Q"),
        base.mark_point(shape="diamond", filled=True, size=60, opacity=1).encode(x="p95:Q"),
        base.mark_text(align="left", dx=8, fontSize=12).encode(x="p99:Q", text="p50 took:N", color=ink),
    ]
    key = f"spans-{part}-{_pick()}"
    said = "; ".join(
        f"{row['name']} p50 {row['p50 took']}, p95 {row['p95 took']}, p99 {row['p99 took']}"
        for row in frame.to_dict("records")
    )
    drawn = alt.layer(*layers).properties(height=ROW_PX * len(frame) + 80, title=title)
    st.altair_chart(drawn, key=key, on_select=_picks(part, key), alt=f"{title} {said}")


def lengths(found: pd.DataFrame) -> None:
    """How many agents took how long, by role."""
    rows, heights = [], {}
    for row in found.sort_values(["step", "name"]).itertuples(index=False):
        step, low = int(row.step), heights.get(row.step, 0)
        heights[row.step] = low + int(row.agents)
        took = f"{words.duration(edge_s(step))} to {words.duration(edge_s(step + 1))}"
        reach = {"from": max(edge_s(step), 0.7), "to": edge_s(step + 1)}
        rows.append(
            reach | {"low": low, "high": heights[row.step], "role": row.name, "agents": row.agents, "took": took}
        )
    frame = pd.DataFrame(rows)
    roles = [role.value for role in Role if role.value in set(found["name"])]
    colours = [look.role_colour(Role(role)) for role in roles]
    legend = alt.Legend(orient="bottom", columns=4, title=None)
    title = "How long do agents work?"
    chart = (
        alt.Chart(frame, height=240, title=title)
        .mark_rect()
        .encode(
            x=seconds("from"),
            x2="to:Q",
            y=alt.Y("low:Q", title=None),
            y2="high:Q",
            color=alt.Color("role:N", scale=alt.Scale(domain=roles, range=colours), legend=legend),
            tooltip=["took", "role", "agents"],
        )
    )
    most = frame.groupby("took")["agents"].sum()
    st.altair_chart(chart, alt=f"{title} Most often {most.idxmax()}: {int(most.max())} of {int(most.sum())} agents")
