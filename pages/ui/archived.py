"""Where history lies: what is in the database, what in Parquet, what is written down for good."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import streamlit as st

from data.domain import words
from data.warehouse.cold import Month
from data.warehouse.tiers import Tier
from orchestrator_adapter import archive, commands_archive
from orchestrator_adapter.archive import Done
from pages.ui import session
from pages.ui.look import plain

TOLD = (
    "Months (UTC) that were over 90 days ago lie in Parquet, those that were over a year ago are written down besides "
    "as compressed lines of JSON with checksums. Every page sees all of it; the store itself keeps everything."
)


@st.fragment
def draw() -> None:
    """Asked for only by who opens it."""
    with session.panel("archive"), st.expander("Where history lies", key="archive", on_change="rerun") as shown:
        if not shown.open:
            return
        st.caption(TOLD)
        done = st.button("Archive now", key="archive-now", icon=":material/inventory_2:")
        if done:
            with session.refusals():
                _said(commands_archive.archive_history(session.deck(), session.actor()))
        lies = archive.look(session.deck().warehouse, session.deck().settings.home)
        rows = [_tier("Database", lies.hot), _tier("Parquet", lies.warm), _cold(lies.cold)]
        frame = pd.DataFrame([row for row in rows if row is not None])
        st.dataframe(frame, hide_index=True, key="archive-rows", alt="How much of history lies where, and since when")
        st.caption(plain(f"What is written down lies in {lies.folder}."))


def _said(done: Done) -> None:
    if not done.moved and not done.written:
        st.info("Everything that is old enough was archived before.", icon=":material/check:")
        return
    written = words.count(len(done.written), "month")
    st.success(
        f"{words.count(done.moved, 'file')} moved into Parquet, {written} written down.", icon=":material/check_circle:"
    )


def _tier(where: str, found: Tier | None) -> dict[str, object] | None:
    if found is None:
        return None
    span = f"{_day(found.since)} to {_day(found.until)}" if found.replies or found.calls else "–"
    return _row(where, found.replies, found.calls, found.bytes, span)


def _cold(found: tuple[Month, ...]) -> dict[str, object] | None:
    parts = [part for one in found for part in one.parts]
    if not parts:
        return None
    rows = {noun: sum(part.rows for part in parts if part.noun == noun) for noun in ("replies", "tool_calls")}
    span = f"{found[0].month} to {found[-1].month}"
    return _row("JSON besides", rows["replies"], rows["tool_calls"], sum(part.bytes for part in parts), span)


def _row(where: str, replies: int, calls: int, size: int, span: str) -> dict[str, object]:
    return {"Lies in": where, "Replies": replies, "Tool calls": calls, "Size": f"{size / 1e6:,.1f} MB", "Of": span}


def _day(at: datetime | None) -> str:
    return "–" if at is None else f"{at:%Y-%m-%d}"
