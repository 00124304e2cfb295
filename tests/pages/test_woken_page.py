"""What a list costs that is drawn again and again, and that it is never older than its page."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from data.store import Store
from orchestrator_adapter import deck as deck_module
from orchestrator_adapter.deck import Deck
from tests.store.test_board import append, submitted

ENTRY = str(Path(__file__).parents[2] / "streamlit_app.py")


@pytest.fixture
def deck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deck]:
    (tmp_path / "work").mkdir()
    monkeypatch.setenv("QUARTERDECK_HOME", str(tmp_path))
    monkeypatch.setenv("QUARTERDECK_RUNTIME", "scripted")
    monkeypatch.setenv("QUARTERDECK_WORKDIRS", str(tmp_path / "work"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    deck_module.current.cache_clear()
    opened = deck_module.current()
    yield opened
    opened.close()
    deck_module.current.cache_clear()


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
    at = AppTest.from_file(ENTRY, default_timeout=30).run()
    at.switch_page("pages/watch/tasks.py").run()
    assert not at.exception, at.exception[0].message
    return at


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
