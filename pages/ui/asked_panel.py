"""What the panels below the filters have in common: the answer to what is asked, or a word that there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import streamlit as st

from pages.ui import cards, cost_filters, places, session
from pages.ui.cost_filters import Asked


class Answer(Protocol):
    """What a page shows of one moment."""

    @property
    def empty(self) -> bool: ...


T = TypeVar("T", bound=Answer)


def follow_filters() -> None:
    """Draw the whole page again where a chart of this panel has changed a filter: the filters stand outside of it."""
    if st.session_state.pop("costs-asked", False):
        st.rerun()


def answer(question: Callable[..., T], asked: Asked | None, icon: str) -> T | None:
    """What a question of a cut and a step of time says; None where there is nothing to show, which is told."""
    if asked is None:
        return None
    follow_filters()
    found = session.ask(question, asked.cut, asked.grain)
    if found.empty:
        _nothing(asked, icon)
        return None
    return found


def _nothing(asked: Asked, icon: str) -> None:
    what = "simulated work" if asked.cut.simulated else "real work"
    cards.empty(
        f"There was no {what} in this time" + (" for these filters" if cost_filters.chosen(asked.cut) else ""),
        "Take a filter away, choose a longer window, or simulated money above to see the demos.",
        icon,
    )
    st.page_link(places.NEW_TASK, label="New task", icon=":material/add_circle:")
