"""The page of questions in SQL: what there is, the question, its answer as a table, a chart and a file."""

from __future__ import annotations

import functools

import altair as alt
import pandas as pd
import streamlit as st

from data.domain import words
from data.domain.exports import Format
from data.store import settings
from data.warehouse.adhoc import MOST_CHARACTERS, Answered
from orchestrator_adapter import commands_adhoc, reports
from pages.ui import cards, look, session, tables
from pages.ui.look import plain

EXAMPLES = {
    "What did each day cost, by role?": (
        "select date_trunc('day', at) as day, role, sum(cost_usd) as usd\nfrom replies\nwhere not simulated\n"
        "group by all\norder by day, usd desc"
    ),
    "Which folders have the most failed tasks?": (
        "select folder, count(*) filter (status = 'failed') as failed, count(*) as tasks\nfrom tasks\n"
        "where not simulated and deleted_at is null\ngroup by all\norder by failed desc"
    ),
    "Which tools fail for which role?": (
        "select role, tool, count(*) as calls, count(*) filter (failed) as failed\nfrom tool_calls\n"
        "where not simulated\ngroup by all\norder by failed desc"
    ),
    "What does a reply of each model cost?": (
        "select model, count(*) as replies, median(cost_usd) as median_usd, max(cost_usd) as most_usd\nfrom replies\n"
        "where not simulated\ngroup by all\norder by replies desc"
    ),
}
BARS, LINE = "Bars", "Line"
MOST_MARKS = 500


def ask() -> None:
    with session.panel("question"):
        saved = _saved()
        _choose(saved)
        left, right = st.columns([3, 1], gap="large")
        with left:
            text = st.text_area(
                "Question",
                key="sql",
                bind="query-params",
                height=200,
                max_chars=MOST_CHARACTERS,
                placeholder="select role, count(*) from agents group by all",
            )
            limits = session.deck().adhoc.limits
            st.caption(
                f"One SELECT of DuckDB; at most {limits.seconds} s, {limits.memory} of memory, {limits.rows:,} rows. "
                "Simulated work is among them: `where not simulated` leaves it out."
            )
            with st.container(horizontal=True):
                pressed = st.button("Ask", type="primary", icon=":material/play_arrow:", disabled=not text)
                _keep(text or "", saved)
        with right:
            _schema()
    with session.panel("answer"):
        if pressed and text:
            st.session_state.pop("sql-answer", None)
            found = commands_adhoc.ask_sql(session.deck(), session.actor(), text)
            st.session_state["sql-answer"] = (text, found)
        known = st.session_state.get("sql-answer")
        if known is None:
            cards.empty("No question was asked yet", "Write one, or choose an example above, and press Ask.")
        else:
            _answer(*known, stale=known[0] != text)


def _saved() -> dict[str, str]:
    with session.read() as board:
        return settings.questions(board.connection)


def _choose(saved: dict[str, str]) -> None:
    """Put a saved question or an example into the field."""
    every = {**{f"Saved: {name}": sql for name, sql in saved.items()}, **EXAMPLES}

    def chosen() -> None:
        if name := st.session_state.get("sql-chosen"):
            st.session_state["sql"] = every[name]
            st.session_state["sql-chosen"] = None

    st.selectbox(
        "Begin with",
        list(every),
        index=None,
        placeholder="a saved question or an example",
        key="sql-chosen",
        on_change=chosen,
        width=420,
    )


def _keep(text: str, saved: dict[str, str]) -> None:
    with st.popover("Save", icon=":material/bookmark_add:", disabled=not text):
        name = st.text_input("Name", key="sql-name", max_chars=commands_adhoc.MOST_NAME)
        with st.container(horizontal=True):
            if st.button("Save for everybody", disabled=not name, key="sql-save"):
                commands_adhoc.save_question(session.deck(), session.actor(), name, text)
                st.rerun()
            if st.button("Forget", disabled=name not in saved, key="sql-forget"):
                commands_adhoc.forget_question(session.deck(), session.actor(), name)
                st.rerun()


