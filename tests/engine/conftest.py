"""A whole deck in this process: real store, real engine, agents from the scripted runner."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from data.domain.agents import Runtime
from data.domain.approvals import ApprovalStatus
from data.domain.events import ApprovalAnswered
from data.domain.tasks import Task
from data.store import Store, asking
from orchestrator_adapter import settings
from orchestrator_adapter.deck import Deck, build
from orchestrator_adapter.runners import Runner

Launch = Callable[..., Deck]


def allow(url: str, approval_id: str) -> None:
    store = Store.open(url)
    with store.write(durable=True) as ledger:
        asked = asking.get(ledger.connection, approval_id)
        ids = {"task_id": asked.task_id, "agent_id": asked.agent_id}
        ledger.append(ApprovalAnswered(**ids, approval_id=approval_id, to=ApprovalStatus.ALLOWED, by="me"))
    store.close()


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    """Starts a deck with the given runner for scripted tasks; closes it at the end."""
    decks: list[Deck] = []

    def start(
        runner: Runner | None,
        url: str | None = None,
        runners: dict[Runtime, Runner] | None = None,
        answer: str | None = None,
        **env: str,
    ) -> Deck:
        found = {"QUARTERDECK_HOME": str(tmp_path / "home"), "QUARTERDECK_RUNTIME": "scripted"} | env
        wanted = settings.read(found | ({"DATABASE_URL": url} if url else {}))
        if answer:  # a person answers while nothing runs
            allow(wanted.database_url, answer)
        deck = build(wanted, runners or {Runtime.SCRIPTED: runner})
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
