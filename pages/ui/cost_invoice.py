"""An invoice beside what was counted: in all, day by day, by model, and the share of each run."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from data.domain import invoices, words
from data.domain.errors import InvalidField
from data.warehouse import invoices as questions
from data.warehouse.invoices import Compared
from pages.ui import cost_tables, session, tables
from pages.ui.look import plain

MOST_MB = 1
MOST_RUNS = 200
SHARE = (
    "Share of the invoice: an invoice knows days and models, and no runs. What it billed for a day and a model is "
    "parted among the runs in proportion to what was counted of them there; a dash: the invoice has no line for it."
)


def panel() -> None:
    with st.expander("Does the invoice agree?", key="costs-invoice", on_change="rerun") as shown:
        if not shown.open:
            return
        st.caption(
            "A CSV with a column of the day (UTC), one of dollars and perhaps one of the model, as the console of the "
            "model service exports it. It is compared with the real money that was counted here, and not kept."
        )
        sent = st.file_uploader("Invoice", type="csv", key="costs-invoice-file", max_upload_size=MOST_MB)
        if sent is None:
            return
        with session.refusals():
            _draw(session.ask(questions.compared, invoices.read(_text(sent.getvalue()))))


def _text(content: bytes) -> str:
    """Raises InvalidField."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidField("The invoice is no text in UTF-8.", field="csv") from error


def _draw(found: Compared) -> None:
    told = _answer(found)
    _table(
        {
            "Day (UTC)": [f"{one.day:%Y-%m-%d}" for one in found.days],
            "Billed": [words.dollars(one.billed_nanousd) for one in found.days],
            "Counted": [words.dollars(one.counted_nanousd) for one in found.days],
            "Apart": [cost_tables.drift(one.billed_nanousd, one.counted_nanousd) for one in found.days],
        },
        "costs-invoice-days",
        f"The invoice beside what was counted. {told}",
    )
    if any(cell.model for cell in found.cells):
        st.markdown("**By day and model**")
        _table(
            {
                "Day (UTC)": [f"{one.day:%Y-%m-%d}" for one in found.cells],
                "Model": [one.model or "all models" for one in found.cells],
                "Billed": [cost_tables.dollars_or_dash(one.billed_nanousd) for one in found.cells],
                "Counted": [words.dollars(one.counted_nanousd) for one in found.cells],
                "Apart": [cost_tables.drift(one.billed_nanousd, one.counted_nanousd) for one in found.cells],
            },
            "costs-invoice-cells",
            "The invoice beside what was counted, by day and model",
        )
    if len(found.runs):
        _runs(found)


def _answer(found: Compared) -> str:
    """One sentence that answers first; what it said."""
    apart = "nothing was counted" if found.drift is None else f"{found.drift:+.1f} %"
    told = f"Billed {words.dollars(found.billed_nanousd)}, counted {words.dollars(found.counted_nanousd)}: {apart}."
    if found.unpriced:
        told += f" {words.count(found.unpriced, 'reply', 'replies')} without a known price are not counted."
    show = st.error if found.beyond else st.success
    show(plain(told), icon=":material/balance:")
    return told


def _runs(found: Compared) -> None:
    st.markdown("**Run by run**")
    if found.drifting_runs:
        runs = words.count(found.drifting_runs, "run")
        told = f"The share and the count of {runs} are {found.limit_percent:g} % or more apart; they come first."
        st.warning(plain(told), icon=":material/balance:")
    st.caption(plain(SHARE))
    cost_tables.runs(found.runs.head(MOST_RUNS), "costs-invoice-runs", "Figures of each run and its share")
    notes = []
    if len(found.runs) > MOST_RUNS:
        notes.append(f"{MOST_RUNS} of {len(found.runs):,} runs are shown.")
    if found.unlisted_nanousd:
        notes.append(f"{words.dollars(found.unlisted_nanousd)} are the share of runs that were deleted.")
    if found.unshared_nanousd:
        notes.append(
            f"{words.dollars(found.unshared_nanousd)} are for days and models of which nothing was counted, "
            "so they are no run's share."
        )
    if notes:
        st.caption(plain(" ".join(notes)))


def _table(columns: dict[str, list[str]], key: str, alt: str) -> None:
    frame = pd.DataFrame(columns)
    st.dataframe(frame, hide_index=True, height=tables.height(len(frame)), key=key, alt=alt)
