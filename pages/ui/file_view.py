"""One changed file: what changed inside, which call made each part, the versions, and what happened to it before."""

from __future__ import annotations

import streamlit as st

from data.domain import words
from data.domain.agents import FileChange
from data.domain.files import Explained, FileDiff, FileEntry, Maker
from pages.ui import agent_ways, cards, charts, file_tables, highlight, live, session
from pages.ui.file_diff import MOST_LINES, Drawer
from pages.ui.look import plain

SIDES, UNIFIED, BEFORE, AFTER = "Side by side", "Unified", "Before", "After"
HUNKS = 30
MAKERS = 3
"""Calls that are named above a part of a change; of more only their number."""


def draw(agent_id: str, path: str, place: str) -> None:
    """`place` tells the widgets of one page part from those of another."""
    with session.read() as board:
        diff = board.file_diff(agent_id, path)
    entry = diff.entry
    with st.container(border=True):
        _head(entry)
        view = _tools(diff, place)
        if view in (BEFORE, AFTER):
            _version(diff, view)
        else:
            _hunks(diff, view, place)
        _history(entry, place)


def _head(entry: FileEntry) -> None:
    count = f" · +{entry.added} −{entry.removed}" if entry.added or entry.removed else ""
    when = f" · {entry.at:%Y-%m-%d %H:%M:%S} UTC" if entry.at else ""
    st.markdown(f"**{plain(entry.path)}**")
    st.caption(plain(f"{file_tables.change(entry.change)}{count} · {entry.agent}, step {entry.step}{when}"))
    if entry.shared:
        others = words.count(len(entry.shared), "other agent")
        st.caption(
            f":material/group: {others} worked in this folder at the same time: the change is by one of these steps."
        )


def _tools(diff: FileDiff, place: str) -> str:
    """How it is shown, and the versions to take along."""
    entry = diff.entry
    with st.container(horizontal=True, vertical_alignment="center"):
        views = [SIDES, UNIFIED, *([BEFORE] if diff.before else []), *([AFTER] if diff.after else [])]
        picked = st.segmented_control(
            "Show as", views, default=SIDES, required=True, label_visibility="collapsed", key=f"{place}-view"
        )
        for label, text in (("before", diff.before), ("after", diff.after)):
            if text:
                st.download_button(
                    f"Download {label}",
                    text.encode(),
                    file_name=_named(entry.path, label),
                    icon=":material/download:",
                    on_click="ignore",
                    key=f"{place}-download-{label}",
                )
    return picked if picked in views else SIDES


def _named(path: str, label: str) -> str:
    """The name of the version: `calc.before.py`."""
    name = path.rpartition("/")[2]
    stem, dot, ending = name.rpartition(".")
    return f"{stem}.{label}.{ending}" if dot and stem else f"{name}.{label}"


def _version(diff: FileDiff, view: str) -> None:
    text = diff.before if view == BEFORE else diff.after
    st.code(text or "", language=highlight.language(diff.entry.path), line_numbers=True, wrap_lines=True, height=480)


def _hunks(diff: FileDiff, view: str, place: str) -> None:
    if diff.why_not:
        st.markdown(plain(diff.why_not))
        _makers(diff.makers, place)
        return
    if not diff.hunks:
        st.markdown("Nothing in it differs; only its times or its permissions did.")
        return
    if not diff.placed:
        st.caption("As the calls say it: the folder was not compared, so there are no line numbers.")
    shown = st.session_state.setdefault(f"{place}-hunks", HUNKS)
    drawer, left = Drawer(diff), MOST_LINES
    for number, one in enumerate(diff.hunks[:shown]):
        _provenance(one, f"{place}-{number}")
        st.html(drawer.side_by_side(one.hunk, left) if view == SIDES else drawer.unified(one.hunk, left))
        left = max(left - len(one.hunk.lines), 20)
    if (rest := len(diff.hunks) - shown) > 0:
        more = f"Show more ({rest} places)"
        st.button(more, icon=":material/expand_more:", on_click=_show_more, args=(place,), key=f"{place}-more")


def _show_more(place: str) -> None:
    st.session_state[f"{place}-hunks"] += HUNKS


def _provenance(one: Explained, place: str) -> None:
    """Who made this part, with a way to the call."""
    _makers(one.makers, place)
    if one.unknown:
        st.caption(":material/help: No call and no command of an agent explains this: a person or another program.")


def _makers(makers: tuple[Maker, ...], place: str) -> None:
    if not makers:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"{place}-makers"):
        for number, maker in enumerate(makers[:MAKERS]):
            _maker(maker, f"{place}-{number}")
        if len(makers) > MAKERS:
            st.caption(f"and {len(makers) - MAKERS} more")


def _maker(maker: Maker, key: str) -> None:
    sure = "" if maker.kind == "call" else "perhaps "
    agent_ways.way(
        plain(f"{sure}{words.shortened(maker.words, 60)}"),
        maker.agent_id,
        "Conversation",
        key=key,
        icon=":material/build:" if maker.kind == "call" else ":material/terminal:",
        tip="Open this call in the agent's conversation",
        message=maker.tool_use_id,
    )
    cost = "" if maker.cost_nanousd is None else f" · the reply cost {words.dollars(maker.cost_nanousd)}"
    st.caption(plain(f"{maker.agent}, step {maker.step}{cost}"))


def _history(entry: FileEntry, place: str) -> None:
    """What agents of all tasks did to the file."""
    box = st.expander("History of this file", icon=":material/history:", key=f"{place}-history", on_change="rerun")
    if not box.open:
        return
    with box:
        with session.read() as board:
            found = board.file_history(entry.folder, entry.path)
        changed = [one for one in found if one.change is not FileChange.READ]
        if not found:
            cards.empty("No history", "No other agent has touched this file.")
            return
        st.caption(f"{words.count(len(changed), 'change')}, {len(found) - len(changed)} times read; the newest first")
        charts.file_history(changed)
        frame, columns = file_tables.history(found)
        picked = st.dataframe(
            frame,
            column_config=columns,
            hide_index=True,
            height=file_tables.height(len(found)),
            key=f"{place}-past",
            on_select="rerun",
            selection_mode="single-row",
            alt=f"What happened to {entry.path}, the newest first",
        )
        if rows := picked.selection.rows:
            live.go(f"agent?id={found[rows[0]].agent_id}")
