"""The Reports page below its filters: what the file is of, how it is written, its first rows, and the download."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from data.domain import words
from data.domain.errors import StoreUnavailable
from data.domain.exports import Format, What
from data.domain.windows import Preset
from orchestrator_adapter import commands_home
from orchestrator_adapter import reports as files
from orchestrator_adapter.reports import Wanted
from pages.ui import cards, cost_filters, session, tables
from pages.ui.cost_filters import Asked
from pages.ui.look import plain

FORMATS = {Format.PDF: "PDF report", Format.CSV: "CSV", Format.JSON: "JSON", Format.PARQUET: "Parquet"}
WHATS = {What.COSTS: "Costs", What.TASKS: "Tasks", What.AGENTS: "Agents", What.TOOLS: "Tools"}
TOLD = {
    What.COSTS: "Spending by step of time, role, model, task type, folder and person.",
    What.TASKS: "Tasks created in this time, with what each cost in all; filters of role and model do not hold.",
    What.AGENTS: "Agents created in this time, with what each cost in all.",
    What.TOOLS: "Calls of tools in this time, and how many failed or were refused.",
}
REPORT = (
    "A few pages to hand on: what was spent and on what, with charts; what succeeded; how long agents work; which "
    "tools fail; the dearest tasks."
)
EXACT = (
    "Money stands in it twice, as whole nano-dollars and as exact dollars; times are in UTC; descriptions have their "
    "first 200 characters."
)
SHOWN = 20
_CHOSEN = "report-chosen"


@dataclass(frozen=True)
class Usual:
    """What the person chose last, and what the page therefore begins with."""

    window: Preset = Preset.MONTH
    written: Format = Format.PDF
    what: What = What.COSTS


def usual() -> Usual:
    who = session.actor().name
    found = session.if_known(lambda board: board.report_preferences(who), {})
    if not found:
        return Usual()
    return Usual(Preset(found["window"]), Format(found["format"]), What(found["what"]))


def reports(asked: Asked | None, begun: Usual) -> None:
    if asked is None:
        return
    with session.panel("report"):
        wanted = _wanted(asked, begun)
        if wanted.format is Format.PDF:
            st.caption(plain(REPORT))
            _download(wanted)
        else:
            st.caption(plain(f"{TOLD[wanted.what]} {EXACT}"))
            _rows(wanted)
        _remember(wanted, begun)


def chosen() -> None:
    """The person chose something: what the page shows then is remembered."""
    st.session_state[_CHOSEN] = True


def _remember(wanted: Wanted, begun: Usual) -> None:
    """Begin like this the next time; an address that was only opened is no choice, and days of one's own no habit."""
    if not st.session_state.pop(_CHOSEN, False):
        return
    window = st.session_state.get("window")
    kept = begun.window if window in (None, cost_filters.CUSTOM) else Preset(window)
    with suppress(StoreUnavailable):
        who = (session.deck(), session.actor())
        commands_home.set_reports(*who, written=wanted.format, what=wanted.what, window=kept)


def _wanted(asked: Asked, begun: Usual) -> Wanted:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        written = st.segmented_control(
            "File",
            [one.value for one in FORMATS],
            default=begun.written.value,
            required=True,
            format_func=lambda name: FORMATS[Format(name)],
            key="format",
            bind="query-params",
            on_change=chosen,
        )
        what = begun.what.value
        if written != Format.PDF:
            what = str(
                st.segmented_control(
                    "Rows of",
                    [one.value for one in WHATS],
                    default=begun.what.value,
                    required=True,
                    format_func=lambda name: WHATS[What(name)],
                    key="what",
                    bind="query-params",
                    on_change=chosen,
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
