"""Search: one field over everything that was asked for, said, done and logged."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from data.domain import words
from data.domain.agents import Role, Runtime
from data.domain.search import EXAMPLES, PLACES, Query, parse
from data.domain.search_words import LIMITS
from data.domain.tasks import TaskStatus, TaskType
from data.store import Page
from data.store.search import ORDERS, Hit, Order, Results
from orchestrator_adapter.views import found as views
from pages.ui import cards, filters, found, live, look, session
from pages.ui.look import plain

SPANS = ("1d", "7d", "30d", "90d")
STRETCH = 20
HUGE = "Of an answer of a tool over 1 MiB its beginning is."
LATE = timedelta(seconds=5)
"""What can be found within a moment anyway is not worth a line."""


def field() -> str:
    return (
        st.text_input(
            "Search everything",
            placeholder='words, "a phrase", -without, begin*, role:builder, since:7d',
            type="search",
            live="300ms",
            key="q",
            bind="query-params",
        )
        or ""
    )


def chips() -> tuple[str, Order]:
    """What was picked beside the field, in the words of the field, which so are learnt, and stand in the address."""
    inside = st.pills("In", list(PLACES), selection_mode="multi", key="in", bind="query-params")
    with st.container(horizontal=True):
        role = filters.choice("Role", Role, "role")
        status = filters.choice("Status", TaskStatus, "status", look.status_word)
        kind = filters.choice("Type", TaskType, "type", lambda name: words.task_type(TaskType(name)))
        runtime = filters.choice("Runtime", Runtime, "runtime")
        since = st.selectbox(
            "Since",
            SPANS,
            index=None,
            placeholder="any time",
            key="since",
            bind="query-params",
            width=filters.WIDTH_PX,
        )
        order = st.selectbox("Order", ORDERS, key="order", bind="query-params", width=filters.WIDTH_PX)
    one = {"role": role, "status": status, "type": kind, "runtime": runtime, "since": since}
    picked = [*(f"in:{place}" for place in inside or ()), *(f"{name}:{value}" for name, value in one.items() if value)]
    return " ".join(picked), order or "best"


def results(query: Query, order: Order) -> None:
    now = session.deck().store.now()
    shown = filters.pages_shown("search", (query.text, order))
    with session.read() as board:
        first: Results = board.search(query, STRETCH, None, order, now)

        def ask(cursor: str | None) -> Page[Hit]:
            page = first if cursor is None else board.search(query, STRETCH, cursor, order, now)
            return Page(page.hits, page.next_cursor)

        hits, more = filters.stretches(ask, shown)
        indexed = board.search_indexed()
    for note in query.notes:
        st.caption(plain(note))
    if indexed.upto is not None and now - indexed.upto > LATE:
        behind = words.count(indexed.behind, "event")
        cards.note(f"Indexed up to {indexed.upto:%Y-%m-%d %H:%M:%S} UTC; {behind} to go.")
    if not hits and not more:
        nothing(query)
        return
    cards.note(f"{views.counted(query, first).capitalize()}.")
    found.draw(hits, now)
    if more:
        filters.show_more("search")


def nothing(query: Query) -> None:
    """What could be taken away, so that something is found."""
    loosened = query.loosened()
    how = f"Leave out {', or '.join(loosened)}." if loosened else "Look at how it is written, or try its beginning: "
    if not loosened and query.terms:
        how += f"{query.terms[0].words[0][:4]}*"
    cards.empty("No hit", how.replace("`", ""), ":material/search_off:")


def introduction(query: Query) -> None:
    """What can be asked, by examples that can be clicked."""
    if query.too_short:
        cards.note("One letter stands almost everywhere: type two at least.")
    for note in query.notes:
        st.caption(plain(note))
    st.markdown("**What can be asked**")
    with st.container(gap="small"):
        for number, (example, meaning) in enumerate(EXAMPLES.items()):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.button(plain(example), key=f"example-{number}", on_click=ask, args=(example,))
                st.caption(plain(meaning.replace("`", "")), width="content")
    st.caption(f"{LIMITS} {HUGE}")


def ask(example: str) -> None:
    st.session_state["q"] = example


session.actor()
st.title("Search")
said = field()
picked, order = chips()
asked = parse(f"{said} {picked}".strip(), session.deck().store.now())
with session.panel("search"):
    if asked.empty or asked.too_short:
        introduction(asked)
    else:
        results(asked, order)
live.mount(wakes=False)
