"""The frame around every page: navigation, branding, and what is said when the fleet cannot be reached at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

from data.domain.errors import FleetError, StoreUnavailable
from pages.ui import attention, live, places, session
from pages.ui.look import plain

HERE = Path(__file__).parent
MARK = str(HERE / "mark.svg")
SIDEBAR_PX = 300
"""As wide as the place that is kept for it before it comes: its own width would follow the size of the letters."""


class Listed(NamedTuple):
    """One page, and the section of the sidebar it stands in."""

    section: str
    page: st.Page


def main() -> None:
    """Draw one run of the app for one person."""
    st.set_page_config(
        page_title="Quarterdeck",
        page_icon=MARK,
        layout="wide",
        initial_sidebar_state=SIDEBAR_PX,
        menu_items=_menu(),
    )
    pages = _pages()
    st.html(HERE / "page.css")
    st.html(f"<style>{_headings(pages)}</style>")
    st.logo(str(HERE / "logo.svg"), size="large", icon_image=MARK)
    page = st.navigation([listed.page for listed in pages], expanded=True)
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


def _pages() -> list[Listed]:
    return [
        _page(places.FLEET, title="Fleet", icon=":material/sailing:", url_path="fleet", default=True),
        _page(places.TASKS, title="Tasks", icon=":material/list_alt:", url_path="tasks"),
        _page(places.SEARCH, title="Search", icon=":material/search:", url_path="search"),
        _page(places.QUEUE, title="Queue", icon=":material/hourglass_top:", url_path="queue"),
        _page(places.APPROVALS, title="Approvals", icon=":material/front_hand:", url_path="approvals"),
        _page(places.HISTORY, title="History", icon=":material/history:", url_path="history"),
        _page(places.NEW_TASK, title="New task", icon=":material/add_circle:", url_path="new_task"),
        _page(places.COSTS, title="Costs", icon=":material/payments:", url_path="costs"),
        _page(places.PERFORMANCE, title="Performance", icon=":material/speed:", url_path="performance"),
        _page(places.TRENDS, title="Trends", icon=":material/trending_up:", url_path="trends"),
        _page(places.ANALYST_ROI, title="ANALYST ROI", icon=":material/balance:", url_path="analyst_roi"),
        _page(places.REPORTS, title="Reports", icon=":material/description:", url_path="reports"),
        _page(places.SQL, title="Ask in SQL", icon=":material/database_search:", url_path="sql"),
        _page(places.ALERTS, title="Alerts", icon=":material/notification_important:", url_path="alerts"),
        _page(places.BUDGETS, title="Budgets", icon=":material/savings:", url_path="budgets"),
        _page(places.LIMITS, title="Limits", icon=":material/tune:", url_path="limits"),
        _page(places.CONNECT, title="Connect", icon=":material/cable:", url_path="connect"),
        _page(places.TASK, title="Task", url_path="task", visibility="hidden"),
        _page(places.AGENT, title="Agent", url_path="agent", visibility="hidden"),
        _page(places.GALLERY, title="Gallery", url_path="gallery", visibility="hidden"),
    ]


def _page(place: Path, **more: Any) -> Listed:
    """A page of the section whose folder it lies in."""
    return Listed(place.parent.name, st.Page(place, **more))


def _headings(pages: list[Listed]) -> str:
    """The section's name above the first page of each section, drawn by the style.

    Streamlit's own sections put headings between the items of the list, where a screen reader finds a list that is
    none; here the name is read with its first item, and the name of every link stays as it is.
    """
    shown = [listed.section for listed in pages if listed.page.visibility == "visible"]
    firsts = {section: shown.index(section) + 1 for section in reversed(shown)}
    item = '[data-testid="stSidebarNavItems"] > li:nth-child'
    return "".join(f"{item}({at})::before {{ content: '{section.title()}'; }}" for section, at in firsts.items())


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
