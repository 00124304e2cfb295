"""Which tasks the worth of an ANALYST is judged from, and the same figures on page, API and command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from data.domain import events as e
from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.assignment import AssignedBy
from data.domain.money import Tokens
from data.domain.roi_cases import Case
from data.domain.tasks import Complexity, TaskStatus, TaskType
from data.store import Store
from data.warehouse import Warehouse, analyst_roi
from data.warehouse.analyst_roi import Cut
from orchestrator_adapter.kept import Kept

DONE = (TaskStatus.IN_PROGRESS, TaskStatus.COMPLETED)
EVERYTHING = Cut(0)


@pytest.fixture
def warehouse(store: Store, tmp_path: Path) -> Iterator[Warehouse]:
    opened = Warehouse(store, tmp_path / "warehouse", Kept())
    yield opened
    opened.close()


def task(store: Store, task_id: str, *to: TaskStatus, cost: int | None = 250_000_000, **more: Any) -> None:
    usual: dict[str, Any] = {
        "description": "mend the sail now",
        "task_type": TaskType.BUG_FIX,
        "complexity": Complexity.COMPLEX,
        "analyst_included": True,
        "analyst_reason": "",
        "workflow": (e.StepSpec(key="analyst", role=Role.ANALYST, scope="Look"),),
        "working_directory": "/src",
        "runtime": Runtime.CLAUDE,
        "by": "ana",
    }
    given = usual | more
    ids = {"task_id": task_id, "agent_id": f"a-{task_id}"}
    role = Role.ANALYST if given["analyst_included"] else Role.BUILDER
    with store.write() as ledger:
        ledger.append(e.TaskSubmitted(task_id=task_id, **given))
        ledger.append(e.AgentCreated(**ids, step="s", role=role, name="A", model="m", runtime=given["runtime"]))
        ledger.append(e.AgentMoved(**ids, to=AgentStatus.ACTIVE))
        ledger.append(
            e.MessageMetered(**ids, message_id=f"m-{task_id}", model="m", tokens=Tokens(1, 1), cost_nanousd=cost)
        )
        for status in to:
            ledger.append(e.TaskMoved(task_id=task_id, to=status))


def told(warehouse: Warehouse, cut: Cut = EVERYTHING) -> dict[str, Case]:
    return {case.id: case for case in warehouse.ask(analyst_roi.cases, cut)}


def test_tasks_that_came_to_their_end_here(store: Store, warehouse: Warehouse) -> None:
    task(store, "done", *DONE, analyst_by="lottery", analyst_percent=30, borderline=True)
    task(store, "failed", TaskStatus.IN_PROGRESS, TaskStatus.FAILED)
    task(store, "unpriced", *DONE, cost=None)
    task(store, "stopped", TaskStatus.IN_PROGRESS, TaskStatus.CANCELLED)
    task(store, "running", TaskStatus.IN_PROGRESS)
    task(store, "elsewhere", *DONE, runtime=Runtime.ATTACHED)
    task(store, "demo", *DONE, runtime=Runtime.DEMO)
    task(store, "deleted", *DONE)
    with store.write() as ledger:
        ledger.append(e.TaskDeleted(task_id="deleted", by="ana"))
    found = told(warehouse)
    assert found.keys() == {"done", "failed", "unpriced"}
    assert told(warehouse, Cut(0, simulated=True)).keys() == {"demo"}
    assert told(warehouse, Cut(0, 1)) == told(warehouse, Cut(0, folder="/other")) == {}
    done = found["done"]
    assert (done.by, done.probability, done.borderline, done.included) == (AssignedBy.LOTTERY, 0.3, True, True)
    assert (done.cost_usd, done.analyst_usd, done.words, done.folder) == (0.25, 0.25, 4, "/src")
    assert (done.good, done.reworked) == (None, False)
    assert (done.seconds or 0) >= 0
    assert (found["failed"].by, found["failed"].probability) == (AssignedBy.RULE, 1.0)
    assert (found["failed"].good, found["unpriced"].good) == (False, None)
    assert found["unpriced"].cost_usd is None


def test_a_word_about_an_outcome_reaches_the_comparison(store: Store, warehouse: Warehouse) -> None:
    task(store, "t1", *DONE)
    assert told(warehouse)["t1"].good is None
    with store.write() as ledger:
        ledger.append(e.OutcomeRecorded(task_id="t1", values={"score": 5, "reworked": True}, by="ana"))
    found = told(warehouse)["t1"]
    assert (found.good, found.reworked) == (True, True)


def test_the_same_for_each_type(lite: Store, tmp_path: Path) -> None:
    for number in range(6):
        kind = TaskType.BUG_FIX if number < 4 else TaskType.TESTING
        task(lite, f"t{number}", *DONE, analyst_included=number % 2 == 0, task_type=kind, analyst_by="person")
    warehouse = Warehouse(lite, tmp_path / "w", Kept())
    try:
        groups = warehouse.ask(analyst_roi.compared_by, Cut(0), "task_type")
        found = warehouse.ask(analyst_roi.compared, Cut(0, task_type="bug_fix"))
    finally:
        warehouse.close()
    assert [(name, one.cases) for name, one in groups] == [("bug_fix", 4), ("testing", 2)]
    assert groups[0][1].observed == found.roi.observed
