"""What asks for a person, at the top of every page and beside the page's name in the sidebar, wherever they are."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from data.domain import words
from data.domain.approvals import Approval
from pages.ui import live, places, session
from pages.ui.look import plain

SHOWN = 20
"""As many as the live board names."""


@st.fragment(key=live.ATTENTION)
def line() -> None:
    """How many tool calls wait, and the way to them; nothing if none does."""
    with session.panel("attention", says_age=False), session.read() as board:
        waiting = board.approvals_waiting()
        live.shows_questions(_seen(waiting))
        if waiting:
            st.html(_badge(len(waiting)))
            with st.container(key="attention", horizontal=True, vertical_alignment="center"):
                st.page_link(
                    places.APPROVALS,
                    label=f"**{len(waiting)} waiting for you**: {_first(waiting)}",
                    icon=":material/front_hand:",
                )


def _first(waiting: Sequence[Approval]) -> str:
    others = f", and {words.count(len(waiting) - 1, 'other')}" if len(waiting) > 1 else ""
    return plain(f"{waiting[0].tool}, {words.shortened(waiting[0].words, 60)}{others}")


def _seen(waiting: Sequence[Approval]) -> str:
    """The same words that the browser makes of the live board, so that it can tell whether something is new."""
    return f"{len(waiting)}:{','.join(asked.id for asked in waiting[:SHOWN])}" if waiting else ""


def _badge(count: int) -> str:
    """A count behind the link in the sidebar: the sidebar itself is drawn again only with the whole page."""
    link = '[data-testid="stSidebarNavLink"][href$="/approvals"]::after'
    return (
        f"<style>{link} {{ content: '{count}' / ', {count} waiting'; margin-left: auto; padding: 0 8px; "
        "border-radius: 999px; font-size: 12px; font-weight: 600; line-height: 20px; "
        "background: light-dark(#9a5b00, #f0b35a); color: light-dark(#ffffff, #0e1117); }</style>"
    )
