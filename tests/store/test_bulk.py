"""Many events at once leave the same log and the same rows as one after the other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.domain import events as e
from data.domain.agents import AgentStatus, FileChange, Role, Runtime
from data.domain.errors import AgentNotFound
from data.domain.money import Tokens
from data.domain.tasks import Complexity, TaskType
from data.store import Store, at_once, bulk, telemetry
from data.store import tables as t

NOW = datetime(2026, 11, 24, tzinfo=UTC)
TEAM = {"a1": "t1", "a2": "t1", "a3": "t2"}


def opening() -> list[e.Event]:
    step = e.StepSpec(key="builder", role=Role.BUILDER, scope="Build")
    common: dict[str, Any] = {"task_type": TaskType.CUSTOM, "complexity": Complexity.SIMPLE, "by": "me"}
    common |= {"analyst_included": False, "analyst_reason": "", "workflow": (step,), "runtime": Runtime.ATTACHED}
    tasks = [
        e.TaskSubmitted(task_id=task_id, description="x", working_directory="/", **common)
        for task_id in sorted(set(TEAM.values()))
    ]
    agents: list[e.Event] = [
        e.AgentCreated(
            task_id=task_id, agent_id=agent_id, step="builder", role=Role.BUILDER, name=agent_id, model="m",
            runtime=Runtime.ATTACHED,
        )
        for agent_id, task_id in TEAM.items()
    ]  # fmt: skip
    return [*tasks, *agents]


def event(agent_id: str, kind: int, number: int) -> e.Event:
    ids = {"task_id": TEAM[agent_id], "agent_id": agent_id}
    use = {"tool_use_id": f"u{number}", "tool": "Edit"}
    match kind:
        case 0:
            return e.Activity(**ids, words=f"does {number}")
        case 1:
            return e.ToolCalled(**ids, **use, words=f"edits {number}", input_blob="b")
        case 2:
            return e.ToolReturned(**ids, **use, is_error=False, output_blob="b")
        case 3:
            return e.FileTouched(**ids, path=f"f{number % 3}", change=FileChange.MODIFIED, added=number, removed=1)
        case 4:
            return e.SubagentMoved(**ids, subagent_id="s", to="started", words=str(number))
        case 5:
            return e.Diagnostic(**ids, words=str(number))
        case 6:
            return reply(ids, telemetry.message_id(f"r{number}"), number)
        case 7:
            return reply(ids, f"m{number}", number)
        case 8:
            return e.TotalReported(**ids, session_id="s", total_nanousd=number * 1000)
    return e.AgentMoved(**ids, to=AgentStatus.ACTIVE)


def reply(ids: dict[str, str], message_id: str, number: int) -> e.MessageMetered:
    """Of the same request, whether telemetry tells of it or a transcript."""
    return e.MessageMetered(
        **ids,
        message_id=message_id,
        request_id=f"r{number}",
        model="m",
        tokens=Tokens(input=number, output=10, cache_read=3),
        cost_nanousd=None if number == 3 else number,
        context_window=1000 if number % 2 else None,
        subagent=number == 5,
    )


def rows(store: Store) -> list[list[tuple[Any, ...]]]:
    with store.reader.connect() as db:
        return [[tuple(row) for row in db.execute(sa.select(table).order_by(*table.primary_key))]
                for table in (t.events, t.tasks, t.agents, t.files, t.messages)]  # fmt: skip


told = st.lists(st.tuples(st.sampled_from(sorted(TEAM)), st.integers(0, 8), st.integers(0, 5)), max_size=60)


def moved_once(found: list[tuple[str, int, int]]) -> list[e.Event]:
    """One move in the middle: an event of the other sort."""
    events = [event(*one) for one in found]
    return [*events[: len(events) // 2], event("a1", 9, 0), *events[len(events) // 2 :]]


def check(found: list[tuple[str, int, int]], one: Store, other: Store) -> None:
    dated = [(each, NOW + timedelta(seconds=n)) for n, each in enumerate([*opening(), *moved_once(found)])]
    with one.write() as ledger:
        bulk.append(ledger, [bulk.ready(*each) for each in dated])
        heard = [(entry.id, entry.at, entry.event) for entry in ledger.appended]
    with other.write() as ledger:
        for each, when in dated:
            ledger.append(each, when)
        assert heard == [(entry.id, entry.at, entry.event) for entry in ledger.appended]
    assert rows(one) == rows(other)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(found=told)
def test_any_events_leave_the_same_rows(found: list[tuple[str, int, int]], tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.mktemp("bulk")
    one, other = (Store.open(f"sqlite:///{folder / name}") for name in ("one", "other"))
    check(found, one, other)
    one.close()
    other.close()


def test_so_they_do_on_every_database(store: Store, lite: Store) -> None:
    found = [(agent, kind, number) for number in range(8) for agent in sorted(TEAM) for kind in range(9)]
    check(found, store, lite)


def test_an_agent_that_is_not_there_refuses_them_all(store: Store) -> None:
    with store.write() as ledger:
        bulk.append(ledger, [bulk.ready(each, NOW) for each in opening()])
    before = rows(store)
    nobody = [e.Activity(task_id="t1", agent_id="nobody", words="x"), *(event("a1", 0, n) for n in range(5))]
    with pytest.raises(AgentNotFound), store.write() as ledger:
        bulk.append(ledger, [bulk.ready(each, NOW) for each in nobody])
    assert rows(store) == before


def test_content_is_kept_once(store: Store) -> None:
    def keep(*contents: bytes) -> int:
        """How many of them were news."""
        with store.write() as ledger:
            blobs = bulk.packed(ledger.connection, {bulk.key_of(one): one for one in contents})
            bulk.keep(ledger, blobs)
            bulk.keep(ledger, blobs)  # as when somebody else was faster
            return len(blobs)

    assert [keep(b"one", b"two"), keep(b"two", b"three")] == [2, 1]
    assert [store.blob(bulk.key_of(one)) for one in (b"one", b"two", b"three")] == [b"one", b"two", b"three"]
    many = [b"%d" % number for number in range(2 * at_once.ADDED + 1)]
    assert [keep(*many), keep(*many)] == [len(many), 0]
    assert [store.blob(bulk.key_of(one)) for one in many] == many
