"""One file of an agent's log: page by page from its end, searched through, and handed out as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd
import streamlit as st

from data.domain.agents import Agent, Runtime
from orchestrator_adapter import agent_logs
from orchestrator_adapter.ingest import log_files
from pages.ui import cards, log_lines, session, tables
from pages.ui.look import plain

FILES = {
    "prompt.txt": "What it was told",
    "text.txt": "What it wrote and thought",
    "tools.jsonl": "What it called, and what came back",
    "summary.jsonl": "How it started, went on and ended",
}
HEIGHT_PX = 560


def draw(agent: Agent, name: str) -> None:
    folder = agent_logs.folder(agent, session.deck().settings.logs)
    if folder is None or not folder.is_dir():
        _missing(agent, folder)
        return
    with log_files.opened(folder, name) as file:
        if file is None:
            cards.empty(f"No {name}", f"The agent has not written it. {FILES[name]} would stand there.")
        else:
            _draw(agent, name, file)


def _missing(agent: Agent, folder: Path | None) -> None:
    if agent.runtime is Runtime.IMPORTED and agent.log_dir:
        why = f"{folder or agent.log_dir} is no longer there. What was read from it stands in the timeline."
        cards.empty("The log folder is gone", why, ":material/folder_off:")
    else:
        cards.empty("No log file", "It is written as soon as the agent's process has started.")


def _draw(agent: Agent, name: str, file: BinaryIO) -> None:
    jsonl, size = name.endswith("l"), log_files.size_of(file)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input("Find in the file", key="log_find", bind="query-params", type="search", width=280)
        st.link_button(
            "Download",
            f"/api/v1/agents/{agent.id}/logs/{name}?download=true",
            icon=":material/download:",
            key="log-get",
        )
    key = f"log-page-{agent.id}-{name}"
    if text:
        _found(file, text, key, size)
    pages = log_files.pages(size)
    if st.session_state.get(key, 1) > pages:
        st.session_state[key] = pages
    number = st.pagination(pages, default=pages, key=key) if pages > 1 else 1
    page = log_files.page(file, number, jsonl=jsonl)
    st.caption(plain(_about(name, page)))
    if not page.lines:
        st.caption("Here the file is in the middle of one long line." if size else "The file is empty.")
    elif jsonl:
        with st.container(height=HEIGHT_PX if len(page.lines) > 14 else "content", border=False):
            st.html(log_lines.html(page.lines, page.first, opened=len(page.lines) == 1))
    else:
        _text(page, name)


def _about(name: str, page: log_files.Page) -> str:
    where = f"; page {page.number} of {page.pages}, lines from {page.first:,} on" if page.pages > 1 else ""
    broken = f"; {len(page.broken)} of these lines cannot be read" if page.broken else ""
    return f"{FILES[name]}; {page.size:,} bytes{where}{broken}"


def _text(page: log_files.Page, name: str) -> None:
    text = "\n".join(line.text[: log_lines.MOST_SHOWN] for line in page.lines)
    if page.lines[-1].torn and name == "text.txt":
        st.caption(":orange[:material/warning:] The last line is half-written: the file ends in it.")
    long = text.count("\n") > 22
    st.code(text, language="markdown", wrap_lines=True, height=HEIGHT_PX if long else "content")


def _found(file: BinaryIO, text: str, key: str, size: int) -> None:
    """Lines that hold the text; picking one turns to its page."""
    found, more = log_files.search(file, text)
    if not found:
        st.caption(plain(f"Nothing in this file holds “{text}”."))
        return
    many = f"The first {len(found)} lines" if more else f"{len(found)} lines" if len(found) > 1 else "One line"
    st.caption(plain(f"{many} with “{text}”{'; pick one to turn to its page' if log_files.pages(size) > 1 else ''}."))

    def turn() -> None:
        rows = st.session_state[f"{key}-found"].selection.rows
        if rows:
            st.session_state[key] = found[rows[0]].page

    st.dataframe(
        pd.DataFrame({"Line": [f.number for f in found], "Text": [f.excerpt for f in found]}),
        column_config={"Line": st.column_config.NumberColumn(width=80), "Text": st.column_config.TextColumn(width=850)},
        hide_index=True,
        height=_rows(len(found)),
        key=f"{key}-found",
        on_select=turn,
        selection_mode="single-row",
        alt=f"Lines of the file that hold the text {text}",
    )


def _rows(count: int) -> Any:
    return "content" if count <= 6 else tables.ROW_PX * 7
