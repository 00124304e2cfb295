"""For the tests of pages: a server of each test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator_adapter.deck import Deck
from tests.pages.opening import serving


@pytest.fixture
def deck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deck]:
    with serving(monkeypatch, tmp_path / "home") as opened:
        yield opened
