"""What asks for a person, at the top of every page and beside the pages' names in the sidebar, wherever they are."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from data.domain import words
from data.domain.alerts import Alert
from data.domain.approvals import Approval
from orchestrator_adapter.views.attention import MOST, open_ones
from pages.ui import live, places, session
from pages.ui.look import plain


@st.fragment(key="attention")
def line() -> None:
    """How many tool calls wait and alerts are open, and the way to them; nothing if there are none."""
    with session.panel("attention", says_age=False), session.read() as board:
        waiting, alerts = board.approvals_waiting(), open_ones(board.alerts_standing())
        live.listen_for_questions(f"{_seen(waiting)}|{_seen(alerts)}")
        if not waiting and not alerts:
            return
        st.html(_badge("approvals", len(waiting), "waiting") + _badge("alerts", len(alerts), "open"))
        with st.container(key="attention", horizontal=True, vertical_alignment="center"):
            if waiting:
                first = f"{waiting[0].tool}, {waiting[0].words}"
                label = f"**{len(waiting)} waiting for you**: {_first(first, len(waiting))}"
                st.page_link(places.APPROVALS, label=label, icon=":material/front_hand:")
            if alerts:
                label = f"**{words.count(len(alerts), 'alert')}**: {_first(alerts[0].words, len(alerts))}"
                st.page_link(places.ALERTS, label=label, icon=":material/notification_important:")


def _first(told: str, count: int) -> str:
    others = f", and {words.count(count - 1, 'other')}" if count > 1 else ""
    return plain(f"{words.shortened(told.rstrip('.'), 60)}{others}")


def _seen(found: Sequence[Approval] | Sequence[Alert]) -> str:
    """The same words that the browser makes of the live board, so that it can tell whether something is new."""
    return f"{len(found)}:{','.join(one.id for one in found[:MOST])}" if found else ""


def _badge(page: str, count: int, what: str) -> str:
    """A count behind the link in the sidebar: the sidebar itself is drawn again only with the whole page."""
    if not count:
        return ""
    link = f'[data-testid="stSidebarNavLink"][href$="/{page}"]::after'
    return (
        f"<style>{link} {{ content: '{count}' / ', {count} {what}'; margin-left: auto; padding: 0 8px; "
        "border-radius: 999px; font-size: 12px; font-weight: 600; line-height: 20px; "
        "background: light-dark(#9a5b00, #f0b35a); color: light-dark(#ffffff, #0e1117); }</style>"
    )
