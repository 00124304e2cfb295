"""The door between a page and the fleet: who is there, what they ask, and how a no is shown."""

from __future__ import annotations

import functools
import threading
import time
import uuid
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st
import structlog

from data.domain.errors import FleetError, StoreUnavailable
from data.store import Board
from orchestrator_adapter import deck as deck_module
from orchestrator_adapter.access import LOCAL, Actor
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.wakes import wakes
from pages.ui import live, memory
from pages.ui.look import plain

T = TypeVar("T")
_memory = memory.Memory()
log = structlog.get_logger("pages")

AT_ONCE = 2
PATIENCE_S = 1.0
KEPT = "What you typed is still here. Try again as soon as the store is back."
_turns = threading.BoundedSemaphore(AT_ONCE)


def deck() -> Deck:
    """The running Quarterdeck of this process."""
    return deck_module.current()


def actor() -> Actor:
    """Who looks at the page; every page script asks this first."""
    return LOCAL


def clock() -> int:
    """The id of the last event: what a page shows is at least as new."""
    with read() as board:
        return board.clock()


def recent_clock() -> int:
    """At least what the page began with and what it was woken by, without a question to the store.

    Many panels are woken at the same moment, and each question makes a panel wait for its turn among all the others.
    """
    store = deck().store
    return max(store.told, live.begun()) if store.trouble is None else clock()


def read() -> AbstractContextManager[Board]:
    """A look at the store; while it cannot be reached, at what this process last knew of it."""
    return memory.reading(deck().store, _memory)


def if_known(ask: Callable[[Board], T], otherwise: T) -> T:
    """An answer that a form can do without: while the store cannot be reached, the last one, if there was any."""
    try:
        with read() as board:
            return ask(board)
    except StoreUnavailable:
        return otherwise


def ask(question: Callable[..., T], *given: Hashable) -> T:
    """What the warehouse answers as of now; while the store cannot be reached, as of when it last could."""
    warehouse = deck().warehouse
    try:
        standing = warehouse.refresh()
    except StoreUnavailable:
        standing = warehouse.standing()
        if standing.at is None:
            raise
        if (ages := memory.aged.get()) is not None:
            ages.append(standing.at)
    return warehouse.ask(question, *given, as_of=standing)


@contextmanager
def refusals() -> Iterator[None]:
    """Show a refusal as its sentence; let real surprises through."""
    try:
        yield
    except FleetError as refusal:
        st.error(plain(str(refusal)), icon=":material/block:")


@contextmanager
def panel(name: str, *, says_age: bool = True) -> Iterator[None]:
    """The boundary of one part of a page: its crash is one box, and the rest of the page goes on."""
    try:
        with _saying_its_age() if says_age else nullcontext():
            yield
    except StoreUnavailable as away:
        st.error(plain(f"{away} Nothing was known of this part of the page before."), icon=":material/cloud_off:")
        _again(name)
    except FleetError as refusal:
        st.error(plain(str(refusal)), icon=":material/block:")
        _again(name)
    except Exception as error:
        request_id = uuid.uuid4().hex[:12]
        log.error("panel crashed", panel=name, request_id=request_id, exc_info=error)
        st.error(
            f"This part of the page ({name}) has failed; the rest goes on. "
            f"The log of the server says why, under request {request_id}.",
            icon=":material/error:",
        )
        _again(name)


@contextmanager
def _saying_its_age() -> Iterator[None]:
    """Say of when it is what a part of a page shows, if that came from memory; a part within a part says nothing."""
    if memory.aged.get() is not None:
        yield
        return
    ages: list[datetime] = []
    slot = st.empty() if deck().store.trouble else None
    before = memory.aged.set(ages)
    try:
        yield
    finally:
        memory.aged.reset(before)
    if ages:
        (slot or st).caption(memory.told(ages, deck().store.now()))


def _again(name: str) -> None:
    st.button("Try again", key=f"again-{name}", icon=":material/refresh:")


@contextmanager
def _turn() -> Iterator[None]:
    """Let few panels be drawn at the same time: many threads at once keep the server from answering anybody.

    Who has waited long goes ahead all the same, so that a panel that hangs holds up nobody for good.
    """
    mine = _turns.acquire(timeout=PATIENCE_S)
    try:
        yield
    finally:
        if mine:
            _turns.release()


def live_panel(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A part of a page that the server wakes when something happened, with a boundary of its own."""

    def wrap(draw: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(draw)
        def guarded(*args: Any, **kwargs: Any) -> None:
            with _turn():
                began_s = time.thread_time()
                live.waker(name)
                with panel(name):
                    draw(*args, **kwargs)
                wakes.drawn(time.thread_time() - began_s)

        return st.fragment(guarded, key=name)

    return wrap


def dialog(title: str, icon: str, width: Any = "small") -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A question in a dialog that stays open while the panel it was opened from is drawn again.

    It belongs to the whole page: what a live panel itself opens is gone when the panel is woken.
    """

    def wrap(draw: Callable[..., None]) -> Callable[..., None]:
        shown = st.dialog(title, icon=icon, width=width, on_dismiss=forget_dialog)(draw)

        @functools.wraps(draw)
        def ask(*args: Any) -> None:
            name = (draw.__qualname__, getattr(args[0], "id", None), st.query_params.get("id"))
            if (open_one := st.session_state.get(live.DIALOG)) is None or open_one[0] != name:
                st.session_state[live.DIALOG] = (name, functools.partial(shown, *args))
                st.rerun()

        return ask

    return wrap


def draw_dialog() -> None:
    """Draw the open dialog, at the end of a run of its page."""
    if (found := st.session_state.get(live.DIALOG)) is None:
        return
    if found[0][2] == st.query_params.get("id"):
        found[1]()
    else:
        forget_dialog()


def close_dialog(page: Path | None = None) -> None:
    """The question is answered; back to the page, or on to another."""
    forget_dialog()
    if page is None:
        st.rerun()
    st.switch_page(page)


def forget_dialog() -> None:
    st.session_state.pop(live.DIALOG, None)


def done(name: str, do: Callable[[], T]) -> T | None:
    """Do it once, however often it was clicked; None if it was refused, which is said in a sentence."""
    once = Once(name)
    if once.take():
        try:
            st.session_state[f"done-{name}"] = do()
        except FleetError as refusal:
            once.reopen()
            st.session_state.pop(f"done-{name}", None)
            st.error(plain(words(refusal)), icon=":material/block:")
    return st.session_state.get(f"done-{name}")


def words(refusal: FleetError) -> str:
    """The refusal, and what it means for whatever was typed."""
    return f"{refusal} {KEPT}" if isinstance(refusal, StoreUnavailable) else str(refusal)


class Once:
    """A form that can be handed in once: a second click finds it closed until it is opened again."""

    def __init__(self, name: str) -> None:
        self._key = f"once-{name}"

    def take(self) -> bool:
        taken = st.session_state.get(self._key, 0.0)
        if time.monotonic() - taken < 10:
            return False
        st.session_state[self._key] = time.monotonic()
        return True

    def reopen(self) -> None:
        st.session_state.pop(self._key, None)
