"""A whole deck in this process: real store, real engine, agents from the scripted runner."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from data.domain.agents import Runtime
from data.domain.tasks import Task
from orchestrator_adapter import settings
from orchestrator_adapter.deck import Deck, build
from orchestrator_adapter.runners import Runner

Launch = Callable[..., Deck]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Starts a deck with the given runner for scripted tasks; closes it at the end."""
    decks: list[Deck] = []

    def start(runner: Runner, url: str | None = None, **env: str) -> Deck:
        found = {"QUARTERDECK_HOME": str(tmp_path / "home"), "QUARTERDECK_RUNTIME": "scripted"} | env
        deck = build(settings.read(found | ({"DATABASE_URL": url} if url else {})), {Runtime.SCRIPTED: runner})
        decks.append(deck)
        return deck

    yield start
    for deck in decks:
        deck.close()


@pytest.fixture
def ended(eventually: Callable[..., None]) -> Callable[[Deck, str], Task]:
    """Waits until a task has ended; the task."""

    def wait(deck: Deck, task_id: str) -> Task:
        def look() -> Task:
            with deck.store.read() as board:
                return board.task(task_id)

        eventually(lambda: look().ended, within=30)
        return look()

    return wait
