"""The outcome of a task as the fleet records it and as people correct it."""

from __future__ import annotations

import pytest

from data.domain import events as e
from data.domain.assignment import AssignedBy, Assignment
from data.domain.errors import InvalidField, NotAllowed, TaskNotFound
from data.domain.tasks import AnalystChoice, TaskStatus
from data.store import Store
from data.store import tables as t
from orchestrator_adapter import reworked
from orchestrator_adapter.access import Actor
from orchestrator_adapter.commands_outcome import record_outcome
from tests.test_commands_fleet import ANA, deck_of, task

DONE = (TaskStatus.IN_PROGRESS, TaskStatus.COMPLETED)


def column(store: Store, name: str, task_id: str = "t1") -> object:
    with store.read() as board:
        return board.connection.execute(t.tasks.select().where(t.tasks.c.id == task_id)).mappings().one()[name]


def verdict(store: Store, *, passed: bool) -> None:
    told = e.OutcomeRecorded(task_id="t1", values={"tests_passed": passed}, by="tester", automatic=True)
    with store.write() as ledger:
        ledger.append(told)


def test_a_tester_and_a_person_and_who_said_what(store: Store) -> None:
    task(store, "t1", *DONE)
    deck = deck_of(store)
    assert column(store, "good") is None
    verdict(store, passed=True)
    assert column(store, "good") is True
    found = record_outcome(deck, ANA, "t1", {"score": 2, "note": " too slow "})
    assert (found.outcome.score, found.outcome.note, found.good) == (2, "too slow", False)
    assert found.outcome.set_by == {"score": "ana", "note": "ana"}
    assert column(store, "good") is False
    undone = record_outcome(deck, ANA, "t1", {"score": None})
    assert (undone.outcome.score, undone.good, column(store, "good")) == (None, True, True)
    with store.read() as board:
        told = board.outcome_changes("t1")
    assert [(one.event.by, one.event.values) for one in told] == [
        ("ana", {"score": None}),
        ("ana", {"score": 2, "note": "too slow"}),
        ("tester", {"tests_passed": True}),
    ]


def test_what_says_nothing_new_is_not_written_down(store: Store) -> None:
    task(store, "t1", *DONE)
    record_outcome(deck_of(store), ANA, "t1", {"merged": False, "score": None, "note": ""})
    record_outcome(deck_of(store), ANA, "t1", {"merged": False})
    with store.read() as board:
        assert [one.event.values for one in board.outcome_changes("t1")] == [{"merged": False}]


def test_who_confirms_a_verdict_gives_their_word_for_it(store: Store) -> None:
    task(store, "t1", *DONE)
    verdict(store, passed=True)
    record_outcome(deck_of(store), ANA, "t1", {"tests_passed": True})
    verdict(store, passed=False)
    with store.read() as board:
        assert board.task("t1").outcome.tests_passed is True


def test_a_later_task_is_linked_as_rework(store: Store) -> None:
    task(store, "t1", *DONE)
    task(store, "t2", *DONE)
    deck = deck_of(store)
    with store.read() as board:
        assert [one.id for one in board.outcome_later_tasks("t1")] == ["t2"]
    found = record_outcome(deck, ANA, "t1", {"rework_task": "t2"})
    assert (found.outcome.reworked, found.outcome.rework_task, found.good) == (True, "t2", False)
    for wrong, says in (("t1", "another task"), ("gone", "there is no task gone")):
        with pytest.raises(InvalidField, match=says):
            record_outcome(deck, ANA, "t1", {"rework_task": wrong})


def test_who_may_not_is_refused_and_nobody_rates_what_is_not_there(store: Store) -> None:
    task(store, "t1", *DONE)
    with pytest.raises(NotAllowed):
        record_outcome(deck_of(store), Actor("vi", "viewer"), "t1", {"score": 5})
    with pytest.raises(TaskNotFound):
        record_outcome(deck_of(store), ANA, "t9", {"score": 5})


@pytest.mark.parametrize(
    ("to", "is_rework"),
    [(TaskStatus.COMPLETED, True), (TaskStatus.FAILED, True), (TaskStatus.CANCELLED, False), (None, False)],
)
def test_running_again_what_came_to_its_end_is_rework(lite: Store, to: TaskStatus | None, is_rework: bool) -> None:
    task(lite, "t1", TaskStatus.IN_PROGRESS, *([to] if to else []))
    task(lite, "t2", rerun_of="t1")
    with lite.write() as ledger:
        again = next(one.event for one in _log(lite, "t2") if isinstance(one.event, e.TaskSubmitted))
        if told := reworked.by_rerun(ledger, again):
            ledger.append(told)
    with lite.read() as board:
        outcome = board.task("t1").outcome
    assert (outcome.reworked, outcome.rework_task) == ((True, "t2") if is_rework else (None, None))


def _log(store: Store, task_id: str) -> list:
    with store.read() as board:
        return board.events(task_id)


def test_a_step_that_is_retried_after_the_task_had_completed_is_rework(lite: Store) -> None:
    task(lite, "t1", *DONE)
    with lite.read() as board:
        completed = board.task("t1")
    told = reworked.by_retry(completed, "builder", "ana")
    assert told is not None
    assert (told.values, told.automatic) == ({"reworked": True}, True)
    assert reworked.by_retry(completed, None, "ana") is None


def test_older_logs_still_say_who_decided(store: Store) -> None:
    task(store, "t1")
    task(store, "t2", analyst_choice=AnalystChoice.FORCE, analyst_included=True)
    task(store, "t3", runtime="attached")
    planned = e.TaskPlanned(task_id="t1", workflow=(), rationale="", analyst_included=True, analyst_reason="so")
    with store.read() as board:
        found = [board.task(task_id).assignment for task_id in ("t1", "t2", "t3")]
    assert found == [
        Assignment(AssignedBy.RULE, 0.0),
        Assignment(AssignedBy.PERSON),
        Assignment(AssignedBy.NOBODY),
    ]
    with store.write() as ledger:
        ledger.append(planned)
    with store.read() as board:
        assert board.task("t1").assignment == Assignment(AssignedBy.PLANNER)
