"""The Reports page below its filters: what the file is of, how it is written, its first rows, and the download."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from data.domain import words
from data.warehouse.reports import What
from orchestrator_adapter import reports as files
from orchestrator_adapter.reports import Format, Wanted
from pages.ui import cards, session, tables
from pages.ui.cost_filters import Asked
from pages.ui.look import plain

FORMATS = {Format.PDF: "PDF report", Format.CSV: "CSV", Format.JSON: "JSON", Format.PARQUET: "Parquet"}
WHATS = {What.COSTS: "Costs", What.TASKS: "Tasks", What.AGENTS: "Agents", What.TOOLS: "Tools"}
TOLD = {
    What.COSTS: "Spending by step of time, role, model, task type, folder and person.",
    What.TASKS: "Tasks created in this time, with what each cost in all; filters of role and model do not hold here.",
    What.AGENTS: "Agents created in this time, with what each cost in all.",
    What.TOOLS: "Calls of tools in this time, and how many failed or were refused.",
}
REPORT = (
    "A few pages to hand on: what was spent and on what, with charts; what succeeded; how long agents work; which "
    "tools fail; the dearest tasks."
)
EXACT = "Money stands in it twice, as whole nano-dollars and as exact dollars; times are in UTC."
SHOWN = 20


def reports(asked: Asked | None) -> None:
    if asked is None:
        return
    with session.panel("report"):
        wanted = _wanted(asked)
        if wanted.format is Format.PDF:
            st.caption(plain(REPORT))
            _download(wanted)
        else:
            st.caption(plain(f"{TOLD[wanted.what]} {EXACT}"))
            _rows(wanted)


def _wanted(asked: Asked) -> Wanted:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        written = st.segmented_control(
            "File",
            [one.value for one in FORMATS],
            default=Format.PDF.value,
            required=True,
            format_func=lambda name: FORMATS[Format(name)],
            key="format",
            bind="query-params",
        )
        what = What.COSTS.value
        if written != Format.PDF:
            what = str(
                st.segmented_control(
                    "Rows of",
                    [one.value for one in WHATS],
                    default=What.COSTS.value,
                    required=True,
                    format_func=lambda name: WHATS[What(name)],
                    key="what",
                    bind="query-params",
                )
            )
    return Wanted(What(what), Format(str(written)), asked.cut, asked.grain)


def _rows(wanted: Wanted) -> None:
    found = files.rows(session.deck().warehouse, wanted)
    if not found.num_rows:
        kind = "simulated" if wanted.cut.simulated else "real"
        hint = "Take a filter away, choose a longer window, or the other kind of money above."
        cards.empty(f"There are no rows of {kind} work in this time", hint, ":material/table_rows:")
        return
    _download(wanted)
    frame: pd.DataFrame = found.slice(0, SHOWN).to_pandas()
    st.dataframe(frame, hide_index=True, height=tables.height(len(frame)), key="report-rows", alt="The first rows")
    more = f"The first {SHOWN} of {words.count(found.num_rows, 'row')}." if found.num_rows > SHOWN else ""
    st.caption(more or f"{words.count(found.num_rows, 'row')} in all.")


def _download(wanted: Wanted) -> None:
    marked = " (simulated)" if wanted.cut.simulated else ""
    name = files.name(wanted)
    st.download_button(
        f"Download {FORMATS[wanted.format]}{marked}",
        lambda: files.export(session.deck().warehouse, wanted).body,
        file_name=name,
        mime=files.MEDIA[wanted.format],
        icon=":material/download:",
        type="primary",
        on_click="ignore",
        key="report-download",
    )
    st.caption(plain(name))
