"""The tool calls of one agent."""

from __future__ import annotations

import streamlit as st

from data.domain.agents import Agent
from data.domain.errors import BlobNotFound
from pages.ui import cards, history, logs, session
from pages.ui.look import plain

CALLS = 25


def draw(agent: Agent) -> None:
    with session.read() as board:
        calls = history.tool_calls(history.of_agent(board, agent.id))
    if not calls:
        cards.empty("No tool was called", "Calls appear here with what went in and what came out.")
        return
    pages = -(-len(calls) // CALLS)
    page = st.pagination(pages, key="calls-page") if pages > 1 else 1
    for call in calls[(page - 1) * CALLS : page * CALLS]:
        one_call(call)


def one_call(call: history.ToolCall) -> None:
    """One line that opens: its content is read only then."""
    failed = call.returned is not None and call.returned.is_error
    icon = ":material/error:" if failed else ":material/build:"
    label = f"{call.at:%H:%M:%S}  {plain(call.called.words)}{' (failed)' if failed else ''}"
    box = st.expander(label, icon=icon, key=f"call-{call.called.tool_use_id}", on_change="rerun")
    if not box.open:
        return
    with box:
        st.caption(f"{call.called.tool}: what went in")
        content(call.called.input_blob)
        st.caption("What came out")
        if call.returned is None:
            st.markdown("Nothing yet.")
        else:
            content(call.returned.output_blob)


def content(blob: str) -> None:
    try:
        with session.read() as board:
            text, language = logs.pretty(board.blob(blob))
    except BlobNotFound as missing:
        st.markdown(plain(str(missing)))
        return
    st.code(text, language=language, wrap_lines=True, height=400 if text.count("\n") > 18 else "content")
