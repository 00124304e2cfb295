"""A believable history of a fleet that never was: told through the ledger, the same every time, marked as demo."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from data.domain import events as e
from data.domain.errors import InvalidField, TooLate
from data.store import Ledger, Store
from orchestrator_adapter.seed import running
from orchestrator_adapter.seed.lives import Life, live_through
from orchestrator_adapter.seed.rhythm import starts
from orchestrator_adapter.seed.stories import happenings

MAX_DAYS, MAX_TASKS = 3_650, 100_000
_BATCH_RUNS = 60
"""Agents whose events are written in one transaction: about a second of holding the write lock."""


@dataclass(frozen=True)
class Seeded:
    """What was written."""

    tasks: int
    agents: int
    messages: int
    events: int


def seed(store: Store, *, days: int = 90, tasks: int = 400, seed: int = 7, now: datetime | None = None) -> Seeded:
    """Fill an empty store; the same arguments give the same events.

    A task is written whole in one transaction, so that an engine that listens never finds one to run.
    Raises TooLate if the store is not empty, InvalidField for a number out of bounds.
    """
    _bounded("days", days, MAX_DAYS)
    _bounded("tasks", tasks, MAX_TASKS)
    _refuse_unless_empty(store)
    now = (now or store.now()).astimezone(UTC)
    first = now - timedelta(days=days)
    begun = starts(Random(f"{seed}/{days}/{tasks}"), days, tasks, now)
    lives = [live_through(f"{seed}/{n}", at, (at - first) / (now - first), now) for n, at in enumerate(begun)]
    appended: list[e.Event] = []
    for batch in _batches(sorted(lives, key=lambda life: life.start)):
        with store.write() as ledger:
            _write(ledger, batch)
        appended += [entry.event for entry in ledger.appended]
    return _counted(appended)


def live(store: Store, agents: int, now: datetime | None = None) -> Seeded:
    """Running tasks with so many agents at work, in any store: to look at and to measure, with no engine near.

    An engine that finds them goes on with them like after a crash.
    """
    _bounded("agents", agents, MAX_TASKS)
    now = (now or store.now()).astimezone(UTC)
    with store.read() as board:
        clock = board.clock()
    appended: list[e.Event] = []
    first = 0
    for number, share in enumerate(running.shares(agents)):
        with store.write() as ledger:
            running.write(ledger, f"live/{clock}/{number}", share, first, now)
        appended += [entry.event for entry in ledger.appended]
        first += share
    return _counted(appended)


def _bounded(name: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise InvalidField(f"{name} must be from 1 to {most:,}, not {value:,}.", field=name)


def _counted(events: list[e.Event]) -> Seeded:
    kinds = [event.kind for event in events]
    return Seeded(
        kinds.count("task_submitted"), kinds.count("agent_created"), kinds.count("message_metered"), len(events)
    )


def _refuse_unless_empty(store: Store) -> None:
    with store.read() as board:
        clock = board.clock()
    if clock:
        raise TooLate("The store is not empty; demo data goes into an empty store only. Nothing was changed.")


def _write(ledger: Ledger, batch: list[Life]) -> None:
    keep = functools.cache(ledger.keep)  # tools answer the same thing again and again
    told = [happening for life in batch for happening in happenings(life, keep)]
    for happening in sorted(told, key=lambda one: one.at):
        ledger.append(happening.event, happening.at)


def _batches(lives: list[Life]) -> Iterator[list[Life]]:
    """Tasks in groups between which nothing was running: so the whole log lies in the order of time."""
    batch: list[Life] = []
    for life in lives:
        runs = sum(len(known.runs) for known in batch)
        if runs >= _BATCH_RUNS and life.start > max(known.end for known in batch):
            yield batch
            batch = []
        batch.append(life)
    if batch:
        yield batch
