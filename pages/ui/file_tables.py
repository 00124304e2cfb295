"""Tables about files: what was read, what was changed, and what happened to one file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from data.domain.agents import FileChange
from data.domain.files import FileEntry
from pages.ui import tables

_SIGNS = {FileChange.CREATED: "+", FileChange.MODIFIED: "~", FileChange.DELETED: "−", FileChange.READ: "·"}


def height(rows: int) -> Any:
    return tables.height(rows)


def change(what: FileChange) -> str:
    """`+ created`: the sign and the word."""
    return f"{_SIGNS[what]} {what.value}"


def consumed(found: Sequence[FileEntry], *, agents: bool) -> tuple[Any, dict[str, Any]]:
    who = {"Agent": [entry.agent for entry in found]} if agents else {}
    frame = pd.DataFrame(
        {
            "File": [entry.path for entry in found],
            "Lines": [entry.lines for entry in found],
            **who,
            "Last read": [entry.at for entry in found],
        }
    )
    return frame, {"File": st.column_config.TextColumn(width="medium"), **_columns()}


def produced(found: Sequence[FileEntry], *, agents: bool) -> tuple[Any, dict[str, Any]]:
    who = {"Agent": [entry.agent for entry in found]} if agents else {}
    frame = pd.DataFrame(
        {
            "Change": [change(entry.change) for entry in found],
            "File": [entry.path for entry in found],
            "Lines": [lines(entry) for entry in found],
            **who,
            "Last changed": [entry.at for entry in found],
        }
    )
    return frame, {"File": st.column_config.TextColumn(width="medium"), **_columns(text=True)}


def history(found: Sequence[FileEntry]) -> tuple[Any, dict[str, Any]]:
    frame = pd.DataFrame(
        {
            "When": [entry.at for entry in found],
            "Change": [change(entry.change) for entry in found],
            "Lines": [lines(entry) for entry in found],
            "Agent": [entry.agent for entry in found],
            "Step": [entry.step for entry in found],
            "Task": [entry.task_id[:8] for entry in found],
        }
    )
    return frame, {"When": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm:ss", width=150)}


def lines(entry: FileEntry) -> str:
    """`+3 −1`; why not, where that is not known."""
    if entry.added or entry.removed:
        return f"+{entry.added} −{entry.removed}"
    return entry.withheld


def _columns(*, text: bool = False) -> dict[str, Any]:
    when = st.column_config.DatetimeColumn(format="HH:mm:ss", width=90)
    number = st.column_config.TextColumn(width=90) if text else st.column_config.NumberColumn(format="%,d", width=70)
    return {"Lines": number, "Last read": when, "Last changed": when}
