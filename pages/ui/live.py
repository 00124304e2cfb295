"""The live connection of a page: one component that draws the board and wakes the fragments of the page."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st

from data.domain.errors import StoreUnavailable
from orchestrator_adapter import deck, picture, views
from orchestrator_adapter.arrivals import arrivals
from pages.ui import places

HERE = Path(__file__).parent
FLEET = "board:fleet"
TASK = "board:task:"
DIALOG = "open-dialog"
"""Where the session keeps the open dialog."""
HOLDER = "live-holder"
"""What holds the place of the live parts until they are drawn; the script takes it away then."""


class Size(NamedTuple):
    """About the sizes that live.css gives the parts on a wide screen, in pixels."""

    kpis: int
    task: int
    card: int
    cards_a_row: int


ROOMY, SMALL = Size(106, 104, 128, 3), Size(72, 78, 94, 4)
HEADING_PX, LINE_PX, LINES_PX, FAILURE_PX = 48, 26, 242, 56
POLL_MS = 3000
"""How often a page asks where no live connection can be made."""

FIRST_PICTURE_S = 0.6
"""So long the rest of a page waits for its live parts to be drawn; where that takes longer, it goes ahead."""

_CLOCK = "live-clock"
_MARK = "live-mark"
_DRAWN = "live-drawn"
_MOUNTED = "live-mounted"
_WAITED = "live-waited"
_PAGES = {"task": places.TASK, "agent": places.AGENT}


def begin(clock: int) -> None:
    """Start a full run of a page, before anything of it is read: what happened after this clock is news to it."""
    st.session_state[_CLOCK] = clock
    st.session_state[_MOUNTED] = False


def begun() -> int:
    """The clock of the last full run of the page."""
    return int(st.session_state.get(_CLOCK, 0))


def waker(name: str) -> None:
    """Draw the fragment that this is called in again, and only it, when something happened.

    A trigger inside the fragment runs just that; one outside of it would first start a run of the whole page.
    """
    component = st.components.v2.component("quarterdeck_waker", js=picture.text(*picture.TURNS) + _source("waker.js"))
    component(key=f"wake-{name}", data={"drawn": _times(name)}, on_changed_change=_looked)


def listen_for_questions(seen: str) -> None:
    """Draw the fragment that this is called in again when something else waits for a person than the `seen`."""
    if DIALOG in st.session_state:  # what is typed into a dialog is lost when anything of its page is drawn
        return
    component = st.components.v2.component("quarterdeck_asked", js=picture.text(*picture.TURNS) + _source("asked.js"))
    data = {"topic": FLEET, "seen": seen, "drawn": _times("asked")}
    component(key="live-asked", data=data, on_asked_change=_looked)


def _times(name: str) -> int:
    """How often this part of the page was drawn: a browser hears of a run only by what is new in it."""
    drawn: dict[str, int] = st.session_state.setdefault(_DRAWN, {})
    drawn[name] = drawn.get(name, 0) + 1
    return drawn[name]


def mount(
    topic: str = FLEET,
    *,
    show: Sequence[str] = (),
    agent_id: str | None = None,
    wakes: bool = True,
    compact: bool = False,
    owner: str | None = None,
) -> list[str]:
    """Draw the live parts of a page here; `show` is any of kpis, failures, task, tasks, agents, lines, in this order.

    `agent_id`: draw only this one of the agents; `wakes`: run the page again when something happened, only its live
    panels if it has any; `compact`: smaller cards; `owner`: only this person's tasks and their agents. Returns the
    failed tasks that somebody has just said to have looked at.
    """
    st.session_state[_MOUNTED] = True
    resting = DIALOG in st.session_state
    board = _board(topic) if show else None
    data = {
        "topic": topic,
        "show": list(show),
        "only": agent_id,
        "compact": compact,
        "owner": owner,
        "wakes": wakes,
        "resting": resting,
        "board": board,
        "clock": begun(),
        "pollMs": POLL_MS,
        "mark": _mark() if board else None,
    }
    with st.container(key=HOLDER):
        if board:
            st.html(_place(board["elements"], show, SMALL if compact else ROOMY, owner))
        result = _component()(
            key="live", data=data, on_changed_change=_looked, on_open_change=lambda: None, on_seen_change=lambda: None
        )
    if result.open:
        go(str(result.open))
    return [str(task_id) for task_id in result.seen or ()]


def first_picture() -> None:
    """Let the browser draw the live parts that were just mounted before it gets the rest of a page that it opens.

    The scripts of tables and fields take it longer than the live parts do, and what comes together is painted together.
    """
    mark = st.session_state.get(_MARK)
    if mark and st.session_state.get(_WAITED) != mark:
        st.session_state[_WAITED] = mark
        arrivals.wait(mark, FIRST_PICTURE_S)


def _mark() -> str:
    """By which the browser of this session says that it has drawn; empty where no browser is."""
    if _MARK not in st.session_state:
        st.session_state[_MARK] = arrivals.expect() if st.context.headers.get("User-Agent") else ""
    return str(st.session_state[_MARK])


def mounted() -> bool:
    """Whether the page has its live parts in this run of it."""
    return bool(st.session_state.get(_MOUNTED))


def _board(topic: str) -> dict[str, Any] | None:
    """What the topic shows now: drawn at once, and kept up to date by the stream where that can be reached."""
    try:
        return views.current(deck.current().store, topic.removeprefix(TASK) if topic.startswith(TASK) else None)
    except StoreUnavailable:  # the stream knows what was last seen, and says how old it is
        return None


def _place(elements: dict[str, Any], show: Sequence[str], size: Size, owner: str | None) -> str:
    """Keeps the height that the parts will need until they are drawn, so that what stands below does not jump."""
    shown = [name for name, one in elements.items() if owner is None or one.get("by", owner) == owner]
    count = {kind: sum(name.startswith(f"{kind}:") for name in shown) for kind in ("task", "agent", "line")}
    failures = elements.get("failures", {"items": (), "shown": 0})
    failed = min(failures["shown"], sum(owner in (None, one["by"]) for one in failures["items"]))
    parts = {
        "kpis": size.kpis,
        "failures": HEADING_PX + FAILURE_PX * failed if failed else 0,
        "task": size.task + HEADING_PX,
        "tasks": HEADING_PX + count["task"] * size.task,
        "agents": HEADING_PX + -(-count["agent"] // size.cards_a_row) * size.card if count["agent"] else 0,
        "lines": HEADING_PX + min(LINES_PX, count["line"] * LINE_PX),
    }
    needed = sum(parts[name] for name in show)
    return f"<style>.st-key-{HOLDER}:not([data-drawn]) {{ min-height: min(100vh, {needed}px); }}</style>"


def specimen(elements: dict[str, Any]) -> None:
    """The live parts with given elements and no connection, for the gallery."""
    show = ["kpis", "failures", "tasks", "agents"]
    data = {"topic": "", "show": show, "board": {"clock": 1, "elements": elements}, "pollMs": POLL_MS}
    silent: dict[str, Any] = {f"on_{name}_change": lambda: None for name in ("changed", "open", "seen")}
    _component()(key="specimen", data=data, **silent)


def go(address: str) -> None:
    """Open one of our own pages by its address, as `task?id=...`."""
    found = re.fullmatch(r"(task|agent)\?id=([\w-]{1,64})", address)
    if found:
        st.switch_page(_PAGES[found[1]], query_params={"id": found[2]})


def _looked() -> None:
    """The page is drawn again, which is all."""


def _component() -> Any:
    js, html, css = (picture.text(*names) for names in (picture.SCRIPTS, ["live.html"], ["live.css"]))
    return st.components.v2.component("quarterdeck_live", html=html, js=js + _source("mounted.js"), css=css)


@functools.cache
def _source(name: str) -> str:
    """A script of ours, read once: each panel that is woken takes one."""
    return (HERE / name).read_text(encoding="utf-8")
