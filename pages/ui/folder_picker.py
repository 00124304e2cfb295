"""Choosing a working folder by looking through those in which tasks may work."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from data.domain import words
from data.domain.errors import FleetError
from orchestrator_adapter.planning import folders
from orchestrator_adapter.planning.folders import Folder, Listing
from pages.ui import cards, session
from pages.ui.look import plain

FIELD = "new-folder"
"""The field of the form that is filled in."""
_AT = "picker-at"
_FILTER_FROM = 12
"""Folders from which on they can be filtered by name."""


def button() -> None:
    """Opens the browser where the form's folder is, or at the roots."""
    if st.button("Browse…", icon=":material/folder_open:", key="picker-open"):
        typed = (st.session_state.get(FIELD) or "").strip()
        st.session_state[_AT] = start = _start(typed)
        _dialog(start)


def _start(typed: str) -> str | None:
    """The folder that is typed, if one can look into it; else the only root, or all of them."""
    roots = session.deck().settings.workdirs
    for path in filter(None, (typed, str(roots[0]) if len(roots) == 1 else "")):
        try:
            return folders.browse(path, roots).path
        except FleetError:
            continue
    return None


@session.dialog("Choose a folder", ":material/folder_open:", width="medium")
def _dialog(_start: str | None) -> None:
    """It moves through the folders by itself; this is only where it began."""
    roots = session.deck().settings.workdirs
    hidden = bool(st.session_state.get("picker-hidden"))
    try:
        listing = folders.browse(st.session_state.get(_AT), roots, hidden=hidden)
    except FleetError as refusal:
        st.error(plain(str(refusal)), icon=":material/block:")
        listing = folders.browse(None, roots)
    _crumbs(listing, roots)
    _folders(listing)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.toggle(_hidden(listing, hidden), key="picker-hidden")
        st.space("stretch")
        if st.button("Cancel", key="picker-cancel"):
            session.close_dialog()
        if st.button(
            "Use this folder",
            type="primary",
            disabled=listing.path is None,
            on_click=_use,
            args=(listing.path,),
            key="picker-use",
        ):
            session.close_dialog()


def _hidden(listing: Listing, shown: bool) -> str:
    return "Show hidden folders" + (f" ({listing.hidden})" if listing.hidden and not shown else "")


def _crumbs(listing: Listing, roots: Sequence[Path]) -> None:
    """The way here; each part of it leads back."""
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="picker-crumbs"):
        if len(roots) > 1:
            home = ":material/home:"
            st.button("All roots", icon=home, type="tertiary", on_click=_go, args=(None,), key="picker-roots")
        for number, crumb in enumerate(listing.crumbs):
            label = plain(crumb.name if number else crumb.path)
            if number == len(listing.crumbs) - 1:
                st.markdown(f"**{label}**", width="content")
            else:
                key = f"picker-crumb-{number}"
                st.button(f"{label} /", type="tertiary", on_click=_go, args=(crumb.path,), key=key)
    if listing.path:
        st.caption(plain(listing.path))


def _folders(listing: Listing) -> None:
    found = _filtered(listing.folders)
    if not listing.folders:
        cards.empty("No folder inside", "Use this folder, or go back by the way above.", ":material/folder_off:")
    elif not found:
        st.markdown("No folder has such a name.")
    with st.container(height=320 if len(found) > 6 else "content", border=bool(found), gap=None, key="picker-list"):
        for number, folder in enumerate(found):
            icon = ":material/commit:" if folder.repository else ":material/folder:"
            st.button(
                plain(folder.name),
                icon=icon,
                type="tertiary",
                help="A git repository" if folder.repository else None,
                on_click=_go,
                args=(folder.path,),
                key=f"picker-{listing.path}-{number}",
            )
    if listing.left_out:
        st.caption(f"{words.count(listing.left_out, 'more folder')} than are shown: type the path in the form.")
    if listing.unreadable:
        named = ", ".join(listing.unreadable[:8])
        st.caption(plain(f"This server may not look into {named}{' …' if len(listing.unreadable) > 8 else ''}."))


def _filtered(found: Sequence[Folder]) -> Sequence[Folder]:
    if len(found) < _FILTER_FROM:
        return found
    typed = st.text_input("Filter by name", key="picker-filter", live="300ms", placeholder="part of a name")
    part = (typed or "").strip().casefold()
    return [folder for folder in found if part in folder.name.casefold()]


def _go(path: str | None) -> None:
    st.session_state[_AT] = path
    st.session_state.pop("picker-filter", None)


def _use(path: str | None) -> None:
    st.session_state[FIELD] = path
