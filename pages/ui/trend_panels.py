"""The Trends page below its filters: spending first, then new work, success and speed, the week, workflows."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from data.domain import words
from data.domain.money import AXIS, NANO
from data.domain.windows import zone
from data.warehouse import trends as questions
from data.warehouse.performance import edge_s
from data.warehouse.trends import DAYS, Trends
from pages.ui import asked_panel, cards, cost_filters, cost_tables, session, trend_charts
from pages.ui.cost_filters import Asked
from pages.ui.look import plain

ENDED_TOLD = (
    "Tasks of this fleet by when they ended. Success: completed of those that completed or failed. Cost of a success: "
    "what all that ended had cost, failed ones too, by each that completed. Filters of role and model change only "
    "spending, new agents and the hours."
)


@session.live_panel("trends")
def trends(asked: Asked | None) -> None:
    found = asked_panel.answer(questions.page, asked, ":material/trending_up:")
    if asked is None or found is None:
        return
    _answer(found, asked)
    _spend(found, asked)
    if len(found.created):
        names = {"tasks": "New tasks", "agents": "New agents"}
        made = trend_charts.steps(asked).merge(found.created, on="at", how="left").fillna(0)
        title = f"How many tasks and agents begin each {asked.grain}?"
        trend_charts.lines(made, names, asked, title, unit="begun")
        cost_tables.data("created", _by_time(found.created, names, asked), title)
    _ended(found, asked)
    _week(found)
    _ways(found, asked)


def _answer(found: Trends, asked: Asked) -> None:
    kind = "simulated work" if asked.cut.simulated else "the fleet"
    filters = cost_filters.chosen(asked.cut)
    st.markdown(f"How {kind} changes{f', for {filters}' if filters else ''}, up to the end of the window:")
    for column, span in zip(st.columns(len(found.spans)), found.spans, strict=True):
        note = f"in {span.days} days; nothing in the {span.days} before"
        if span.before_nanousd:
            share = 100 * (span.cost_nanousd - span.before_nanousd) / span.before_nanousd
            note = f"in {span.days} days, {share:+.0f} % against the {span.days} before"
        with column:
            cards.figure(words.dollars(span.cost_nanousd), note)
    if unpriced := found.spans[-1].unpriced:
        st.caption(f"{words.count(unpriced, 'reply', 'replies')} of 90 days without a known price are in no sum.")


def _spend(found: Trends, asked: Asked) -> None:
    if not len(found.spend):
        return
    trend_charts.spend(found.spend, asked)
    names = {"usd": "USD", "tokens": "Tokens", "replies": "Replies", "unpriced": "Unpriced replies"}
    frame = found.spend.assign(usd=found.spend["cost_nanousd"] / NANO)
    cost_tables.data("spend", _by_time(frame, names, asked), "What each step of time cost")


def _by_time(found: pd.DataFrame, names: dict[str, str], asked: Asked) -> pd.DataFrame:
    began = {"From": cost_tables.began(found["at"], zone(asked.cut.window.zone))}
    return pd.DataFrame(began | {spoken: found[name] for name, spoken in names.items()})


def _ended(found: Trends, asked: Asked) -> None:
    st.subheader("Success and speed")
    if not len(found.ended):
        st.caption("No task ended in this time.")
        return
    rows = found.ended.copy()
    judged, done = rows["completed"] + rows["failed"], rows["completed"]
    rows["success"] = 100 * done / judged.where(judged > 0)
    rows["p50"] = rows["p50_ms"].where(done > 0) / 60_000
    rows["p95"] = rows["p95_ms"].where(done > 0) / 60_000
    rows["each"] = rows["cost_nanousd"] / done.where(done > 0) / NANO
    left, right = st.columns(2)
    with left:
        trend_charts.lines(rows, {"success": "Success"}, asked, "Do more tasks succeed? In percent", unit="%")
        title = "What does a success cost? In dollars"
        trend_charts.lines(rows, {"each": "Cost of a success"}, asked, title, unit="USD", form=AXIS)
    with right:
        quantiles = {"p50": "Half are done within", "p95": "95 % are done within"}
        trend_charts.lines(rows, quantiles, asked, "Do tasks take longer? In minutes", unit="minutes")
        if len(found.lengths):
            trend_charts.lengths(found.lengths)
    names = {
        "completed": "Completed",
        "failed": "Failed",
        "cancelled": "Cancelled",
        "good": "Judged good",
        "bad": "Judged bad",
        "success": "Success, %",
        "p50": "p50, min",
        "p95": "p95, min",
        "each": "USD for a success",
    }
    with st.container(horizontal=True):
        cost_tables.data("ended", _by_time(rows, names, asked), "Success and speed by step of time")
        cost_tables.data("lengths", _lengths(found.lengths), "How long tasks take", label="Data of durations")
    st.caption(plain(ENDED_TOLD))


def _lengths(found: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Type": [name.replace("_", " ") for name in found["name"]],
            "From, s": [round(edge_s(int(step)), 1) for step in found["step"]],
            "Until, s": [round(edge_s(int(step) + 1), 1) for step in found["step"]],
            "Tasks": found["tasks"],
        }
    )


def _week(found: Trends) -> None:
    if not len(found.hours):
        return
    st.subheader("The week")
    what = st.segmented_control(
        "Busy with",
        list(trend_charts.HOURS),
        default="tasks",
        required=True,
        format_func=trend_charts.HOURS.__getitem__,
        key="busy",
        bind="query-params",
    )
    trend_charts.hours(found.hours, str(what))
    frame = pd.DataFrame(
        {
            "Day": [DAYS[day] for day in found.hours["weekday"]],
            "Hour": found.hours["hour"],
            "New tasks": found.hours["tasks"],
            "Replies": found.hours["replies"],
            "USD": found.hours["cost_nanousd"] / NANO,
        }
    )
    cost_tables.data("hours", frame, "How busy each hour of the week is")


def _ways(found: Trends, asked: Asked) -> None:
    if not len(found.workflows):
        return
    st.subheader("Workflows")
    trend_charts.workflows(found.workflows, asked)
    rows = found.workflows.assign(name=[trend_charts.spoken(name) for name in found.workflows["name"]])
    names = {"name": "Who worked", "tasks": "Tasks", "completed": "Completed", "failed": "Failed"}
    frame = _by_time(rows, names | {"steps": "Steps in all", "with_analyst": "With ANALYST"}, asked)
    cost_tables.data("ways", frame, "Which roles worked on new tasks")
    st.caption("New tasks of this fleet by the roles that worked on them, in the order in which they came.")
