"""Cost against success by workflow: a chart with intervals, the table behind it, and one sentence that recommends."""

from __future__ import annotations

import altair as alt
import pandas as pd
import streamlit as st

from data.domain import frontier_words, windows
from data.domain.errors import StoreUnavailable
from data.domain.frontier import LEAST, Kind, Way
from data.domain.money import AXIS, NANO
from data.domain.windows import Preset
from data.warehouse import frontier as questions
from data.warehouse.costs import Cut
from pages.ui import cost_tables, look, places, session
from pages.ui.cost_filters import Asked
from pages.ui.look import plain

MOST_KINDS = 12
"""Kinds of tasks that can be chosen, the most frequent."""
TITLE = "Which workflow is worth its money?"
COLOURS = {"recommended": "green", "not dominated": "blue", "dominated": "red", "too few tasks": "gray"}
SHAPES = {"recommended": "diamond", "not dominated": "circle", "dominated": "cross", "too few tasks": "triangle-up"}


def draw(asked: Asked) -> None:
    st.subheader("Workflows")
    found = session.ask(questions.frontier, asked.cut)
    if not found:
        st.caption("No task that this fleet planned ended in this time.")
        return
    kind = _choose(found[:MOST_KINDS])
    st.markdown(plain(frontier_words.recommended(kind)))
    if drawn := [way for way in kind.ways if way.cost is not None]:
        _chart(drawn, kind)
    cost_tables.data("workflows", _rows(found), "Cost and success of every workflow", label="All workflows")
    st.caption(plain(f"{frontier_words.OBSERVED} A workflow with fewer than {LEAST} priced tasks is not compared."))


def hint(task_type: str, complexity: str, *, simulated: bool) -> None:
    """What past tasks of this kind recommend, for who is about to hand one in, with the way to the numbers."""
    window = windows.last(Preset.QUARTER, session.deck().store.now())
    try:
        found = session.ask(questions.frontier, Cut(window, simulated, task_type=task_type))
    except StoreUnavailable:  # a hint that nobody can give is none
        return
    kind = next((one for one in found if one.complexity == complexity), None)
    if kind is None:
        return
    st.info(f"{plain(frontier_words.recommended(kind))} In 90 days.", icon=":material/query_stats:")
    money = {"money": "Simulated"} if simulated else {}
    st.page_link(
        places.PERFORMANCE,
        label="Workflows compared",
        icon=":material/scatter_plot:",
        query_params={"window": "90 days", "cost_type": task_type.replace("_", " "), "kind": _name(kind)} | money,
    )


def _name(kind: Kind) -> str:
    return frontier_words.kind_words(kind)


def _choose(found: tuple[Kind, ...]) -> Kind:
    by_name = {_name(kind): kind for kind in found}
    picked = st.selectbox("Kind of task", list(by_name), key="kind", bind="query-params", width=320)
    return by_name.get(str(picked), found[0])


def _state(way: Way, kind: Kind) -> str:
    said = frontier_words.standing(way, kind)
    return next(state for state in COLOURS if state in said)


def _chart(ways: list[Way], kind: Kind) -> None:
    """Up is better, left is cheaper; lines are 95 % intervals."""
    dark, states = look.dark(), [_state(way, kind) for way in ways]
    frame = pd.DataFrame(
        {
            "way": [frontier_words.way_words(way.name) for way in ways],
            "state": states,
            "usd": [way.cost.mean / NANO for way in ways if way.cost],
            "usd_low": [way.cost.low / NANO for way in ways if way.cost],
            "usd_high": [way.cost.high / NANO for way in ways if way.cost],
            "success": [100 * way.success.value for way in ways],
            "success_low": [100 * way.success.low for way in ways],
            "success_high": [100 * way.success.high for way in ways],
            "tasks": [way.tasks for way in ways],
            "said": [frontier_words.with_figures(way) for way in ways],
            "standing": [frontier_words.standing(way, kind) for way in ways],
        }
    )
    sides = ["right" if usd > frame["usd_high"].max() / 2 else "left" for usd in frame["usd"]]
    frame["side"] = [side if way.enough else "" for side, way in zip(sides, ways, strict=True)]
    legend = alt.Legend(orient="bottom", title=None)
    shown = list(dict.fromkeys(states))
    colour = alt.Color(
        "state:N",
        scale=alt.Scale(domain=shown, range=[look.HEX[COLOURS[state]][dark] for state in shown]),
        legend=legend,
    )
    base = alt.Chart(frame).encode(color=colour, tooltip=["said", "standing"])
    shape = alt.Shape("state:N", scale=alt.Scale(domain=shown, range=[SHAPES[state] for state in shown]), legend=legend)
    layers = [
        base.mark_rule(strokeWidth=2).encode(x=_x("usd_low"), x2="usd_high:Q", y=_y("success")),
        base.mark_rule(strokeWidth=2).encode(x=_x("usd"), y=_y("success_low"), y2="success_high:Q"),
        base.mark_point(size=130, filled=True, opacity=1).encode(x=_x("usd"), y=_y("success"), shape=shape),
        *(_names(base, side) for side in ("left", "right")),
    ]
    title = f"{TITLE} {_name(kind).capitalize()}"
    said = "; ".join(f"{row['said']}, {row['standing']}" for row in frame.to_dict("records"))
    chart = alt.layer(*layers).properties(height=340, title=title)
    st.altair_chart(look.inked(chart), key="workflow-chart", alt=f"{title}: {said}")


def _names(base: alt.Chart, side: str) -> alt.Chart:
    """Beside the points of those that are compared, towards the middle of the chart."""
    text = base.transform_filter(f"datum.side == '{side}'")
    text = text.mark_text(align=side, dx=9 if side == "left" else -9, dy=-9, fontSize=12)
    return text.encode(x=_x("usd"), y=_y("success"), text="way:N", color=alt.value(look.quiet_ink()))


def _x(name: str) -> alt.X:
    return alt.X(f"{name}:Q", title="Mean cost of a task, in dollars", axis=alt.Axis(format=AXIS, tickCount=5))


def _y(name: str) -> alt.Y:
    return alt.Y(
        f"{name}:Q",
        title="Succeeded, in percent",
        scale=alt.Scale(domain=[0, 104], nice=False),
        axis=alt.Axis(values=[0, 20, 40, 60, 80, 100]),
    )


def _rows(found: tuple[Kind, ...]) -> pd.DataFrame:
    return pd.DataFrame([_row(way, kind) for kind in found for way in kind.ways])


def _row(way: Way, kind: Kind) -> dict[str, object]:
    cost = way.cost
    return {
        "Kind of task": _name(kind),
        "Workflow": frontier_words.way_words(way.name),
        "Tasks": way.tasks,
        "Succeeded": way.succeeded,
        "Judged": way.judged,
        "Success, %": round(100 * way.success.value, 1),
        "from": round(100 * way.success.low, 1),
        "to": round(100 * way.success.high, 1),
        "USD a task": None if cost is None else cost.mean / NANO,
        "USD from": None if cost is None else cost.low / NANO,
        "USD to": None if cost is None else cost.high / NANO,
        "USD a success": None if way.each_success is None else way.each_success / NANO,
        "Standing": frontier_words.standing(way, kind),
    }
