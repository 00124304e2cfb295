"""Charts of money: by time and by part, each with its words, its data and a way to ask for one bar alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from data.domain import words
from data.domain.money import AXIS, NANO
from data.domain.windows import Grain, Window, zone
from data.warehouse.costs import By
from pages.ui import cost_filters, kept_charts, look, tables
from pages.ui.kept_charts import Built

SERIES = (
    ("#0b5cad", "#5aa9ff"),
    ("#9a5b00", "#f0b35a"),
    ("#0f7b4f", "#4fd1a0"),
    ("#8a32fd", "#cba7ff"),
    ("#b3261e", "#ff8a80"),
    ("#5f6b7a", "#93a0b4"),
)
"""Colours of parts that have none of their own, on a light and on a dark page."""
MOST_PARTS = 8
REST = "all others"
ROW_PX = 26
_FORMATS = {Grain.HOUR: "%d %b %H:%M", Grain.DAY: "%d %b", Grain.WEEK: "%d %b", Grain.MONTH: "%b %Y"}
_TITLES = {Grain.HOUR: "each hour", Grain.DAY: "each day", Grain.WEEK: "each week", Grain.MONTH: "each month"}


def over_time(found: pd.DataFrame, asked: cost_filters.Asked) -> None:
    """What each step of time cost, parted; a click on a bar asks for its time alone."""
    window, grain, part = asked.cut.window, asked.grain, asked.split
    key = f"costs-time-{st.session_state.get('costs-picked', 0)}-{grain}-{part}"

    def clicked() -> None:
        points = st.session_state[key].selection.get("when") or []
        if points and points[0].get("at") is not None:
            ask_for(int(points[0]["at"]), window, grain)

    kept_charts.show(found, lambda: _over_time(found, asked), asked, key=key, on_select=clicked)


def _over_time(found: pd.DataFrame, asked: cost_filters.Asked) -> Built:
    window, grain, part = asked.cut.window, asked.grain, asked.split
    frame = _drawn(found, asked)
    order = list(dict.fromkeys(frame.sort_values("usd", ascending=False)["part"]))
    picked = alt.selection_point(name="when", fields=["at"], on="click", empty=False)
    steps = [when(int(at.timestamp() * 1000), window, grain) for at in window.edges(grain)]
    title = f"What {_TITLES[grain]} cost, in dollars, by {cost_filters.PARTS[part]}"
    chart = (
        alt.Chart(kept_charts.ROWS, height=280, title=title)
        .mark_bar()
        .encode(
            x=alt.X(
                "when:O",
                title=None,
                sort=None,
                scale=alt.Scale(domain=steps),
                axis=alt.Axis(labelAngle=0, labelOverlap=True),
            ),
            y=alt.Y("sum(usd):Q", title=None),
            color=_colours(part, order),
            order=alt.Order("usd:Q", sort="descending"),
            tooltip=["when:N", "part:N", "cost:N", "tokens:N"],
        )
        .add_params(picked)
    )
    by_time = found.groupby("at")["cost_nanousd"].sum()
    most = by_time.idxmax()
    told = (
        f"{words.dollars(int(by_time.sum()))} in {words.count(len(by_time), 'bar')}, "
        f"the highest {when(int(most), window, grain)} with {words.dollars(int(by_time[most]))}"
    )
    return Built(chart, frame, f"What {_TITLES[grain]} cost: {told}")


def ask_for(at_ms: int, window: Window, grain: Grain) -> None:
    begin = datetime.fromtimestamp(at_ms / 1000, UTC)
    steps = [at for at in window.edges(grain) if at > begin]
    here = zone(window.zone)
    last = (min([*steps[:1], window.end]) - timedelta(seconds=1)).astimezone(here).date()
    cost_filters.day(max(begin, window.begin).astimezone(here).date(), last)
    st.session_state["costs-asked"] = True


def parts(found: pd.DataFrame, part: By, title: str) -> None:
    """What each part cost; a click on a bar asks for it alone."""
    key = f"costs-{part}-{st.session_state.get('costs-picked', 0)}"
    how = {"on_select": picks(part, key)} if part in cost_filters.KEYS else {}
    kept_charts.show(found, lambda: _parts(found, part, title), part, key=key, **how)


def _parts(found: pd.DataFrame, part: By, title: str) -> Built:
    shown = found.head(MOST_PARTS).copy()
    frame = pd.DataFrame(
        {
            "name": shown["name"],
            "part": [cost_filters.spoken(part, str(name)) for name in shown["name"]],
            "usd": shown["cost_nanousd"] / NANO,
            "cost": [_cost(row) for row in shown.itertuples(index=False)],
            "tokens": [words.tokens(int(tokens)) for tokens in shown["tokens"]],
        }
    )
    frame["colour"] = [cost_filters.colour(part, str(name)) or look.HEX["blue"][look.dark()] for name in shown["name"]]
    y = alt.Y("part:N", title=None, sort=list(frame["part"]), axis=alt.Axis(labelLimit=150, labelOverlap=False))
    base = alt.Chart(kept_charts.ROWS).encode(y=y, tooltip=["part:N", "cost:N", "tokens:N"])
    most = max(float(frame["usd"].max()), 1e-9)
    x = alt.X("usd:Q", title=None, scale=alt.Scale(domain=[0, most * 1.3]), axis=alt.Axis(tickCount=4, format=AXIS))
    bars = base.mark_bar(cornerRadius=2, height=14).encode(x=x, color=alt.Color("colour:N", scale=None))
    ends = base.mark_text(align="left", dx=6, fontSize=12).encode(x=x, text="cost:N", color=alt.value(look.quiet_ink()))
    if part in cost_filters.KEYS:
        bars = bars.add_params(alt.selection_point(name="which", fields=["name"], empty=False))
    chart = alt.layer(bars, ends).properties(height=ROW_PX * len(frame) + 76, title=title)
    told = ", ".join(f"{name} {cost}" for name, cost in zip(frame["part"], frame["cost"], strict=True))
    return Built(chart, frame, f"{title} {told}")


def picks(part: By, key: str) -> Callable[[], None]:
    def clicked() -> None:
        points = st.session_state[key].selection.get("which") or []
        if points and points[0].get("name"):
            cost_filters.only(part, str(points[0]["name"]))
            st.session_state["costs-asked"] = True

    return clicked


def _cost(row: Any) -> str:
    return tables.UNPRICED if row.unpriced and not row.cost_nanousd else words.dollars(int(row.cost_nanousd))


def _drawn(found: pd.DataFrame, asked: cost_filters.Asked) -> pd.DataFrame:
    """With the smallest parts as one, so that colours can be told apart."""
    by_part = found.groupby("name")["cost_nanousd"].sum().sort_values(ascending=False)
    kept = set(by_part.index[: MOST_PARTS - 1 if len(by_part) > MOST_PARTS else MOST_PARTS])
    shown = found.assign(name=[name if name in kept else REST for name in found["name"]])
    shown = shown.groupby(["at", "name"], as_index=False)[["cost_nanousd", "tokens"]].sum()
    return pd.DataFrame(
        {
            "at": shown["at"],
            "when": [when(int(at), asked.cut.window, asked.grain) for at in shown["at"]],
            "part": [cost_filters.spoken(asked.split, str(name)) for name in shown["name"]],
            "usd": shown["cost_nanousd"] / NANO,
            "cost": [words.dollars(int(cost)) for cost in shown["cost_nanousd"]],
            "tokens": [words.tokens(int(tokens)) for tokens in shown["tokens"]],
        }
    )


def when(at_ms: int, window: Window, grain: Grain) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, zone(window.zone)):{_FORMATS[grain]}}"


def _colours(part: By, order: list[str]) -> alt.Color:
    dark = look.dark()
    spare = iter([pair[dark] for pair in SERIES] * 2)
    colours = [cost_filters.colour(part, name) or next(spare) for name in order]
    legend = alt.Legend(orient="bottom", columns=4, title=None, labelLimit=200)
    return alt.Color("part:N", scale=alt.Scale(domain=order, range=colours), legend=legend)
