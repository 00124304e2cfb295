"""The sessions that were read in, each with a way to its task."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import streamlit as st

from data.domain import words
from data.domain.agents import Runtime
from data.domain.tasks import Task
from data.store import TaskFilter
from pages.ui import cards, clicks, filters, live, session, tables

TABLE = "sessions"
_WANTED = TaskFilter(runtime=Runtime.IMPORTED)


@session.live_panel("history-sessions")
def sessions() -> None:
    if clicked := clicks.taken(TABLE):
        live.go(f"task?id={clicked[1]}")
    listed = filters.listed(TABLE, _WANTED, _ask, _rows)
    if not listed.items:
        cards.empty(
            "No history yet",
            "Read a folder of transcripts in, and what your sessions of Claude Code did and cost stands here.",
            ":material/history:",
        )
        return
    with session.read() as board:
        tasks, agents = board.imported_counts()
    st.subheader("Sessions")
    st.caption(f"{words.count(tasks, 'session')} with {words.count(agents, 'agent')} in all, newest first")
    clicks.shown(TABLE, [task.id for task in listed.items])
    st.dataframe(
        listed.rows,
        column_config=_columns(),
        hide_index=True,
        height=tables.height(len(listed.items)),
        key=TABLE,
        placeholder=tables.UNPRICED,
        alt=f"{words.count(len(listed.items), 'session')}: what was asked, project, cost, tokens, when",
    )
    if listed.more:
        filters.show_more(TABLE)


def _ask(board: Any, cursor: str | None) -> Any:
    return board.tasks(_WANTED, filters.PAGE_ROWS, cursor)


def _rows(found: Sequence[Task], _now: datetime) -> pa.Table:
    return pa.table(
        {
            "Session": [words.title(task.description, 80) for task in found],
            "Project": [task.working_directory for task in found],
            "Cost": tables.money(found),
            "Tokens": [words.tokens(task.tokens.total) for task in found],
            "Tools": [task.tool_calls for task in found],
            "Model": [task.model or "" for task in found],
            "Began": [task.created_at for task in found],
            "Duration": tables.times([_took(task) for task in found]),
        }
    )


def _took(task: Task) -> float | None:
    if task.started_at is None or task.ended_at is None:
        return None
    return (task.ended_at - task.started_at).total_seconds()


def _columns() -> dict[str, Any]:
    column = st.column_config
    when = {"format": "YYYY-MM-DD HH:mm", "timezone": "UTC"}
    pressed = clicks.note(TABLE, "open", "session")
    opened = column.ButtonColumn(
        "Session", type="tertiary", key="click-session", on_click=pressed, width=320, alignment="left"
    )
    return {
        "Session": opened,
        "Cost": column.TextColumn(alignment="right"),
        "Tokens": column.TextColumn(alignment="right"),
        "Began": column.DatetimeColumn(**when),
        "Duration": column.TextColumn(alignment="right"),
    }
