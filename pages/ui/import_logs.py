"""Taking in agent log folders from a page: where they lie, and what came of it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from data.domain.words import count
from orchestrator_adapter import commands_import_logs as commands
from orchestrator_adapter.ingest.log_import import Report, Taken
from pages.ui import session, tables
from pages.ui.look import plain

_ICONS = {"new": "+ new", "grown": "~ grown", "known": "· known", "skipped": "– skipped"}


def draw() -> None:
    """A form, and below it the report of the last import."""
    st.subheader("Agent logs")
    st.caption(
        "Log folders of the existing orchestrator (`agent_logs`), or of another Quarterdeck. They are only read; "
        "what was taken in before is not taken in again, and a folder that has grown goes on where it ended."
    )
    with st.form("import-logs", border=False):
        path = st.text_input("Folder", key="import-logs-path", placeholder="~/project/agent_logs")
        zone = st.text_input(
            "Time zone of its times",
            key="import-logs-zone",
            placeholder="this server's",
            help="The existing orchestrator writes local times without saying of where, for example Europe/Berlin",
        )
        sent = st.form_submit_button("Take in", type="primary", icon=":material/move_to_inbox:")
    if sent and path.strip():
        with session.refusals():
            st.session_state["import-logs-report"] = _take_in(path.strip(), zone.strip())
    if isinstance(report := st.session_state.get("import-logs-report"), Report):
        _show(report)


def _take_in(path: str, zone: str) -> Report:
    bar = st.progress(0.0, text="Looking for log folders")

    def tell(done: int, of: int) -> None:
        bar.progress(done / max(1, of), text=f"{done} of {count(of, 'log folder')}")

    try:
        return commands.import_logs(session.deck(), session.actor(), path, zone=zone, tell=tell)
    finally:
        bar.empty()


def _show(report: Report) -> None:
    if not report.items:
        st.info(plain(f"There is no agent log folder at or below {report.path}."), icon=":material/search_off:")
        return
    st.success(plain(f"{report.path}: {report.sentence}"), icon=":material/done_all:")
    st.dataframe(
        _frame(report.items),
        column_config={"Agent": st.column_config.LinkColumn(display_text="open", width=70)},
        hide_index=True,
        height=_height(len(report.items)),
        alt="Log folders: what became of each, and why",
    )


def _height(rows: int) -> Any:
    return tables.height(rows)


def _frame(items: list[Taken]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Outcome": [_ICONS[item.outcome] for item in items],
            "Agent": [f"/agent?id={item.agent_id}" if item.outcome != "skipped" else None for item in items],
            "Events": [item.events for item in items],
            "Note": [_note(item) for item in items],
            "Folder": [item.folder for item in items],
        }
    )


def _note(item: Taken) -> str:
    parts = [item.why] if item.why else []
    if item.broken:
        parts.append(f"{count(item.broken, 'broken line')} kept as notices")
    if item.half_written:
        parts.append(f"the rest of {', '.join(item.half_written)} is waited for")
    if item.cut:
        parts.append(f"of {count(item.cut, 'answer')} the log holds only the beginning")
    return "; ".join(parts)
