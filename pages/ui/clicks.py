"""Buttons in the rows of a table: which one was pressed, as the person saw the table and not as it has moved since."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st


def shown(table: str, ids: Sequence[str]) -> None:
    """These are the rows that the person sees from now on."""
    st.session_state[f"{table}-listed"] = list(ids)


def note(table: str, action: str, button: str) -> Callable[[], None]:
    """What the column of buttons calls; `button` is its key."""

    def remember() -> None:
        click, listed = st.session_state[f"click-{button}"], st.session_state.get(f"{table}-listed", [])
        if click is not None and click.row < len(listed):
            st.session_state[f"{table}-asked"] = (action, listed[click.row])

    return remember


def taken(table: str) -> tuple[str, str] | None:
    """Action and id of the row that was clicked, once.

    Obey it before anything is drawn: a wake that comes meanwhile ends this run where it next draws, and the click
    would be lost.
    """
    found: tuple[str, str] | None = st.session_state.pop(f"{table}-asked", None)
    return found
