"""What was consumed and what was produced, side by side, the file that is looked at, and the report."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from data.domain import words
from data.domain.agents import FileChange
from data.domain.files import FileEntry
from orchestrator_adapter import file_report
from pages.ui import cards, file_tables, file_view

FILE = "file"
"""The parameter of an address that names a file."""
_TYPES = {"csv": "text/csv", "json": "application/json", "markdown": "text/markdown"}


def draw(found: Sequence[FileEntry], *, place: str, title: str, agents: bool) -> None:
    """`agents`: say with each file whose it is; `place` tells the widgets of one page from those of another."""
    read = [entry for entry in found if entry.change is FileChange.READ]
    changed = [entry for entry in found if entry.change is not FileChange.READ]
    _totals(read, changed, found, title, place)
    left, right = st.columns([1, 1] if agents else [2, 3], gap="large")
    with left:
        st.markdown("**Consumed**")
        _consumed(read, place, agents=agents)
    with right:
        st.markdown("**Produced**")
        picked = _produced(changed, place, agents=agents)
    if changed:
        one = changed[_looked_at(changed, picked, place)]
        file_view.draw(one.agent_id, one.path, place)


def _looked_at(changed: Sequence[FileEntry], picked: int | None, place: str) -> int:
    """The file that was picked in the table or named by the address, whichever came last; else the first."""
    named = st.query_params.get(FILE)
    last = st.session_state.get(f"{place}-last", {"picked": None, "named": None, "shown": "named"})
    shown = "named" if named != last["named"] else "picked" if picked != last["picked"] else last["shown"]
    st.session_state[f"{place}-last"] = {"picked": picked, "named": named, "shown": shown}
    if shown == "picked" and picked is not None and picked < len(changed):
        return picked
    return next((number for number, entry in enumerate(changed) if entry.path == named), 0)


def _totals(
    read: Sequence[FileEntry], changed: Sequence[FileEntry], found: Sequence[FileEntry], title: str, place: str
) -> None:
    added, removed = sum(entry.added for entry in changed), sum(entry.removed for entry in changed)
    files = len({entry.path for entry in changed})
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(
            f"{words.count(files, 'file')} changed, +{added:,} −{removed:,} lines; "
            f"{words.count(len({entry.path for entry in read}), 'file')} read"
        )
        with st.popover("Report", icon=":material/download:", key=f"{place}-report"):
            for form, ending in file_report.ENDINGS.items():
                st.download_button(
                    {"csv": "CSV", "json": "JSON", "markdown": "Markdown"}[form],
                    file_report.report(found, form, title).encode(),
                    file_name=f"{title.lower().replace(' ', '-')}.{ending}",
                    mime=_TYPES[form],
                    on_click="ignore",
                    width="stretch",
                    key=f"{place}-report-{form}",
                )


def _consumed(read: Sequence[FileEntry], place: str, *, agents: bool) -> None:
    if not read:
        cards.empty("Nothing read", "Files that are opened for reading are listed here.")
        return
    frame, columns = file_tables.consumed(read, agents=agents)
    st.dataframe(
        frame,
        column_config=columns,
        hide_index=True,
        height=file_tables.height(len(read)),
        key=f"{place}-consumed",
        alt="Files that were read, with their lines",
    )


def _produced(changed: Sequence[FileEntry], place: str, *, agents: bool) -> int | None:
    """The row that is looked at; None while nobody has picked one."""
    if not changed:
        cards.empty("Nothing changed", "Files that are created, changed or deleted are listed here.")
        return None
    frame, columns = file_tables.produced(changed, agents=agents)
    picked = st.dataframe(
        frame,
        column_config=columns,
        hide_index=True,
        height=file_tables.height(len(changed)),
        key=f"{place}-produced",
        on_select="rerun",
        selection_mode="single-row",
        alt="Files that were changed; pick one to see what changed inside",
    )
    rows = picked.selection.rows
    return rows[0] if rows else None
