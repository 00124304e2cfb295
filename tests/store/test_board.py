"""The lists and counts by which a fleet is watched: what is listed, what changed, what is gone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from data.domain import events as e
from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.assignment import AssignedBy
from data.domain.errors import AgentNotFound, BlobNotFound, TaskNotFound
from data.domain.outcomes import Verdict
from data.domain.tasks import TaskStatus, TaskType
from data.domain.workflows import StepStatus
from data.store import AgentFilter, Store, TaskFilter
from data.store import tables as t
from data.store.rows import ms
from tests.events import submitted

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


def created(agent_id: str, task_id: str, **more: object) -> e.AgentCreated:
    values: dict[str, object] = {
        "task_id": task_id,
        "agent_id": agent_id,
        "step": "builder",
        "role": Role.BUILDER,
        "name": "Builder",
        "model": "m",
        "runtime": Runtime.CLAUDE,
    }
    return e.AgentCreated.model_validate(values | more)


def append(store: Store, *events: e.Event, at: datetime = NOW) -> None:
    with store.write() as ledger:
        for event in events:
            ledger.append(event, at)


def moved(task_id: str, *states: str) -> list[e.Event]:
    return [e.TaskMoved(task_id=task_id, to=TaskStatus(state)) for state in states]


def agent_moved(agent_id: str, task_id: str, *states: str) -> list[e.Event]:
    return [e.AgentMoved(task_id=task_id, agent_id=agent_id, to=AgentStatus(state)) for state in states]


def tasks(store: Store, **wanted: Any) -> set[str]:
    with store.read() as board:
        return {task.id for task in board.tasks(TaskFilter(**wanted)).items}


def agents(store: Store, **wanted: Any) -> set[str]:
    with store.read() as board:
        return {agent.id for agent in board.agents(AgentFilter(**wanted)).items}


# Filters


@pytest.fixture
def mixed(store: Store) -> Store:
    """Tasks t1 to t4 and agents a1 to a4 that differ in everything a list can be filtered by."""
    day = timedelta(days=1)
    append(store, submitted("t1"), created("a1", "t1"), at=NOW - 3 * day)
    append(
        store,
        submitted("t2", task_type=TaskType.TESTING, analyst_included=True),
        created("a2", "t2", role=Role.TESTER),
        *moved("t2", "in_progress"),
        *agent_moved("a2", "t2", "active"),
        at=NOW - 2 * day,
    )
    append(
        store,
        submitted("t3", runtime=Runtime.DEMO, analyst_by=AssignedBy.LOTTERY, analyst_percent=50),
        created("a3", "t3", runtime=Runtime.DEMO),
        *moved("t3", "in_progress", "completed"),
        e.OutcomeRecorded(task_id="t3", values={"score": 5}, by="ana"),
        *agent_moved("a3", "t3", "active", "completed"),
        at=NOW - day,
    )
    append(store, submitted("t4"), created("a4", "t4"), *moved("t4", "failed"), *agent_moved("a4", "t4", "failed"))
    with store.writer.connect() as connection, connection.begin():
        archived = sa.update(t.tasks).where(t.tasks.c.id == "t4")
        connection.execute(archived.values(archived_at_ms=ms(NOW)))
    return store


TASKS: list[tuple[dict[str, Any], set[str]]] = [
    ({}, {"t1", "t2", "t3"}),
    ({"archived": True}, {"t4"}),
    ({"status": TaskStatus.PENDING}, {"t1"}),
    ({"status": TaskStatus.IN_PROGRESS}, {"t2"}),
    ({"status": TaskStatus.COMPLETED}, {"t3"}),
    ({"status": TaskStatus.FAILED}, set()),
    ({"status": TaskStatus.FAILED, "archived": True}, {"t4"}),
    ({"task_type": TaskType.TESTING}, {"t2"}),
    ({"analyst": True}, {"t2"}),
    ({"analyst": False}, {"t1", "t3"}),
    ({"analyst_by": AssignedBy.RULE}, {"t1", "t2"}),
    ({"analyst_by": AssignedBy.LOTTERY}, {"t3"}),
    ({"outcome": Verdict.GOOD}, {"t3"}),
    ({"outcome": Verdict.UNKNOWN}, {"t1", "t2"}),
    ({"outcome": Verdict.NOT_GOOD}, set()),
    ({"outcome": Verdict.NOT_GOOD, "archived": True}, {"t4"}),
    ({"runtime": Runtime.DEMO}, {"t3"}),
    ({"runtime": Runtime.CLAUDE}, {"t1", "t2"}),
    ({"since": NOW - timedelta(days=2)}, {"t2", "t3"}),
    ({"until": NOW - timedelta(days=2)}, {"t1"}),
    ({"since": NOW - timedelta(days=3), "until": NOW - timedelta(days=1)}, {"t1", "t2"}),
    ({"text": "do t1"}, {"t1"}),
    ({"text": "DO T1"}, {"t1"}),
    ({"text": "nothing like it"}, set()),
    ({"task_type": TaskType.BUG_FIX, "runtime": Runtime.DEMO, "analyst": False, "text": "t3"}, {"t3"}),
]


def test_each_filter_of_tasks(mixed: Store) -> None:
    assert [(wanted, tasks(mixed, **wanted)) for wanted, _ in TASKS] == TASKS


AGENTS: list[tuple[dict[str, Any], set[str]]] = [
    ({}, {"a1", "a2", "a3", "a4"}),
    ({"status": AgentStatus.IDLE}, {"a1"}),
    ({"status": AgentStatus.ACTIVE}, {"a2"}),
    ({"status": AgentStatus.FAILED}, {"a4"}),
    ({"role": Role.TESTER}, {"a2"}),
    ({"task_id": "t3"}, {"a3"}),
    ({"task_id": "no such task"}, set()),
    ({"runtime": Runtime.DEMO}, {"a3"}),
    ({"live": True}, {"a1", "a2"}),
    ({"live": False}, {"a3", "a4"}),
    ({"live": True, "role": Role.BUILDER}, {"a1"}),
]


def test_each_filter_of_agents(mixed: Store) -> None:
    assert [(wanted, agents(mixed, **wanted)) for wanted, _ in AGENTS] == AGENTS


ODD = {
    "percent": "raise it by 100% at once",
    "underscore": "rename user_id everywhere",
    "bang": "it works! really",
    "quotes": 'say "don\'t" and `stop`',
    "backslash": r"paths like C:\temp\new",
    "semicolon": "drop'; delete from tasks; --",
    "brackets": "match [a-z]* and (b|c)?",
    "umlaut": "Größe der Übersicht",
    "lines": "first line\nsecond line",
    "plain": "raise it by 1000 at once, rename userXid, it works 1 really",
}


FOUND: list[tuple[str, set[str]]] = [
    ("100%", {"percent"}),
    ("%", {"percent"}),
    ("user_id", {"underscore"}),
    ("_", {"underscore"}),
    ("works!", {"bang"}),
    ("!", {"bang"}),
    ("!%", set()),
    ("don't", {"quotes"}),
    ('"don', {"quotes"}),
    ("`", {"quotes"}),
    ("\\", {"backslash"}),
    ("C:\\temp\\", {"backslash"}),
    ("'; delete from tasks; --", {"semicolon"}),
    ("[a-z]*", {"brackets"}),
    ("Größe", {"umlaut"}),
    ("line\nsecond", {"lines"}),
    ("RAISE IT", {"percent", "plain"}),
]


def test_text_is_found_as_it_stands(store: Store) -> None:
    append(store, *(submitted(name, description=description) for name, description in ODD.items()))
    assert [(text, tasks(store, text=text)) for text, _ in FOUND] == FOUND
    assert len(tasks(store)) == len(ODD)


# What changed, and what is gone


def test_what_changed_after_a_clock(store: Store) -> None:
    append(store, submitted("t1"), created("a1", "t1"), submitted("t2"), created("a2", "t2"))
    with store.read() as board:
        clock = board.clock()
        assert (board.changed_agents(clock), board.changed_tasks(clock)) == ([], [])
    append(store, e.Activity(task_id="t1", agent_id="a1", words="reading"))
    with store.read() as board:
        assert [(a.id, a.activity) for a in board.changed_agents(clock)] == [("a1", "reading")]
        assert board.changed_tasks(clock) == []
        clock = board.clock()
    append(store, *moved("t2", "failed"))
    with store.read() as board:
        assert [task.id for task in board.changed_tasks(clock)] == ["t2"]
        assert board.changed_agents(clock) == []
        assert {task.id for task in board.changed_tasks(0)} == {"t1", "t2"}


def test_deleted_ones_are_nowhere(store: Store) -> None:
    append(store, submitted("t1", working_directory="/secret"), created("a1", "t1"))
    append(store, submitted("t2"), created("a2", "t2"), created("a3", "t2"))
    append(store, *agent_moved("a1", "t1", "failed"), *agent_moved("a3", "t2", "failed", "deleted"))
    append(store, *moved("t1", "failed"), e.TaskDeleted(task_id="t1", by="me"))
    with store.read() as board:
        with pytest.raises(TaskNotFound):
            board.task("t1")
        for gone in ("a1", "a3"):
            with pytest.raises(AgentNotFound):
                board.agent(gone)
        assert [task.id for task in board.running_tasks()] == ["t2"]
        assert [task.id for task in board.changed_tasks(0)] == ["t2"]
        assert {a.id: a.status for a in board.changed_agents(0)} == {
            "a1": AgentStatus.DELETED,
            "a2": AgentStatus.IDLE,
            "a3": AgentStatus.DELETED,
        }
        fleet = board.fleet(NOW)
        assert board.working_directories() == ["/src"]
    assert (tasks(store), agents(store), agents(store, live=False)) == ({"t2"}, {"a2"}, set())
    assert (fleet.agents, fleet.by_status, fleet.tasks_7d, fleet.failed_7d) == (1, {"idle": 1}, 1, 0)


def test_text_that_no_database_takes_finds_nothing(store: Store) -> None:
    append(store, submitted("t1"), created("a1", "t1"))
    for odd in ("nul\x00", "half an emoji \ud83d"):
        with store.read() as board:
            with pytest.raises(TaskNotFound):
                board.task(odd)
            with pytest.raises(AgentNotFound):
                board.agent(odd)
            with pytest.raises(BlobNotFound):
                board.blob(odd)
            assert board.step_times(odd) == []
            assert board.events(task_id=odd) == board.events(agent_id=odd) == []
            assert board.messages(odd) == []
        assert (tasks(store, text=odd), agents(store, task_id=odd)) == (set(), set())


def test_when_each_step_ran(store: Store) -> None:
    steps = tuple(e.StepSpec(key=key, role=Role.BUILDER, scope="x") for key in ("one", "two", "three"))
    append(store, submitted("t1", workflow=steps))
    for minutes, (key, to) in enumerate(
        [("one", "active"), ("one", "completed"), ("two", "active"), ("two", "failed"), ("three", "skipped")]
    ):
        event = e.StepMoved(task_id="t1", step=key, to=StepStatus(to), why=f"{key} {to}")
        append(store, event, at=NOW + timedelta(minutes=minutes))
    with store.read() as board:
        assert board.step_times("no such task") == []
        times = board.step_times("t1")
    assert [(s.key, s.why) for s in times] == [
        ("one", "one completed"),
        ("two", "two failed"),
        ("three", "three skipped"),
    ]
    assert [s.started_at for s in times] == [NOW, NOW + timedelta(minutes=2), None]
    assert [s.ended_at for s in times] == [NOW + timedelta(minutes=n) for n in (1, 3, 4)]


def test_folders_that_were_worked_in_come_back_latest_first(store: Store) -> None:
    for number, folder in enumerate(["/a", "/b", "/a", "/c"]):
        append(store, submitted(f"t{number}", working_directory=folder), at=NOW + timedelta(minutes=number))
    append(store, submitted("demo", working_directory="/scratch", runtime=Runtime.DEMO))
    with store.read() as board:
        assert board.working_directories() == ["/c", "/a", "/b"]
        assert board.working_directories(limit=1) == ["/c"]


def test_one_look_is_one_moment(store: Store) -> None:
    """Two questions of the same look agree, whatever is committed between them."""
    append(store, submitted("t1"))
    with store.read() as board:
        before = board.clock()
        append(store, submitted("t2"))
        assert board.clock() == before
        assert [task.id for task in board.running_tasks()] == ["t1"]


def test_the_clock_of_many_pages_knows_what_this_process_wrote_at_once_and_others_soon(
    store: Store, eventually: Callable[..., None]
) -> None:
    before = store.clock()
    append(store, submitted("t1"))
    assert store.clock() == before + 1
    other = Store(store.url.render_as_string(hide_password=False))
    append(other, submitted("t2"))
    other.close()
    eventually(lambda: store.clock() == before + 2)
