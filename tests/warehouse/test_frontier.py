"""Which tasks workflows are compared by: the steps that were planned, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data.domain import events as e
from data.domain.agents import Role, Runtime
from data.domain.frontier import Trial
from data.domain.tasks import TaskStatus, TaskType
from data.domain.windows import Window
from data.store import Store
from data.warehouse import Warehouse, frontier
from data.warehouse.costs import Cut
from orchestrator_adapter.kept import Kept
from tests.warehouse.test_analyst_roi import DONE, task

NOW = datetime.now(UTC)
TODAY = Window(NOW - timedelta(days=1), NOW + timedelta(days=1), "UTC")
STEPS = (
    e.StepSpec(key="z", role=Role.PLANNER, scope="Plan"),
    e.StepSpec(key="a", role=Role.BUILDER, scope="Build", depends_on=("z",)),
    e.StepSpec(key="m", role=Role.TESTER, scope="Test", depends_on=("a",)),
)


@pytest.fixture
def warehouse(store: Store, tmp_path: Path) -> Iterator[Warehouse]:
    opened = Warehouse(store, tmp_path / "warehouse", Kept())
    yield opened
    opened.close()


def test_a_task_counts_by_its_planned_steps_in_their_order_however_far_it_came(
    store: Store, warehouse: Warehouse
) -> None:
    task(store, "done", *DONE, workflow=STEPS)
    task(store, "failed", TaskStatus.IN_PROGRESS, TaskStatus.FAILED, workflow=STEPS, cost=None)
    task(store, "stopped", TaskStatus.IN_PROGRESS, TaskStatus.CANCELLED, workflow=STEPS)
    task(store, "elsewhere", *DONE, runtime=Runtime.ATTACHED)
    task(store, "single", *DONE, analyst_by="nobody")
    task(store, "demo", *DONE, runtime=Runtime.DEMO)
    task(store, "gone", *DONE)
    with store.write() as ledger:
        ledger.append(e.TaskDeleted(task_id="gone", by="ana"))
    way = "planner > builder > tester"
    assert warehouse.ask(frontier.trials, Cut(TODAY)) == (
        Trial("bug_fix", "complex", way, 250_000_000, True, False),
        Trial("bug_fix", "complex", way, None, False, True),
    )
    (demo,) = warehouse.ask(frontier.trials, Cut(TODAY, simulated=True))
    assert demo.way == "analyst"
    assert warehouse.ask(frontier.trials, Cut(TODAY, task_type="testing")) == ()


def test_a_word_that_the_work_was_not_good_takes_its_success_away(store: Store, warehouse: Warehouse) -> None:
    task(store, "t1", *DONE, workflow=STEPS, task_type=TaskType.TESTING)
    assert warehouse.ask(frontier.trials, Cut(TODAY))[0].succeeded
    with store.write() as ledger:
        ledger.append(e.OutcomeRecorded(task_id="t1", values={"score": 1}, by="ana"))
    (found,) = warehouse.ask(frontier.trials, Cut(TODAY))
    assert (found.succeeded, found.judged) == (False, True)
    (kind,) = warehouse.ask(frontier.frontier, Cut(TODAY))
    assert (kind.task_type, kind.best, [w.name for w in kind.ways]) == ("testing", None, ["planner > builder > tester"])
