"""One order for many: each task or agent is obeyed or refused by itself, and old agents go by themselves if wanted."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import sqlalchemy as sa

from data.domain import events as e
from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.errors import AgentNotFound, InvalidField, TaskNotFound, TooLate
from data.domain.fleet import Cleanup
from data.domain.money import Tokens
from data.domain.tasks import TaskStatus
from data.store import AgentFilter, Store, TaskFilter, settings
from data.store import tables as t
from orchestrator_adapter import commands_batch as batch
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.commands_batch import AgentOrder, TaskOrder
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.engine import tidy as tidying
from orchestrator_adapter.views import attention, live
from tests.events import submitted


def deck_of(store: Store) -> Deck:
    """The orders need no more of a deck than its store."""
    return cast(Deck, SimpleNamespace(store=store, settings=SimpleNamespace(home=Path("/nowhere"))))


def tell(store: Store, *events: Any, ago: timedelta = timedelta()) -> None:
    with store.write() as ledger:
        for event in events:
            ledger.append(event, store.now() - ago)


def task(store: Store, task_id: str, *to: TaskStatus, runtime: Runtime = Runtime.SCRIPTED, by: str = "local") -> None:
    asked = submitted(task_id, description=f"fix {task_id}", runtime=runtime, by=by)
    tell(store, asked, *(e.TaskMoved(task_id=task_id, to=status) for status in to))


def agent(store: Store, task_id: str, agent_id: str, *, ended: timedelta | None = None) -> None:
    ids = {"task_id": task_id, "agent_id": agent_id}
    made = e.AgentCreated(**ids, step="builder", role=Role.BUILDER, name="Builder", model="m", runtime=Runtime.SCRIPTED)
    tell(store, made, e.AgentMoved(**ids, to=AgentStatus.ACTIVE), ago=ended or timedelta())
    used = e.MessageMetered(**ids, message_id=f"m-{agent_id}", model="m", tokens=Tokens(1, 1), cost_nanousd=5)
    tell(store, used)
    if ended is not None:
        tell(store, e.AgentMoved(**ids, to=AgentStatus.COMPLETED), ago=ended)


def status(store: Store, task_id: str) -> str:
    with store.read() as board:
        return board.task(task_id).status


def listed(store: Store) -> set[str]:
    with store.read() as board:
        return {one.id for one in board.agents(limit=200).items}


def test_each_task_is_obeyed_or_refused_by_itself(store: Store) -> None:
    task(store, "new")
    task(store, "works", TaskStatus.IN_PROGRESS)
    task(store, "done", TaskStatus.IN_PROGRESS, TaskStatus.COMPLETED)
    task(store, "theirs", TaskStatus.IN_PROGRESS, runtime=Runtime.ATTACHED)
    asked = ["new", "done", "gone", "theirs", "works", "new"]
    outcomes = batch.order_tasks(deck_of(store), LOCAL, TaskOrder.CANCEL, asked)
    assert [(one.id, one.done) for one in outcomes] == [
        ("new", True),
        ("done", False),
        ("gone", False),
        ("theirs", False),
        ("works", True),
    ]
    assert [type(one.refused) for one in outcomes[1:3]] == [TooLate, TaskNotFound]
    assert {name: status(store, name) for name in ("new", "works", "done", "theirs")} == {
        "new": "cancelled",
        "works": "cancelled",
        "done": "completed",
        "theirs": "in_progress",
    }


def test_tasks_are_paused_resumed_and_deleted_together(store: Store) -> None:
    names = ["a", "b"]
    for name in names:
        task(store, name, TaskStatus.IN_PROGRESS)
    deck = deck_of(store)
    for order, then in (
        (TaskOrder.PAUSE, "paused"),
        (TaskOrder.RESUME, "in_progress"),
        (TaskOrder.CANCEL, "cancelled"),
    ):
        assert all(one.done for one in batch.order_tasks(deck, LOCAL, order, names))
        assert {status(store, name) for name in names} == {then}
    agent(store, "a", "a1", ended=timedelta())
    assert all(one.done for one in batch.order_tasks(deck, LOCAL, TaskOrder.DELETE, names))
    for name in names:
        with pytest.raises(TaskNotFound):
            status(store, name)
    assert listed(store) == set(), "no agent is left behind"
    with store.read() as board:
        counted = board.connection.execute(sa.select(sa.func.sum(t.messages.c.cost_nanousd))).scalar_one()
    assert counted == 5, "what was spent stays counted"


def test_agents_are_deleted_together_and_cancelled_with_their_tasks(store: Store) -> None:
    task(store, "a", TaskStatus.IN_PROGRESS)
    agent(store, "a", "old", ended=timedelta())
    agent(store, "a", "live")
    deck = deck_of(store)
    outcomes = batch.order_agents(deck, LOCAL, AgentOrder.DELETE, ["old", "live", "nobody"])
    assert [one.done for one in outcomes] == [True, False, False]
    assert isinstance(outcomes[2].refused, AgentNotFound)
    assert listed(store) == {"live"}
    assert [one.done for one in batch.order_agents(deck, LOCAL, AgentOrder.CANCEL, ["live"])] == [True]
    assert status(store, "a") == "cancelled"


@pytest.mark.parametrize("ids", [[], [str(n) for n in range(batch.MOST + 1)]])
def test_too_few_or_too_many_are_refused_whole(lite: Store, ids: list[str]) -> None:
    for give, order in ((batch.order_tasks, TaskOrder.CANCEL), (batch.order_agents, AgentOrder.DELETE)):
        with pytest.raises(InvalidField, match="ids takes 1 to 200 ids") as refused:
            give(deck_of(lite), LOCAL, order, ids)  # type: ignore[operator]
        assert refused.value.details["field"] == "ids"


def test_what_the_dialog_foretells_is_what_happens(lite: Store) -> None:
    """For every status and order: a hindrance is named if, and only if, the order would be refused."""
    ways = [
        [],
        [TaskStatus.IN_PROGRESS],
        [TaskStatus.IN_PROGRESS, TaskStatus.WAITING],
        [TaskStatus.PAUSED],
        [TaskStatus.IN_PROGRESS, TaskStatus.COMPLETED],
        [TaskStatus.FAILED],
        [TaskStatus.CANCELLED],
    ]
    for order in TaskOrder:
        for number, way in enumerate(ways):
            for runtime in (Runtime.SCRIPTED, Runtime.ATTACHED):
                name = f"{order}-{number}-{runtime}"
                task(lite, name, *way, runtime=runtime)
                with lite.read() as board:
                    foretold = batch.task_hindrance(order, board.task(name))
                (outcome,) = batch.order_tasks(deck_of(lite), LOCAL, order, [name])
                assert outcome.done == (foretold is None), (name, foretold, outcome.refused)


def test_a_failure_asks_for_somebody_until_it_was_looked_at_or_the_work_goes_on(store: Store) -> None:
    for name in ("looked at", "goes on", "deleted", "waits"):
        task(store, name, TaskStatus.IN_PROGRESS, TaskStatus.FAILED)
    task(store, "stopped", TaskStatus.IN_PROGRESS, TaskStatus.CANCELLED)
    task(store, "good", TaskStatus.IN_PROGRESS, TaskStatus.COMPLETED)
    task(store, "read in", TaskStatus.IN_PROGRESS, TaskStatus.FAILED, runtime=Runtime.IMPORTED)
    deck = deck_of(store)

    def asks(after: timedelta = timedelta()) -> list[str]:
        with store.read() as board:
            shown = live.fleet(board, store.now() + after).get("failures", {"items": [], "count": 0})
        assert len(shown["items"]) == shown["count"]
        return sorted(one["id"] for one in shown["items"])

    assert asks() == ["deleted", "goes on", "looked at", "waits"]
    assert asks(after=timedelta(days=6, hours=23)) == asks(), "a weekend later too"
    assert asks(after=timedelta(days=7, minutes=1)) == []
    answered = batch.order_tasks(deck, LOCAL, TaskOrder.SEEN, ["looked at", "good", "looked at"])
    assert [(one.id, one.done) for one in answered] == [("looked at", True), ("good", False)]
    assert all(one.done for one in batch.order_tasks(deck, LOCAL, TaskOrder.SEEN, ["looked at"])), "twice says the same"
    assert all(one.done for one in batch.order_tasks(deck, LOCAL, TaskOrder.RESUME, ["goes on"]))
    assert all(one.done for one in batch.order_tasks(deck, LOCAL, TaskOrder.DELETE, ["deleted"]))
    assert asks() == ["waits"]
    with store.read() as board:
        assert [one.id for one in board.tasks(TaskFilter(seen=True)).items] == ["looked at"]
        assert {one.id for one in board.tasks(TaskFilter(seen=False)).items} == {"waits", "read in"}
        assert board.task("looked at").seen_by == "local"
        told = board.events(task_id="looked at", after=0, limit=50)
        assert [entry.event.kind for entry in told].count("failure_seen") == 1
    tell(store, e.TaskMoved(task_id="goes on", to=TaskStatus.FAILED))
    batch.order_tasks(deck, LOCAL, TaskOrder.RESUME, ["looked at"])
    tell(store, e.TaskMoved(task_id="looked at", to=TaskStatus.FAILED))
    assert asks() == ["goes on", "looked at", "waits"], "what fails once more has not been looked at"


def test_of_many_failures_the_newest_are_shown_and_all_are_counted(lite: Store) -> None:
    task(lite, "of ana", TaskStatus.IN_PROGRESS, TaskStatus.FAILED, by="ana")
    for number in range(attention.MOST_FAILURES + 3):
        task(lite, f"f{number}", TaskStatus.IN_PROGRESS, TaskStatus.FAILED)
    with lite.read() as board:
        shown = live.fleet(board, lite.now())["failures"]
    assert shown["shown"] == attention.MOST_FAILURES
    assert [one["id"] for one in shown["items"] if one["by"] == "ana"] == ["of ana"], "hidden by nobody else's"
    assert len(shown["items"]) == attention.MOST_FAILURES + 1
    assert shown["count"] == attention.MOST_FAILURES + 4


def test_old_agents_go_by_themselves_only_if_somebody_wants_that(store: Store) -> None:
    task(store, "a", TaskStatus.IN_PROGRESS)
    agent(store, "a", "ancient", ended=timedelta(days=31))
    agent(store, "a", "recent", ended=timedelta(days=29))
    agent(store, "a", "live")
    assert tidying.tidy(store, store.now()) == 0
    tell(store, settings.event(Cleanup(automatic=True, after_days=30), "ana"))
    assert tidying.tidy(store, store.now()) == 1
    assert listed(store) == {"recent", "live"}
    assert tidying.tidy(store, store.now()) == 0
    with store.read() as board:
        assert board.task("a").cost_nanousd == 15
        assert len(board.agents(AgentFilter(task_id="a"), limit=200).items) == 2
