"""The log of an agent: what went wrong on top, every action as a chart and a list, and the files themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time

import pandas as pd
import streamlit as st

from data.domain import words
from data.domain.agents import Agent
from data.domain.errors import BlobNotFound
from data.domain.log_entries import EntryKind, LogEntry, LogFilter, Outcome, chosen, tools
from data.domain.words import count, shortened
from orchestrator_adapter import agent_logs
from orchestrator_adapter.kept import Kept
from pages.ui import agent_ways, cards, charts, diagnosis, log_file, logs, session, tables
from pages.ui.look import plain

TIMELINE = "timeline"
VIEWS = {TIMELINE: "Timeline"} | {name: name for name in log_file.FILES}
MOST_ROWS = 5_000
MOST_SHOWN = 20_000
SIGNS = {
    Outcome.OK: "✓ ok",
    Outcome.FAILED: "✕ failed",
    Outcome.REFUSED: "⊘ refused",
    Outcome.UNFINISHED: "◔ unfinished",
}
_CLOCK = re.compile(r"(?:(\d{4}-\d\d-\d\d)[ T])?(\d{1,2}):(\d\d)(?::(\d\d))?")
_read: Kept[list[LogEntry]] = Kept(16)


def draw(agent: Agent) -> None:
    found = of(agent)
    entry = _asked(found)
    if entry is not None:
        _detail(agent, entry)
    with session.read() as board:
        wrong = agent_logs.of_agent(session.deck().store, board, agent, found)
    if wrong is not None:
        diagnosis.box(wrong, key="log-why", here=True, said=agent.error or "", opened=entry.id if entry else None)
    view = st.segmented_control(
        "Show",
        list(VIEWS),
        format_func=VIEWS.__getitem__,
        default=TIMELINE,
        required=True,
        key="log",
        bind="query-params",
    )
    if view in log_file.FILES:
        log_file.draw(agent, str(view))
    elif found:
        _timeline(found)
    else:
        nothing = "Nothing yet" if agent.live else "Nothing"
        cards.empty(nothing, "Each action of the agent is listed here, with what became of it.")


def of(agent: Agent) -> list[LogEntry]:
    """Every action of the agent; laid out once for all who look at it."""
    store = session.deck().store
    with session.read() as board:
        key = (str(store.url), agent.id, board.log_last(agent.id))
        return _read.get(key, lambda: agent_logs.actions(store, board, agent))


def _timeline(found: Sequence[LogEntry]) -> None:
    wanted = _filter(found)
    shown = chosen(found, wanted)
    if not shown:
        cards.empty("No action fits", "Choose fewer filters.", ":material/filter_alt_off:")
        return
    charts.calls(shown, found[-1].ended_at or found[-1].at)
    _list(shown)


def _filter(found: Sequence[LogEntry]) -> LogFilter:
    """The filter lives in the address, so that what a person sees can be shared."""
    begins, ends = found[0].at, found[-1].ended_at or found[-1].at
    with st.container(horizontal=True, vertical_alignment="bottom"):
        tool = st.selectbox(
            "Tool", tools(found), index=None, placeholder="all", key="log_tool", bind="query-params", width=150
        )
        outcome = st.selectbox(
            "Outcome",
            [outcome.value for outcome in Outcome],
            index=None,
            placeholder="all",
            key="log_outcome",
            bind="query-params",
            width=150,
        )
        since = _time("From (UTC)", "log_from", begins)
        until = _time("To (UTC)", "log_to", begins, ends)
        text = st.text_input(
            "Find", key="log_text", bind="query-params", type="search", placeholder="in words and answers", width=220
        )
        calls = st.toggle("Tool calls only", key="log_calls", bind="query-params")
    return LogFilter(tool, Outcome(outcome) if outcome else None, since, until, bool(calls), text or None)


def _time(label: str, key: str, begins: datetime, shown: datetime | None = None) -> datetime | None:
    text = st.text_input(label, key=key, bind="query-params", placeholder=f"{shown or begins:%H:%M:%S}", width=140)
    if not text:
        return None
    found = moment(text, begins.date())
    if found is None:
        st.caption(":orange[:material/warning:] A time like 14:05, 14:05:30 or 2026-03-01 14:05.")
    return found


def moment(text: str, day: date) -> datetime | None:
    """`14:05`, `14:05:30` or `2026-03-01 14:05` as a time in UTC; None for anything else."""
    hit = _CLOCK.fullmatch(text.strip())
    if hit is None:
        return None
    try:
        on = date.fromisoformat(hit[1]) if hit[1] else day
        return datetime.combine(on, time(int(hit[2]), int(hit[3]), int(hit[4] or 0)), UTC)
    except ValueError:
        return None


def _asked(found: Sequence[LogEntry]) -> LogEntry | None:
    """The entry that the address names."""
    name = st.query_params.get("entry", "")
    return next((entry for entry in found if str(entry.id) == name), None)


def _list(shown: Sequence[LogEntry]) -> None:
    rows = list(shown[-MOST_ROWS:])
    left = f"; the last {MOST_ROWS:,} are listed" if len(shown) > MOST_ROWS else ""
    st.caption(f"{count(len(shown), 'action')}{left}. Pick one to see what went in and what came out.")

    def pick() -> None:
        picked = st.session_state["log-entries"].selection.rows
        if picked:
            st.query_params["entry"] = str(rows[picked[0]].id)

    st.dataframe(
        frame(rows),
        column_config={
            "At (UTC)": st.column_config.TextColumn(width=90),
            "Outcome": st.column_config.TextColumn(width=110),
            "Took": st.column_config.TextColumn(width=70),
            "Tool": st.column_config.TextColumn(width=90),
            "What": st.column_config.TextColumn(width=380),
            "Files": st.column_config.TextColumn(width=180),
            "Answer": st.column_config.TextColumn(width=320),
        },
        hide_index=True,
        height=tables.height(len(rows)),
        key="log-entries",
        on_select=pick,
        selection_mode="single-row",
        alt="Actions of the agent: when, what became of it, how long it took, tool, words, files, answer",
    )


def frame(rows: Sequence[LogEntry]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "At (UTC)": [f"{entry.at:%H:%M:%S}" for entry in rows],
            "Outcome": [SIGNS[entry.outcome] for entry in rows],
            "Took": [took(entry) for entry in rows],
            "Tool": [entry.tool or entry.kind.value for entry in rows],
            "What": [shortened(entry.words, 200) for entry in rows],
            "Files": [", ".join(path for path, _ in entry.files) for entry in rows],
            "Answer": [shortened(entry.answer, 200) for entry in rows],
        }
    )


def took(entry: LogEntry) -> str:
    return "" if entry.seconds is None else words.took(entry.seconds)


def _detail(agent: Agent, entry: LogEntry) -> None:
    """One action whole: what went in, what came out, and the ways to its files and its place in the conversation."""
    with st.container(border=True, key="log-entry"):
        with st.container(horizontal=True, vertical_alignment="center"):
            about = [SIGNS[entry.outcome], f"{entry.at:%Y-%m-%d %H:%M:%S} UTC", took(entry)]
            st.markdown(f"**{plain(shortened(entry.words, 200))}**")
            st.caption(plain(", ".join(filter(None, about))))
            st.button("Close", key="log-close", type="tertiary", icon=":material/close:", on_click=_close)
        with st.container(horizontal=True):
            if entry.key:
                agent_ways.conversation(agent.id, entry.key, key="log-entry")
            for path, change in entry.files:
                label, key = plain(f"{path} ({change})"), f"log-file-{path}"
                agent_ways.way(label, agent.id, "Files", key=key, icon=":material/description:", file=path)
        if entry.input_blob or entry.input_text:
            st.caption(f"{plain(entry.tool)}: what went in")
            _content(entry.input_blob, entry.input_text)
        if entry.output_blob or entry.output_text:
            st.caption("What came out" if entry.kind is EntryKind.CALL else "Word for word")
            _content(entry.output_blob, entry.output_text)
        elif entry.kind is EntryKind.CALL:
            st.caption("Nothing came back." if not agent.live else "Nothing yet.")


def _close() -> None:
    st.query_params.pop("entry", None)


def _content(blob: str, own: str) -> None:
    """What lies in a blob, or else stands in a transcript."""
    try:
        with session.read() as board:
            text, language = laid_out(board.blob(blob) if blob else own.encode("utf-8", "replace"))
    except BlobNotFound as missing:
        st.markdown(plain(str(missing)))
        return
    st.code(text[:MOST_SHOWN], language=language, wrap_lines=True, height=400 if text.count("\n") > 18 else "content")
    if len(text) > MOST_SHOWN:
        st.caption(f"{len(text) - MOST_SHOWN:,} more characters stand in the conversation.")


def laid_out(content: bytes) -> tuple[str, str]:
    """Content and its language: JSON is laid out, a command stands as it is typed."""
    text, language = logs.pretty(content)
    if language != "json":
        return text, language
    value = json.loads(content)
    command = value.get("command") if isinstance(value, dict) and value.keys() <= {"command", "description"} else None
    return (command, "bash") if isinstance(command, str) else (text, language)
