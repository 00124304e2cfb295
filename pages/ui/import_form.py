"""From where history is read in: the folder, the button, and whether it goes on by itself."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from data.domain import words
from data.domain.errors import FleetError
from data.domain.fleet import Watching
from orchestrator_adapter import commands_history
from orchestrator_adapter.ingest import history_folder
from orchestrator_adapter.ingest.transcript_files import Found, find
from pages.ui import cards, session
from pages.ui.look import plain

FOLDER = "history-folder"
AGAIN = "history-again"
WATCH = "history-watch"


def size(number: int) -> str:
    """`312.4 MB`."""
    return f"{number / 1e6:,.1f} MB" if number < 1e9 else f"{number / 1e9:,.1f} GB"


@st.fragment
def form() -> None:
    """Outside of the live panels: a field that is drawn again while somebody types into it loses letters."""
    with session.panel("import"):
        with session.read() as board:
            watched = board.settings().watching
        st.caption(
            "Sessions of Claude Code become tasks with all they said, did and cost. Their files are only read, never "
            "changed, and however often you read them in, each reply is counted once."
        )
        folder = st.text_input(
            "Folder",
            value=watched.folder or str(history_folder.history_folder(session.deck().settings.environment)),
            key=FOLDER,
            help="Everything below it that ends in .jsonl is looked at.",
        )
        found = _found(folder)
        with st.container(horizontal=True, vertical_alignment="center"):
            pressed = st.button(
                "Import", type="primary", icon=":material/download:", key="history-import", disabled=not found
            )
            again = st.checkbox("What was deleted here, too", key=AGAIN)
            _switch(folder, watched, bool(found))
        if pressed:
            with session.refusals():
                commands_history.import_transcripts(session.deck(), session.actor(), folder, again=again)
                st.rerun()


def _found(folder: str | None) -> list[Found]:
    """What lies in the folder, and a sentence about it."""
    try:
        path = history_folder.checked(folder, session.deck().settings.environment)
    except FleetError as refusal:
        cards.note(str(refusal), tone="bad")
        return []
    found = find(path)
    if not found:
        cards.note("There is no transcript in this folder; Claude Code writes the first when it is used.")
        return []
    st.caption(plain(f"{words.count(len(found), 'file')}, {size(sum(one.size for one in found))}"))
    return found


def _switch(folder: str, watched: Watching, fit: bool) -> None:
    """Whether it goes on by itself; of another folder it first says that it is not watched."""
    on = watched.automatic and _same(folder, watched.folder)
    wanted = st.toggle(
        "Keep watching this folder in the background",
        value=on,
        key=f"{WATCH}-{on}-{folder}",
        disabled=not fit and not on,
        help="What Claude Code adds is read in within seconds, as long as this server runs.",
    )
    if wanted != on:
        with session.refusals():
            commands_history.watch_history(session.deck(), session.actor(), folder, automatic=wanted)
            st.rerun()
    elif watched.automatic and not on:
        st.caption(plain(f"Watched now: {watched.folder}"))


def _same(one: str, other: str) -> bool:
    return bool(other) and Path(one).expanduser() == Path(other)