def _schema() -> None:
    st.markdown("**What there is**")
    found: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in session.deck().adhoc.columns():
        found.setdefault(table, []).append((column, kind))
    for table, columns in found.items():
        with st.expander(table):
            cards.facts({column: kind.lower() for column, kind in columns})


def _answer(text: str, found: Answered, *, stale: bool) -> None:
    count = words.count(found.rows.num_rows, "row")
    more = f"The first {count}, there are more" if found.more else count
    st.markdown(f"**{more}**, in {found.seconds:.1f} s, as of event {found.clock:,}.")
    if stale:
        st.caption("Of the question as it was asked; press Ask for the one above.")
    if not found.rows.num_rows:
        return
    frame = _frame(found)
    st.dataframe(frame, hide_index=True, height=tables.height(len(frame)), key="sql-rows", alt="The answer")
    with st.container(horizontal=True):
        for written in (Format.CSV, Format.JSON, Format.PARQUET):
            st.download_button(
                written.value.upper() if written is not Format.PARQUET else "Parquet",
                functools.partial(reports.rows_file, found.rows, written, {"clock": found.clock, "sql": text}),
                file_name=f"answer.{written}",
                mime=reports.MEDIA[written],
                icon=":material/download:",
                on_click="ignore",
                key=f"sql-{written}",
            )
    _chart(frame)


def _frame(found: Answered) -> pd.DataFrame:
    """With exact decimals as numbers, for the eye, and no two columns of the same name."""
    names = reports.unique(found.rows.column_names)
    frame: pd.DataFrame = found.rows.rename_columns(names).to_pandas()
    for name, field in zip(names, found.rows.schema, strict=True):
        if str(field.type).startswith("decimal"):
            frame[name] = frame[name].astype("float64")
    return frame


def _chart(frame: pd.DataFrame) -> None:
    numbers = [name for name in frame if pd.api.types.is_numeric_dtype(frame[name])]
    if not numbers or len(frame) < 2:
        return
    others = [name for name in frame if name not in numbers] or [name for name in frame if name != numbers[-1]]
    if not others:
        return
    st.subheader("As a chart")
    with st.container(horizontal=True):
        x = st.selectbox("Along", others + [n for n in numbers if n not in others], key="sql-x", width=180)
        y = st.selectbox("Height", numbers, index=len(numbers) - 1, key="sql-y", width=180)
        part = st.selectbox("Parted by", [n for n in others if n != x], index=None, key="sql-part", width=180)
        form = st.segmented_control("Drawn as", [BARS, LINE], default=BARS, required=True, key="sql-form")
    shown = frame.head(MOST_MARKS).rename(columns={x: "x", y: "y"} | ({part: "part"} if part else {}))
    time = pd.api.types.is_datetime64_any_dtype(shown["x"])
    title = f"{y} by {x}" + (f" and {part}" if part else "")
    axis = alt.Axis(labelAngle=0, labelOverlap=True, labelLimit=160)
    encoding = {
        "x": alt.X("x:T" if time else "x:N", title=None, sort=None, axis=axis),
        "y": alt.Y("y:Q", title=None, axis=alt.Axis(format=",.3~r")),
        "tooltip": [alt.Tooltip("x", title=str(x)), alt.Tooltip("y", title=str(y))],
    }
    if part:
        encoding["color"] = alt.Color("part:N", legend=alt.Legend(orient="bottom", title=None))
    base = alt.Chart(shown[["x", "y", *(["part"] if part else [])]], height=280, title=plain(title))
    accent = look.HEX["blue"][look.dark()]
    mark = base.mark_line(point=True, color=accent) if form == LINE else base.mark_bar(color=accent)
    st.altair_chart(mark.encode(**encoding), alt=f"{title}: {words.count(len(shown), 'row')} of the table above")
    if len(frame) > MOST_MARKS:
        st.caption(f"Of the first {MOST_MARKS} rows.")
