"""The frame around every page: navigation, branding, and what is said when the fleet cannot be reached at all."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from data.domain.errors import FleetError, StoreUnavailable
from pages.ui import attention, live, places, session
from pages.ui.look import plain

HERE = Path(__file__).parent
MARK = str(HERE / "mark.svg")


def main() -> None:
    """Draw one run of the app for one person."""
    st.set_page_config(page_title="Quarterdeck", page_icon=MARK, layout="wide", menu_items=_menu())
    st.html(HERE / "page.css")
    st.logo(str(HERE / "logo.svg"), size="large", icon_image=MARK)
    page = st.navigation(_pages(), expanded=True)
    if _reachable():
        try:
            _draw(page)
        except StoreUnavailable as away:
            _nothing_known(away)


def _draw(page: st.Page) -> None:
    live.begin(session.clock())
    attention.line()
    page.run()
    session.draw_dialog()


def _nothing_known(away: StoreUnavailable) -> None:
    """A page that was never drawn before the store went away; it comes by itself as soon as the store is back."""
    st.title("The store cannot be reached")
    st.error(plain(str(away)), icon=":material/cloud_off:")
    st.button("Try again", icon=":material/refresh:")
    if not live.mounted():
        live.mount()


def _pages() -> list[st.Page]:
    """A flat list: section headings inside the list would break its meaning for a screen reader."""
    return [
        st.Page(places.FLEET, title="Fleet", icon=":material/sailing:", url_path="fleet", default=True),
        st.Page(places.NEW_TASK, title="New task", icon=":material/add_circle:", url_path="new_task"),
        st.Page(places.TASKS, title="Tasks", icon=":material/list_alt:", url_path="tasks"),
        st.Page(places.APPROVALS, title="Approvals", icon=":material/front_hand:", url_path="approvals"),
        st.Page(places.BUDGETS, title="Budgets", icon=":material/savings:", url_path="budgets"),
        st.Page(places.TASK, title="Task", url_path="task", visibility="hidden"),
        st.Page(places.AGENT, title="Agent", url_path="agent", visibility="hidden"),
        st.Page(places.GALLERY, title="Gallery", url_path="gallery", visibility="hidden"),
    ]


def _menu() -> dict[str, str | None]:
    return {"About": "**Quarterdeck**: watch, command and pay for a fleet of agents."}


def _reachable() -> bool:
    try:
        session.deck()
    except FleetError as refusal:
        st.title("Quarterdeck cannot start its work")
        st.error(plain(str(refusal)), icon=":material/block:")
        st.button("Try again", icon=":material/refresh:")
        return False
    return True
