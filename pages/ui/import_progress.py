"""How far imports are, and what they found: it goes on, whoever looks."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import streamlit as st

from data.domain import words
from data.domain.imports import Import, ImportReport
from pages.ui import cards, session, tables
from pages.ui.import_form import size
from pages.ui.look import plain

STATES = {"running": "running", "completed": "✓ done", "failed": "✕ failed"}


@session.live_panel("imports")
def progress() -> None:
    with session.read() as board:
        found = board.imports()
    now = session.deck().store.now()
    if not found:
        return
    for one in found:
        if one.status == "running" and not one.broken_off(now):
            _bar(one)
    last = found[0]
    if last.status != "running" or last.broken_off(now):
        report(last, now)
    if len(found) > 1:
        with st.expander(f"The last {words.count(len(found), 'import')}"):
            _earlier(found, now)


def _bar(one: Import) -> None:
    done = one.bytes_done / one.bytes_total if one.bytes_total else 0.0
    if not one.files_total:
        st.progress(0.0, text=plain(f"Looking for transcripts in {one.folder} …"))
        return
    told = f"Reading {one.folder}: {one.files_done:,} of {words.count(one.files_total, 'file')}"
    st.progress(min(1.0, done), text=plain(f"{told}, {size(one.bytes_done)} of {size(one.bytes_total)}"))
    st.caption("It goes on if you leave this page.")


def report(one: Import, now: datetime) -> None:
    """What an import found, the answer first."""
    found = one.report
    if one.broken_off(now):
        st.warning("The last import was broken off; import once more, and it goes on where it stopped.")
    elif one.error:
        st.error(plain(f"The last import failed: {one.error}"), icon=":material/error:")
    else:
        when = words.ago(one.ended_at or one.heard_at, now)
        st.success(plain(f"{when.capitalize()}: {summary(found)}"), icon=":material/check:")
    cards.chips(_chips(found))
    if found.skipped:
        lines = [f"- {number:,} {plain(why)}" for why, number in sorted(found.skipped.items())]
        st.markdown("Skipped:\n" + "\n".join(lines))
    if found.fault_places:
        with st.expander(f"{words.count(found.faults, 'broken line')}, kept as they stand"):
            st.code("\n".join(found.fault_places), language=None)


def summary(found: ImportReport) -> str:
    if not (found.new or found.grown):
        return "nothing new, everything in the folder was known."
    fresh = [words.count(found.sessions, "session"), words.count(found.subagents, "sub-agent")]
    grown = f", {words.count(found.grown, 'file')} had grown" if found.grown else ""
    return f"{' and '.join(fresh)} read in{grown}: {words.dollars(found.nanousd)}."


def _chips(found: ImportReport) -> list[str]:
    chips = [f"{found.new:,} new", f"{found.grown:,} grown", f"{found.known:,} known", f"{found.skips:,} skipped"]
    chips.append(words.count(found.replies, "reply", "replies"))
    if found.known_replies:
        chips.append(f"{found.known_replies:,} copies left out, as of forks")
    if found.unpriced:
        chips.append(f"{words.count(found.unpriced, 'reply', 'replies')} without a known price")
    if found.replaced:
        chips.append(f"{found.replaced:,} replaced, read anew")
    if found.waiting:
        chips.append(f"{found.waiting:,} with a last line that is not whole yet")
    return chips


def _earlier(found: list[Import], now: datetime) -> None:
    frame = pd.DataFrame(
        {
            "When": [words.ago(one.started_at, now) for one in found],
            "Folder": [one.folder for one in found],
            "State": ["broken off" if one.broken_off(now) else STATES[one.status] for one in found],
            "New": [one.report.new for one in found],
            "Grown": [one.report.grown for one in found],
            "Known": [one.report.known for one in found],
            "Skipped": [one.report.skips for one in found],
            "Cost": [words.dollars(one.report.nanousd) for one in found],
            "By": [one.by for one in found],
        }
    )
    st.dataframe(
        frame,
        hide_index=True,
        height=tables.height(len(found)),
        key="imports",
        alt=f"{words.count(len(found), 'import')}, newest first: when, folder, state, what was found",
    )
