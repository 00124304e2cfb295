"""Every chart: a title that says what it answers, and its words for those who cannot see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import altair as alt
import pandas as pd
import streamlit as st

from data.domain import words
from data.domain.agents import Role
from data.domain.context import NEARLY_FULL, Filled
from data.domain.files import FileEntry
from data.domain.log_entries import EntryKind, LogEntry, Outcome
from data.domain.money import NANO
from data.domain.phases import Life, PhaseKind
from data.domain.tasks import Task
from data.store.board import Message
from data.store.imported import DaySpend
from pages.ui import look
from pages.ui.cost_charts import SERIES

WAITS = {
    PhaseKind.IDLE: "gray",
    PhaseKind.QUEUED: "gray",
    PhaseKind.PAUSED: "gray",
    PhaseKind.WAITING: "orange",
    PhaseKind.ASKING: "orange",
    PhaseKind.RETRYING: "red",
}
"""What is drawn as an outline, and in which colour of a status; everything else is work."""
ROOM = 0.18
"""Share of the time axis that is kept free at its end, for what is written behind the bars."""
NARROW_PX = 480
"""Of a chart that is no wider only the last part of a note is written behind a bar."""
LONG = pd.Timedelta(minutes=20)
"""From here on an axis has no seconds."""
NOTE_PARTS = " · "
"""What stands between the parts of a note."""
MOST_BARS, MOST_POINTS = 250, 1_000
"""More than these say nothing more to the eye and take long to draw."""


def gantt(lives: Sequence[Life], notes: Mapping[str, str], now: datetime, at: datetime | None = None) -> str | None:
    """Who worked when, and who waited for what; `notes` stand behind the bars, `at` is a moment to mark.

    The id of the agent whose bar was clicked.
    """
    frame, names = _bars(lives, notes, now)
    if not len(frame):
        return None
    said = "; ".join(f"{name} {notes.get(life.agent_id, '')}" for name, life in zip(names, lives, strict=True))
    picked = st.altair_chart(
        look.inked(_drawn(frame, names, at)), key="gantt", on_select="rerun", alt=f"Who worked when: {said}"
    )
    chosen = picked.selection.get("who") or [{}]
    return str(chosen[0]["id"]) if chosen[0].get("id") else None


def _drawn(frame: pd.DataFrame, names: list[str], at: datetime | None) -> alt.LayerChart:
    begin, end = frame["from"].min(), frame["to"].max()
    axis = alt.Axis(format="%H:%M:%S" if end - begin < LONG else "%H:%M", tickCount=8)

    def x(name: str) -> alt.X:
        return alt.X(f"{name}:T", title=None, scale=alt.Scale(type="utc", nice=False), axis=axis)

    y = alt.Y(
        "who:N",
        title=None,
        sort=names,
        axis=alt.Axis(labelOverlap=False, labelFlush=False, labelFontSize=12, labelLimit=170),
    )
    told = ["who", "what", "took", alt.Tooltip("from:T", format="%H:%M:%S"), "why"]
    bars = alt.Chart(frame).encode(x=x("from"), x2="to:T", y=y, tooltip=told)
    colour = alt.Color("colour:N", scale=None)
    who = alt.selection_point(name="who", fields=["id"])
    work = bars.transform_filter("datum.work").mark_bar(height=14, cornerRadius=2).encode(color=colour)
    waits = bars.transform_filter("!datum.work").mark_bar(height=8, fillOpacity=0.22, strokeWidth=1)
    waits = waits.encode(color=colour, stroke=alt.Stroke("colour:N", scale=None))
    noted = alt.Chart(frame).transform_filter("datum.note").encode(x=x("to"), y=y, color=alt.value(look.quiet_ink()))
    ends = [
        noted.mark_text(align="left", dx=6, fontSize=11, opacity=alt.expr(f"width < {NARROW_PX} ? {narrow} : {wide}"))
        for narrow, wide in ((0, 1), (1, 0))
    ]
    # by data and not by a domain: a chart whose data alone changes is not built anew while people look at it
    edge = pd.DataFrame({"at": [end + max((end - begin) * ROOM, pd.Timedelta(seconds=1))]})
    room = alt.Chart(edge).mark_point(opacity=0).encode(x=x("at"))
    layers = [work.add_params(who), waits, ends[0].encode(text="note:N"), ends[1].encode(text="short:N"), room]
    if at is not None:
        moment = alt.Chart(pd.DataFrame({"at": [at]})).mark_rule(strokeWidth=2, color=look.status_colour("active"))
        layers.append(moment.encode(x=x("at")))
    return alt.layer(*layers).properties(height=28 * len(names) + 76, title="Who worked when")


def _bars(lives: Sequence[Life], notes: Mapping[str, str], now: datetime) -> tuple[pd.DataFrame, list[str]]:
    """One row for each phase, and the names from top to bottom; two of the same name get numbers."""
    names: list[str] = []
    rows: list[dict[str, object]] = []
    for life in lives:
        same = sum(name == life.name or name.startswith(f"{life.name} (") for name in names)
        names.append(f"{life.name} ({same + 1})" if same else life.name)
        phases, note = life.upto(now), notes.get(life.agent_id, "")
        for phase in phases:
            wait = WAITS.get(phase.kind)
            colour = look.HEX[wait][look.dark()] if wait else _own_colour(life)
            rows.append(
                {
                    "id": life.agent_id,
                    "who": names[-1],
                    "from": phase.begun,
                    "to": phase.ended or max(now, phase.begun),  # the clock may have been set back
                    "what": phase.kind.value,
                    "took": words.duration(phase.seconds(now)),
                    "why": words.shortened(phase.why, 80),
                    "colour": colour,
                    "work": wait is None,
                    "note": note if phase is phases[-1] else "",
                    "short": note.rpartition(NOTE_PARTS)[2],
                }
            )
    return pd.DataFrame(rows), names


def _own_colour(life: Life) -> str:
    return look.role_colour(life.role) if life.role is not None else look.quiet_ink()


ROW_PX = 18


def tasks(found: Sequence[Task], now: datetime) -> str | None:
    """Which task ran when, and how it ended; the id of the one whose bar was clicked."""
    frame = pd.DataFrame(
        [
            {
                "id": task.id,
                "task": f"{words.title(task.description, 44)} ({task.id[:4]})",
                "from": task.started_at or task.created_at,
                "to": task.ended_at or max(now, task.started_at or task.created_at),
                "status": look.status_cell(task.status.value),
                "sign": look.status_cell(task.status.value)[0],
                "colour": look.status_colour(task.status.value),
                "took": words.duration(((task.ended_at or now) - (task.started_at or task.created_at)).total_seconds()),
                "cost": words.dollars(task.cost_nanousd),
                "by": task.created_by,
            }
            for task in found
        ]
    )
    y = alt.Y(
        "task:N",
        title=None,
        sort=list(frame["task"]),
        axis=alt.Axis(labelLimit=300, labelOverlap=False, labelFlush=False),
    )
    who = alt.selection_point(name="who", fields=["id"])
    told = ["task", "status", "took", "cost", "by", alt.Tooltip("from:T", format="%Y-%m-%d %H:%M:%S")]
    axis = alt.Axis(orient="top", tickCount=8, labelOverlap=True)
    x = alt.X("from:T", title=None, scale=alt.Scale(type="utc"), axis=axis)
    placed = alt.Chart(frame).encode(x=x, y=y, color=alt.Color("colour:N", scale=None), tooltip=told)
    # with round ends, so that the shortest can be seen and clicked too
    drawn = placed.mark_rule(strokeWidth=9, strokeCap="round").encode(x2="to:T").add_params(who)
    signs = placed.mark_text(align="right", dx=-8, fontSize=11).encode(text="sign:N")
    chart = alt.layer(drawn, signs).properties(height=ROW_PX * len(frame) + 76, title="Which task ran when")
    counts = frame["status"].value_counts().to_dict()
    said = ", ".join(f"{number} {status}" for status, number in counts.items())
    picked = st.altair_chart(
        look.inked(chart), key="tasks-chart", on_select="rerun", alt=f"Which task ran when: {said}"
    )
    chosen = picked.selection.get("who") or [{}]
    return str(chosen[0]["id"]) if chosen[0].get("id") else None


def file_history(changes: Sequence[FileEntry]) -> None:
    """How much of a file each change added and removed, the oldest first."""
    known = [entry for entry in reversed(changes) if entry.at is not None and (entry.added or entry.removed)]
    if len(known) < 2:
        return
    frame = pd.DataFrame(
        [
            {
                "change": f"{number}",
                "lines": lines,
                "agent": entry.agent,
                "when": f"{entry.at:%Y-%m-%d %H:%M:%S} UTC",
                "colour": look.role_colour(entry.role),
            }
            for number, entry in enumerate(known, 1)
            for lines in (entry.added, -entry.removed)
        ]
    )
    chart = (
        alt.Chart(frame, height=120, title="Lines that each change added and removed, the oldest first")
        .mark_bar()
        .encode(
            x=alt.X("change:O", title=None, sort=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y("lines:Q", title=None, axis=alt.Axis(tickMinStep=1)),
            color=alt.Color("colour:N", scale=None, legend=None),
            tooltip=["when", "agent", "lines"],
        )
    )
    added, removed = sum(entry.added for entry in known), sum(entry.removed for entry in known)
    st.altair_chart(
        look.inked(chart), alt=f"{len(known)} changes of this file: {added} lines added, {removed} removed in all"
    )


def cost_by_message(messages: Sequence[Message], role: Role) -> None:
    """What each reply cost; of very many, what each stretch of them did."""
    priced = [message for message in messages if message.cost_nanousd is not None]
    if not priced:
        return
    size = -(-len(priced) // MOST_BARS)
    parts = [priced[start : start + size] for start in range(0, len(priced), size)]
    costs = [sum(message.cost_nanousd or 0 for message in part) for part in parts]
    frame = pd.DataFrame(
        {
            "reply": range(1, len(priced) + 1, size),
            "usd": [cost / NANO for cost in costs],
            "cost": [words.dollars(cost) for cost in costs],
            "tokens": [words.tokens(sum(message.tokens.total for message in part)) for part in parts],
        }
    )
    what = "each reply" if size == 1 else f"each {size} replies"
    chart = (
        alt.Chart(frame, height=160, title=f"What {what} cost, in dollars")
        .mark_bar(color=look.role_colour(role))
        .encode(
            x=alt.X("reply:O", title="Reply", axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y("usd:Q", title=None),
            tooltip=["reply", "cost", "tokens"],
        )
    )
    dearest = max(priced, key=lambda message: message.cost_nanousd or 0)
    told = f"{len(priced)} replies, the dearest {words.dollars(dearest.cost_nanousd or 0)}"
    st.altair_chart(look.inked(chart), alt=f"Cost by reply: {told}")


def spend_by_day(days: Sequence[DaySpend]) -> None:
    """What each day cost, by model."""
    frame = pd.DataFrame(
        {
            "day": [day.day for day in days],
            "model": [day.model.removeprefix("claude-") for day in days],
            "usd": [day.nanousd / NANO for day in days],
            "cost": [words.dollars(day.nanousd) for day in days],
            "replies": [day.replies for day in days],
        }
    )
    chart = (
        alt.Chart(frame, height=300, title="What each UTC day cost, in dollars")
        .mark_bar()
        .encode(
            x=alt.X("yearmonthdate(day):T", title=None, scale=alt.Scale(type="utc"), axis=alt.Axis(format="%d %b")),
            y=alt.Y("usd:Q", title=None),
            color=alt.Color(
                "model:N",
                title=None,
                scale=alt.Scale(range=[pair[look.dark()] for pair in SERIES]),
                legend=alt.Legend(orient="bottom", columns=2),
            ),
            tooltip=[alt.Tooltip("day:T", format="%Y-%m-%d"), "model", "cost", "replies"],
        )
    )
    by_day: dict[datetime, int] = {}
    for day in days:
        by_day[day.day] = by_day.get(day.day, 0) + day.nanousd
    dearest = max(by_day, key=lambda one: by_day[one])
    told = f"{words.count(len(by_day), 'day')}, the dearest {dearest:%Y-%m-%d} with {words.dollars(by_day[dearest])}"
    st.altair_chart(look.inked(chart), alt=f"Cost by day: {told}")


def context(found: Sequence[Filled], window: int) -> None:
    """How full the context window was after each reply, where people are warned, and where it was compacted."""
    size = -(-len(found) // MOST_POINTS)
    shown = [max(found[start : start + size], key=lambda one: one.used) for start in range(0, len(found), size)]
    frame = pd.DataFrame(
        {
            "reply": [one.number for one in shown],
            "percent": [100 * one.used / window for one in shown],
            "tokens": [words.tokens(one.used) for one in shown],
        }
    )
    base = alt.Chart(frame, height=220, title="How full the context window was, in percent")
    x = alt.X("reply:Q", title="Reply", axis=alt.Axis(tickMinStep=1, format="d"), scale=alt.Scale(nice=False))
    y = alt.Y("percent:Q", title=None, scale=alt.Scale(domain=[0, max(100, *frame["percent"])]))
    accent, warn = look.HEX["blue"][look.dark()], look.HEX["orange"][look.dark()]
    line = base.mark_area(line={"color": accent}, color=accent, opacity=0.25, interpolate="step-after")
    limit = alt.Chart(pd.DataFrame({"percent": [100 * NEARLY_FULL]})).mark_rule(color=warn, strokeDash=[4, 4])
    layers: list[alt.Chart] = [
        line.encode(x=x, y=y, tooltip=["reply", "percent", "tokens"]),
        limit.encode(y="percent:Q"),
    ]
    if marks := [one.number for one in found if one.compacted]:
        rule = alt.Chart(pd.DataFrame({"reply": marks, "what": "compacted"})).mark_rule(color=warn, strokeWidth=2)
        layers.append(rule.encode(x="reply:Q", tooltip=["reply", "what"]))
    fullest = max(found, key=lambda one: one.used)
    times = f", compacted before reply {', '.join(map(str, marks[:20]))}" if marks else ", never compacted"
    told = f"{round(100 * found[-1].used / window)} % now, at most {round(100 * fullest.used / window)} %{times}"
    st.altair_chart(look.inked(alt.layer(*layers)), alt=f"Context window by reply: {told}")


MOST_BARS = 1_500
LEAST_SHARE = 0.004
"""A bar is at least this part of the whole time wide, so that a short call can be seen."""
OUTCOMES = {Outcome.OK: "completed", Outcome.FAILED: "failed", Outcome.REFUSED: "waiting", Outcome.UNFINISHED: "idle"}
"""An outcome, and the status whose colour it has."""


def calls(entries: Sequence[LogEntry], now: datetime) -> None:
    """When which tool ran, and what became of it."""
    shown = [entry for entry in entries if entry.kind is not EntryKind.MOVED][-MOST_BARS:]
    if not shown:
        return
    begins, ends = shown[0].at, max((entry.ended_at or entry.at for entry in shown), default=now)
    least = (max(ends, now) - begins) * LEAST_SHARE
    frame = pd.DataFrame(
        {
            "tool": [entry.tool or entry.kind.value for entry in shown],
            "what": [words.shortened(entry.words, 120) for entry in shown],
            "outcome": [entry.outcome.value for entry in shown],
            "from": [entry.at for entry in shown],
            "to": [max(entry.ended_at or entry.at, entry.at + least) for entry in shown],
            "took": ["–" if entry.seconds is None else words.took(entry.seconds) for entry in shown],
        }
    )
    rows = frame["tool"].nunique()
    colours = [look.status_colour(OUTCOMES[outcome]) for outcome in Outcome]
    chart = (
        alt.Chart(frame, height=26 * rows + 150, title="What ran when, by tool (UTC)")
        .mark_bar(cornerRadius=2, height=12)
        .encode(
            x=alt.X("from:T", title=None, scale=alt.Scale(type="utc"), axis=alt.Axis(format="%H:%M:%S")),
            x2="to:T",
            y=alt.Y("tool:N", title=None, axis=alt.Axis(labelOverlap=False, labelFontSize=12)),
            color=alt.Color(
                "outcome:N",
                scale=alt.Scale(domain=[outcome.value for outcome in Outcome], range=colours),
                legend=alt.Legend(orient="top", title=None),
            ),
            tooltip=["what", "outcome", "took", alt.Tooltip("from:T", format="%H:%M:%S")],
        )
    )
    by_tool = frame.groupby("tool").size().sort_values(ascending=False)
    told = ", ".join(f"{tool} {number}" for tool, number in by_tool.items())
    bad = sum(entry.outcome is not Outcome.OK for entry in shown)
    st.altair_chart(look.inked(chart), alt=f"{len(shown)} actions by tool: {told}; {bad} of them did not go well")


def budget_periods(found: pd.DataFrame, limit: float, unit: str, *, key: str) -> None:
    """What each period of a budget spent, against the limit as it is now; those that were unusual are marked."""
    dark = look.dark()
    frame = found.assign(
        colour=[look.HEX["red" if mark else "blue"][dark] for mark in found["unusual"]],
        mark=["unusually much" if mark else "" for mark in found["unusual"]],
        limit=limit,
    )
    x = alt.X("begin:O", title=None, sort=None, axis=alt.Axis(labelAngle=0, labelOverlap=True))
    base = alt.Chart(frame).encode(x=x, tooltip=["begin", "said", "mark"])
    bars = base.mark_bar(cornerRadius=2).encode(y=alt.Y("spent:Q", title=None), color=alt.Color("colour:N", scale=None))
    line = alt.Chart(frame).mark_rule(strokeDash=[4, 3], color=look.quiet_ink()).encode(y="max(limit):Q")
    title = f"What each period spent in {unit}, against the limit of now"
    marked = [str(row.begin) for row in found.itertuples(index=False) if row.unusual]
    told = ", ".join(f"{row.begin} {row.said}" for row in found.tail(6).itertuples(index=False))
    said = f"; unusually much: {', '.join(marked)}" if marked else ""
    chart = alt.layer(bars, line).properties(height=200, title=title)
    st.altair_chart(look.inked(chart), key=key, alt=f"{title}: {told}{said}")
