"""Limits, retries, patience, clean-up and priorities as people change them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from data.domain import events as e
from data.domain.agents import Role, Runtime
from data.domain.errors import InvalidField, RuntimeUnavailable, TaskNotFound, TooLate
from data.domain.fleet import Cleanup, Limits, Lottery, Patience, Priority, Retries
from data.domain.tasks import TaskStatus
from data.store import Store
from orchestrator_adapter import commands_fleet
from orchestrator_adapter.access import Actor
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.engine import resuming
from tests.events import submitted

ANA = Actor("ana", "admin")
CHANGES: list[tuple[Any, Any]] = [
    (commands_fleet.set_limits, Limits(per_machine=3, per_user=None, in_all=12)),
    (commands_fleet.set_retries, Retries({Role.TESTER: 0, Role.BUILDER: 5}, otherwise=1)),
    (commands_fleet.set_patience, Patience(silent_s=60, repeats=3, tokens=50_000)),
    (commands_fleet.set_cleanup, Cleanup(automatic=True, after_days=7)),
    (commands_fleet.set_lottery, Lottery(share=20, chance=40)),
]


def deck_of(store: Store) -> Deck:
    """These commands need no more of a deck than its store."""
    return cast(Deck, SimpleNamespace(store=store, settings=SimpleNamespace(home=Path("/nowhere"))))


def clock(store: Store) -> int:
    with store.read() as board:
        return board.clock()


def task(store: Store, task_id: str, *to: TaskStatus, **more: object) -> None:
    values = {"description": f"fix {task_id}", "runtime": Runtime.SCRIPTED, "by": "ana"}
    with store.write() as ledger:
        ledger.append(submitted(task_id, **values | more))
        for status in to:
            ledger.append(e.TaskMoved(task_id=task_id, to=status))


def test_nobody_has_said_anything_yet(store: Store) -> None:
    with store.read() as board:
        found = board.settings()
    assert (found.limits, found.retries, found.patience, found.cleanup) == (Limits(), Retries(), Patience(), Cleanup())
    assert found.changed == {}


@pytest.mark.parametrize(("command", "setting"), CHANGES)
def test_a_setting_holds_and_says_who_changed_it(store: Store, command: Any, setting: Any) -> None:
    assert command(deck_of(store), ANA, setting) == setting
    with store.read() as board:
        found = board.settings()
    assert setting in (found.limits, found.retries, found.patience, found.cleanup, found.lottery)
    ((name, changed),) = found.changed.items()
    assert name == type(setting).__name__.lower()
    assert changed.by == "ana"
    before = clock(store)
    command(deck_of(store), ANA, setting)
    assert clock(store) == before, "a second click says nothing new"


def test_of_several_settings_all_are_changed_or_none(store: Store) -> None:
    with pytest.raises(InvalidField, match="after_days must be from 1 to 3,650"):
        commands_fleet.set_fleet(deck_of(store), ANA, [Limits(in_all=4), Cleanup(after_days=0)])
    assert clock(store) == 0
    commands_fleet.set_fleet(deck_of(store), ANA, [setting for _, setting in CHANGES])
    with store.read() as board:
        found = board.settings()
    assert [found.limits, found.retries, found.patience, found.cleanup, found.lottery] == [
        setting for _, setting in CHANGES
    ]


def test_a_task_goes_before_others(store: Store) -> None:
    deck = deck_of(store)
    task(store, "t1")
    task(store, "t2")
    changed = commands_fleet.prioritize_task(deck, ANA, "t2", Priority.HIGH)
    assert changed.priority is Priority.HIGH
    with store.read() as board:
        assert [one.task_id for one in board.queue().waiting] == ["t2", "t1"]
    before = clock(store)
    commands_fleet.prioritize_task(deck, ANA, "t2", Priority.HIGH)
    assert clock(store) == before


def test_a_priority_that_would_change_nothing_is_refused(store: Store) -> None:
    deck = deck_of(store)
    task(store, "done", TaskStatus.IN_PROGRESS, TaskStatus.COMPLETED)
    task(store, "theirs", runtime=Runtime.ATTACHED)
    before = clock(store)
    with pytest.raises(TooLate, match="A task that is completed waits for no place any more"):
        commands_fleet.prioritize_task(deck, ANA, "done", Priority.LOW)
    with pytest.raises(RuntimeUnavailable, match="another program runs them"):
        commands_fleet.prioritize_task(deck, ANA, "theirs", Priority.LOW)
    with pytest.raises(TaskNotFound):
        commands_fleet.prioritize_task(deck, ANA, "nobody", Priority.LOW)
    assert clock(store) == before


def test_a_task_that_is_run_again_keeps_its_priority(store: Store) -> None:
    task(store, "t1", priority=Priority.URGENT)
    with store.read() as board:
        assert resuming.draft_of(board.task("t1")).priority is Priority.URGENT
