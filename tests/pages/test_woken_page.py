"""What a list costs that is drawn again and again, and that it is never older than its page."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from data.store import Store
from orchestrator_adapter.deck import Deck
from tests.pages.opening import opened
from tests.store.test_board import append, submitted


@contextmanager
def page_asks(store: Store) -> Iterator[list[str]]:
    """The questions that pages ask the store meanwhile."""
    out: list[str] = []
    mine = {thread.ident for thread in threading.enumerate()} - {threading.get_ident()}

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if threading.get_ident() not in mine and statement.startswith("SELECT"):
            out.append(statement)

    sa.event.listen(store.reader, "before_cursor_execute", note)
    try:
        yield out
    finally:
        sa.event.remove(store.reader, "before_cursor_execute", note)


def tasks_page() -> AppTest:
    return opened("pages/watch/tasks.py")


def test_a_list_that_is_drawn_again_asks_nothing_of_its_own(deck: Deck):
    append(deck.store, *(submitted(f"t{number}", description=f"Do {number}") for number in range(3)))
    at = tasks_page()
    with page_asks(deck.store) as asked:
        at.run()
    assert len(at.dataframe[0].value) == 3
    assert sum("max(events.id)" in statement for statement in asked) == 1, (
        "the page as a whole asks once what time it is"
    )
    assert not [statement for statement in asked if "FROM tasks" in statement]


def test_a_list_is_as_new_as_its_page_whoever_wrote(deck: Deck):
    append(deck.store, submitted("t1", description="Do one"))
    at = tasks_page()
    other = Store(deck.store.url.render_as_string(hide_password=False))
    append(other, submitted("t2", description="Do two"))
    other.close()
    at.run()
    assert len(at.dataframe[0].value) == 2
