"""What did not change is not read again, and what changed is never shown as it was."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from contextlib import contextmanager

import sqlalchemy as sa

from data.domain import events as e
from data.domain.agents import AgentStatus, FileChange
from data.domain.workflows import StepStatus
from data.store import AgentFilter, Store
from data.store.known import Values
from tests.store.test_board import agent_moved, append, created, moved, submitted

MANY = 20


@contextmanager
def asked(store: Store) -> Iterator[list[tuple[str, int]]]:
    """The tables that are read meanwhile, each with how many values its question holds."""
    out: list[tuple[str, int]] = []

    def note(_connection: object, _cursor: object, statement: str, given: Sized, *_: object) -> None:
        if "FROM " in statement:
            out.append((statement.partition("FROM ")[2].split()[0], len(given)))

    sa.event.listen(store.reader, "before_cursor_execute", note)
    try:
        yield out
    finally:
        sa.event.remove(store.reader, "before_cursor_execute", note)


def filled(store: Store) -> None:
    for number in range(MANY):
        ids = {"task_id": f"t{number}", "agent_id": f"a{number}"}
        append(store, submitted(ids["task_id"]), *moved(ids["task_id"], "in_progress"))
        append(store, created(ids["agent_id"], ids["task_id"]), *agent_moved(*reversed(ids.values()), "active"))
        append(store, e.FileTouched(**ids, path="/one", change=FileChange.MODIFIED))


def test_steps_and_files_of_a_list_are_read_once_and_then_only_of_what_changed(store: Store):
    filled(store)
    with store.read() as board:
        before = board.tasks().items
    with asked(store) as again, store.read() as board:
        assert board.tasks().items == before
    assert [table for table, _ in again] == ["tasks"]
    append(store, e.StepMoved(task_id="t7", step="builder", to=StepStatus.ACTIVE))
    with asked(store) as changed, store.read() as board:
        now = {task.id: task for task in board.tasks().items}
    assert now["t7"].workflow[0].status is StepStatus.ACTIVE
    assert [now[task.id] for task in before if task.id != "t7"] == [task for task in before if task.id != "t7"]
    assert changed[1:] == [("steps", 1), ("files", 1), ("agents", 2)]  # of one task: its steps, its files, its analysts


def test_files_of_agents_are_read_once_and_then_only_of_what_changed(store: Store):
    filled(store)
    with store.read() as board:
        board.agents(AgentFilter(live=True))
    touched = e.FileTouched(task_id="t3", agent_id="a3", path="/two", change=FileChange.CREATED)
    append(store, touched)
    with asked(store) as changed, store.read() as board:
        now = {agent.id: agent.files for agent in board.agents(AgentFilter(live=True)).items}
    assert now["a3"] == {"modified": ["/one"], "created": ["/two"]}
    assert now["a4"] == {"modified": ["/one"]}
    assert changed[1:] == [("files", 1)]


def test_a_look_that_began_before_a_change_sees_what_was(store: Store):
    append(store, submitted("t1"), *moved("t1", "in_progress"), created("a1", "t1"))
    with store.read() as early:
        before = early.agent("a1")
        append(store, *agent_moved("a1", "t1", "active"))
        with store.read() as late:
            assert late.agent("a1").status is AgentStatus.ACTIVE
        assert early.agent("a1") == before
    with store.read() as late:
        assert late.agent("a1").status is AgentStatus.ACTIVE


def test_what_is_not_committed_is_known_to_nobody(store: Store):
    append(store, submitted("t1"))

    class Never(Exception):
        """Ends the transaction."""

    try:
        with store.write() as ledger:
            ledger.append(moved("t1", "in_progress")[0])
            raise Never
    except Never:
        pass
    append(store, e.TaskDescribed(task_id="t1", description="other"))
    with store.read() as board:
        found = board.task("t1")
    assert (found.status, found.description) == ("pending", "other")


def test_only_the_values_used_last_are_kept():
    values: Values[str] = Values(most=2)
    made: list[str] = []

    def make(rows: list[dict[str, object]]) -> list[str]:
        made.extend(str(row["id"]) for row in rows)
        return [f"{row['id']}{row['rev']}" for row in rows]

    one, two, three = ({"id": name, "rev": 1} for name in "abc")
    assert values.of([one, two], make) == ["a1", "b1"]
    assert values.of([one], make) == ["a1"]
    assert values.of([three], make) == ["c1"]
    assert values.of([one, two], make) == ["a1", "b1"]
    assert made == ["a", "b", "c", "b"]
    assert values.of([one | {"rev": 2}], make) == ["a2"]
