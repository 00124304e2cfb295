"""Pages as a person opens them, and the server behind them: what the tests of pages share."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from orchestrator_adapter import deck as deck_module
from orchestrator_adapter.deck import Deck

ENTRY = str(Path(__file__).parents[2] / "streamlit_app.py")


@contextmanager
def serving(patch: pytest.MonkeyPatch, home: Path, **environment: str) -> Iterator[Deck]:
    """A server of its own, with nothing of the environment of whoever runs the tests."""
    for name in [n for n in os.environ if n.startswith(("QUARTERDECK_", "ANTHROPIC_")) or n == "DATABASE_URL"]:
        patch.delenv(name)
    own = {"QUARTERDECK_HOME": str(home), "QUARTERDECK_RUNTIME": "scripted", "QUARTERDECK_WORKDIRS": str(home.parent)}
    for name, value in (own | environment).items():
        patch.setenv(name, value)
    deck_module.current.cache_clear()
    opened = deck_module.current()
    try:
        yield opened
    finally:
        opened.close()
        deck_module.current.cache_clear()


@contextmanager
def beside(patch: pytest.MonkeyPatch, home: Path) -> Iterator[Deck]:
    """A client of a store whose engine another process has, so that what waits goes on waiting."""
    home.mkdir()
    with (home / "engine.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with serving(patch, home) as opened:
            assert not opened.engine.running
            yield opened


def visited(page: str, **query: str) -> AppTest:
    """A page as it stands after its address was opened."""
    at = AppTest.from_file(ENTRY, default_timeout=30).run()
    for name, value in query.items():
        at.query_params[name] = value
    return at.switch_page(page).run()


def opened(page: str, **query: str) -> AppTest:
    """The same, of a page that has not crashed."""
    at = visited(page, **query)
    assert not at.exception, at.exception[0].message
    return at
