"""The event log of a task, newest first."""

from __future__ import annotations

import streamlit as st

from data.domain.tasks import Task
from pages.ui import history, session, tables

EVENT_ROWS = 200


def draw(task: Task) -> None:
    shown = st.session_state.setdefault("event-rows", EVENT_ROWS)
    with session.read() as board:
        found = history.newest(board, task.id, shown)
    frame, columns = tables.events(found)
    st.dataframe(
        frame,
        column_config=columns,
        hide_index=True,
        height=tables.height(len(found)),
        key="events",
        alt=f"The last {len(found)} events of the task, newest first",
    )
    if len(found) == shown and st.button("Show more", icon=":material/expand_more:", key="more-events"):
        st.session_state["event-rows"] = shown + EVENT_ROWS
        st.rerun(scope="fragment")
