"""The queue as people see it: in which order things wait, since when, and why."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from data.domain import events as e
from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.fleet import Limits, Priority
from data.domain.tasks import TaskStatus
from data.domain.waiting import Queue, Reason, ordinal
from data.domain.workflows import StepStatus
from data.store import Store, settings, workers
from data.store import tables as t
from tests import events

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
STEPS = (
    e.StepSpec(key="planner", role=Role.PLANNER, scope="Plan"),
    e.StepSpec(key="builder", role=Role.BUILDER, scope="Build", depends_on=("planner",)),
    e.StepSpec(key="documenter", role=Role.DOCUMENTER, scope="Document", depends_on=("planner",)),
    e.StepSpec(key="tester", role=Role.TESTER, scope="Test", depends_on=("builder",)),
)


def submitted(task_id: str, **more: object) -> e.TaskSubmitted:
    return events.submitted(task_id, **{"workflow": STEPS, "by": "ana"} | more)


def append(store: Store, *events: e.Event, at: datetime = NOW) -> None:
    with store.write() as ledger:
        for event in events:
            ledger.append(event, at)


def machine(store: Store, host: str = "deck", places: int = 2) -> None:
    """An engine process that lives."""
    row = {"id": f"{host}-1", "host": host, "pid": 1, "pages": True, "max_agents": places}
    with store.writer.connect() as connection, connection.begin():
        connection.execute(sa.insert(t.workers).values(**row, started_at_ms=0, beat_at_ms=0))


def at_work(store: Store, task_id: str, step: str = "planner", host: str = "deck") -> None:
    """An agent of the task has a place on this machine."""
    ids = {"task_id": task_id, "agent_id": f"{task_id}-{step}"}
    role = Role(step)
    with store.write() as ledger:
        if ledger.task_status(task_id) == TaskStatus.PENDING:
            ledger.append(e.TaskMoved(task_id=task_id, to=TaskStatus.IN_PROGRESS), NOW)
        ledger.append(e.AgentCreated(**ids, step=step, role=role, name=step, model="m", runtime=Runtime.CLAUDE), NOW)
        ledger.append(e.AgentMoved(**ids, to=AgentStatus.ACTIVE), NOW)
        ledger.append(e.StepMoved(task_id=task_id, step=step, to=StepStatus.ACTIVE), NOW)
        ledger.begin_run(f"{task_id}/{step}/1", task_id, step, ids["agent_id"])
        own = sa.update(t.step_runs).where(t.step_runs.c.run_id == f"{task_id}/{step}/1")
        ledger.connection.execute(own.values(owner=f"{host}-1"))


def done(store: Store, task_id: str, step: str, at: datetime) -> None:
    with store.write() as ledger:
        ledger.finish_run(f"{task_id}/{step}/1", {"ok": True, "why": "", "text": "", "goes_on": False})
        ledger.append(e.AgentMoved(task_id=task_id, agent_id=f"{task_id}-{step}", to=AgentStatus.COMPLETED), at)
        ledger.append(e.StepMoved(task_id=task_id, step=step, to=StepStatus.COMPLETED), at)


def limit(store: Store, **limits: int) -> None:
    append(store, settings.event(Limits(**limits), "ana"))


def queue(store: Store) -> Queue:
    with store.read() as board:
        return board.queue()


def order(store: Store) -> list[tuple[str, str | None]]:
    return [(one.task_id, one.step) for one in queue(store).waiting]


def reasons(store: Store) -> dict[str, str]:
    return {one.task_id: one.words for one in queue(store).waiting}


def test_an_empty_store_has_an_empty_queue(store: Store) -> None:
    found = queue(store)
    assert (found.waiting, found.held, found.machines, found.users) == ((), (), (), ())
    assert (found.in_all.taken, found.in_all.most) == (0, None)


def test_the_more_urgent_goes_first_then_the_older(store: Store) -> None:
    wanted = [("low", Priority.LOW), ("old", Priority.NORMAL), ("new", Priority.NORMAL), ("urgent", Priority.URGENT)]
    for number, (task_id, priority) in enumerate(wanted):
        append(store, submitted(task_id, priority=priority), at=NOW + number * MINUTE)
    assert order(store) == [("urgent", None), ("old", None), ("new", None), ("low", None)]
    assert [one.position for one in queue(store).waiting] == [1, 2, 3, 4]
    append(store, e.TaskPrioritized(task_id="new", priority=Priority.HIGH, by="ana"))
    assert order(store) == [("urgent", None), ("new", None), ("old", None), ("low", None)]
    first = queue(store).waiting[0]
    assert (first.user, first.priority, first.since) == ("ana", Priority.URGENT, NOW + 3 * MINUTE)


def test_only_steps_that_could_start_wait_for_a_place(store: Store) -> None:
    """Waiting for an earlier step is not waiting in the queue."""
    machine(store)
    append(store, submitted("t1"))
    at_work(store, "t1")
    assert order(store) == []
    done(store, "t1", "planner", NOW + 5 * MINUTE)
    assert order(store) == [("t1", "builder"), ("t1", "documenter")]
    builder = queue(store).waiting[0]
    assert (builder.role, builder.since) == (Role.BUILDER, NOW + 5 * MINUTE)
    at_work(store, "t1", "builder")
    assert order(store) == [("t1", "documenter")]
    append(store, e.StepMoved(task_id="t1", step="builder", to=StepStatus.FAILED, why="no"))
    assert order(store) == [], "after a failure nothing new starts"


def test_a_resumed_step_waits_since_the_resume(store: Store) -> None:
    append(store, submitted("t1"), e.TaskMoved(task_id="t1", to=TaskStatus.PAUSED, why="Paused by ana."))
    assert order(store) == []
    later = NOW + 60 * MINUTE
    append(store, e.TaskResumed(task_id="t1", by="ana", kept_steps=(), kept_nanousd=0), at=later)
    (one,) = queue(store).waiting
    assert (one.step, one.since) == ("planner", later)


def test_what_ends_is_gone_from_the_queue(store: Store) -> None:
    for task_id, to in [("t1", TaskStatus.CANCELLED), ("t2", TaskStatus.FAILED)]:
        append(store, submitted(task_id), e.TaskMoved(task_id=task_id, to=to))
    append(store, submitted("t3"), e.TaskMoved(task_id="t3", to=TaskStatus.FAILED), e.TaskDeleted(task_id="t3", by="a"))
    append(store, submitted("t4", runtime=Runtime.ATTACHED))
    assert order(store) == []


def test_without_a_process_nothing_can_start(store: Store) -> None:
    append(store, submitted("t1"))
    (one,) = queue(store).waiting
    assert (one.reason, one.words) == (Reason.NOBODY, "No engine process works; it starts when one does.")


def test_the_machine_is_full(store: Store) -> None:
    machine(store, places=2)
    for task_id in ("w1", "t1", "t2"):
        append(store, submitted(task_id))
    at_work(store, "w1")
    assert reasons(store) == {
        "t1": "A place is free: it starts in a moment.",
        "t2": "The free places go to what is ahead of it.",
    }
    at_work(store, "t1")
    assert reasons(store) == {"t2": "All 2 places of this machine are taken."}
    (share,) = queue(store).machines
    assert (share.name, share.taken, share.most, share.full) == ("deck", 2, 2, True)
    machine(store, "raft", 1)
    append(store, submitted("t3"))
    assert [one.reason for one in queue(store).waiting] == [Reason.NEXT, Reason.AHEAD]
    at_work(store, "t2", host="raft")
    assert reasons(store) == {"t3": "All 3 places of 2 machines are taken."}
    limit(store, per_machine=3)
    assert [share.most for share in queue(store).machines] == [3, 3]
    assert queue(store).waiting[0].reason is Reason.NEXT


def test_what_a_lost_process_had_waits_again(store: Store) -> None:
    machine(store, "raft", 1)
    machine(store)
    append(store, submitted("t1"), submitted("t2"))
    at_work(store, "t1", host="raft")
    with store.write() as ledger:
        workers.lose(ledger.connection, "raft-1")
    found = queue(store)
    assert [(share.name, share.taken) for share in found.machines] == [("deck", 0)]
    assert [(one.task_id, one.step, one.reason) for one in found.waiting] == [
        ("t1", "planner", Reason.NEXT),
        ("t2", None, Reason.NEXT),
    ]
    assert found.waiting[0].since > NOW
    with store.write() as ledger:
        workers.lose(ledger.connection, "deck-1")
    assert {one.reason for one in queue(store).waiting} == {Reason.NOBODY}


def test_a_person_has_as_many_agents_as_one_may(store: Store) -> None:
    machine(store, places=9)
    limit(store, per_user=2)
    for task_id in ("w1", "t1", "t2"):
        append(store, submitted(task_id))
    append(store, submitted("b1", by="bo"))
    at_work(store, "w1")
    assert reasons(store) == {
        "t1": "A place is free: it starts in a moment.",
        "t2": "One person may have 2 agents at work, and an earlier step of ana goes first.",
        "b1": "A place is free: it starts in a moment.",
    }
    at_work(store, "t1")
    assert reasons(store)["t2"] == "ana has 2 of 2 agents at work."
    assert [(share.name, share.taken, share.most) for share in queue(store).users] == [("ana", 2, 2), ("bo", 0, 2)]


def test_the_whole_fleet_is_full(store: Store) -> None:
    machine(store, places=9)
    limit(store, in_all=1)
    append(store, submitted("w1"), submitted("t1"))
    assert [one.reason for one in queue(store).waiting] == [Reason.NEXT, Reason.AHEAD]
    at_work(store, "w1")
    assert reasons(store) == {"t1": "1 of 1 agents of the fleet work."}
    limit(store, in_all=2)
    assert queue(store).waiting[0].reason is Reason.NEXT


def test_what_waits_for_a_person_stands_beside_the_queue(store: Store) -> None:
    machine(store)
    append(store, submitted("t1"), submitted("t2"), submitted("t3"))
    at_work(store, "t1")
    why = 'Budget "Daily" is used up: $10.02 of $10.00 this day. Raise it and resume, or keep the task paused.'
    append(store, e.TaskMoved(task_id="t2", to=TaskStatus.PAUSED, why=why, by="budget"), at=NOW + MINUTE)
    asked = e.ApprovalAsked(
        task_id="t1",
        agent_id="t1-planner",
        approval_id="q1",
        tool="Bash",
        words="pytest",
        input_blob="b",
        why="",
        expires_at=NOW,
    )
    append(store, asked, at=NOW + MINUTE)
    found = queue(store)
    assert [one.task_id for one in found.waiting] == ["t3"]
    question, paused = found.held
    assert (question.task_id, question.step, question.reason) == ("t1", "planner", Reason.ANSWER)
    assert (question.words, question.position) == ("Waits for your answer: Bash.", None)
    assert (paused.task_id, paused.reason, paused.words) == ("t2", Reason.PAUSED, why)
    assert paused.since == NOW + MINUTE
    assert found.of_task("t3") == found.waiting[0]
    assert found.of_task("t2") is None


def test_a_thousand_waiting_tasks_take_no_more_questions_than_one(store: Store) -> None:
    machine(store, places=20)
    append(store, *(submitted(f"t{n:04}", by=f"u{n % 7}", priority=list(Priority)[n % 4]) for n in range(1_000)))
    for number in range(20):
        at_work(store, f"t{number:04}")
        done(store, f"t{number:04}", "planner", NOW)
    asked = itertools.count()

    def count(*_: object) -> None:
        next(asked)

    sa.event.listen(store.reader, "after_cursor_execute", count)
    found = queue(store)
    sa.event.remove(store.reader, "after_cursor_execute", count)
    assert len(found.waiting) == 980 + 2 * 20
    ranks = [one.priority.rank for one in found.waiting]
    assert ranks == sorted(ranks)
    assert next(asked) <= 10


def test_places_are_said_as_people_say_them() -> None:
    said = [ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 22, 103, 111)]
    assert said == ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "103rd", "111th"]
