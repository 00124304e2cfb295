"""What imported sessions cost: by day, by project and by model."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from data.domain import prices, words
from data.store.imported import DaySpend, Share
from orchestrator_adapter.kept import Kept
from pages.ui import charts, session, tables

_answers: Kept[tuple[list[DaySpend], int, list[Share], list[Share]]] = Kept(4)
"""By store and the last event of history: every reply that was read in is summed for them."""
_DAYS = 60
"""Bars of the chart; the table has every day."""


@session.live_panel("history-spend")
def spend() -> None:
    store = session.deck().store
    with session.read() as board:
        days, searches, projects, models = _answers.get(
            (str(store.url), board.imported_clock()),
            lambda: (
                board.imported_by_day(),
                board.imported_searches(),
                board.imported_by_project(),
                board.imported_by_model(),
            ),
        )
    if not days:
        return
    st.subheader("What it cost")
    nanousd, unpriced = sum(day.nanousd for day in days), sum(day.unpriced for day in days)
    first, last = min(day.day for day in days), max(day.day for day in days)
    rest = f" {words.count(unpriced, 'reply', 'replies')} without a known price are not in it." if unpriced else ""
    st.markdown(
        words.dollars(nanousd).replace("$", "\\$")
        + f" for {words.count(sum(day.replies for day in days), 'reply', 'replies')}"
        + f" from {first:%Y-%m-%d} to {last:%Y-%m-%d}.{_searched(searches)}{rest}"
    )
    charts.spend_by_day(_newest(days))
    by_day, by_project, by_model = st.tabs(["By day", "By project", "By model"], key="history-by")
    with by_day:
        _days(days)
    with by_project:
        _shares(projects, "Project")
    with by_model:
        _shares(models, "Model")


def _searched(number: int) -> str:
    """Apart, because other programs that count transcripts leave it out."""
    paid = words.dollars(number * prices.book().per_web_search).replace("$", "\\$")
    return f" In it: {words.count(number, 'web search', 'web searches')} for {paid}." if number else ""


def _newest(days: Sequence[DaySpend]) -> list[DaySpend]:
    shown = sorted({day.day for day in days})[-_DAYS:]
    return [day for day in days if day.day >= shown[0]]


def _days(found: Sequence[DaySpend]) -> None:
    frame = pd.DataFrame(
        {
            "Day": [f"{one.day:%Y-%m-%d}" for one in found],
            "Model": [one.model for one in found],
            "Cost": [_cost(one.nanousd, one.unpriced) for one in found],
            "Replies": [one.replies for one in found],
            "Input": [one.tokens.input for one in found],
            "Output": [one.tokens.output for one in found],
            "Cache read": [one.tokens.cache_read for one in found],
            "Cache write": [one.tokens.cache_write_5m + one.tokens.cache_write_1h for one in found],
        }
    )
    _table(frame, "history-days", "Cost and tokens by UTC day and model, newest first")


def _shares(found: Sequence[Share], name: str) -> None:
    frame = pd.DataFrame(
        {
            name: [one.name for one in found],
            "Cost": [_cost(one.nanousd, one.unpriced) for one in found],
            "Sessions": [one.sessions for one in found],
            "Replies": [one.replies for one in found],
            "Tokens": [one.tokens for one in found],
        }
    )
    _table(frame, f"history-{name}", f"Cost, sessions, replies and tokens by {name.lower()}, the dearest first")


def _cost(nanousd: int, unpriced: int) -> int | None:
    """None, shown as unpriced, where nothing has a known price."""
    return None if unpriced and not nanousd else nanousd


def _table(frame: pd.DataFrame, key: str, alt: str) -> None:
    counts = {name: words.tokens for name in ("Input", "Output", "Cache read", "Cache write", "Tokens")}
    shown = tables.written(frame, Cost=_dollars, **counts)
    st.dataframe(shown, hide_index=True, height=tables.height(len(frame)), key=key, alt=alt)


def _dollars(value: float) -> str:
    return words.dollars(round(value))
