"""Lists and counts over many rows: no page skips or doubles a row, no count is off by one."""

from __future__ import annotations

import base64
import itertools
import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.domain.agents import LIVE, AgentStatus, Role
from data.domain.errors import CursorInvalid
from data.domain.money import Tokens
from data.domain.tasks import TaskStatus
from data.store import AgentFilter, Board, Store, TaskFilter
from data.store import tables as t
from data.store.lists import SORTS
from data.store.rows import ms

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


def row(kind: str, row_id: str, created_ms: int, cost: int, tokens: int) -> dict[str, object]:
    """A row as far as lists look at it."""
    sortable = {"id": row_id, "created_at_ms": created_ms, "cost_nanousd": cost, "tokens_output": tokens, "rev": 1}
    if kind == "agents":
        same = {"task_id": "t", "step": "builder", "role": "builder", "name": "B", "model": "m", "activity": ""}
        return sortable | same | {"status": "active", "runtime": "claude", "simulated": False}
    return sortable | {
        "description": f"do {row_id}",
        "task_type": "bug_fix",
        "status": "pending",
        "complexity": "simple",
        "complexity_reasons": "[]",
        "analyst_choice": "auto",
        "analyst_included": False,
        "analyst_reason": "",
        "working_directory": "/src",
        "runtime": "claude",
        "simulated": False,
        "permission_mode": "default",
        "ai_planner": False,
        "created_by": "me",
    }


def insert(store: Store, kind: str, rows: list[dict[str, object]]) -> None:
    if rows:
        with store.writer.connect() as connection, connection.begin():
            connection.execute(sa.insert(t.metadata.tables[kind]), rows)


def page(store: Store, kind: str, sort: str, limit: int, cursor: str | None) -> tuple[list[str], str | None]:
    with store.read() as board:
        if kind == "tasks":
            found: Any = board.tasks(TaskFilter(sort=sort), limit, cursor)
        else:
            found = board.agents(AgentFilter(sort=sort), limit, cursor)
    return [item.id for item in found.items], found.next_cursor


SORTED = st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5))
"""Few different values, so that many rows are equal in what they are sorted by."""


@pytest.mark.parametrize(("kind", "sort"), list(itertools.product(("tasks", "agents"), SORTS)))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    at_start=st.lists(SORTED, max_size=12),
    arriving=st.lists(st.lists(SORTED, max_size=3), max_size=6),
    limit=st.integers(1, 5),
)
def test_paging_skips_and_doubles_nothing_while_rows_arrive(
    store: Store, kind: str, sort: str, at_start: list[Any], arriving: list[list[Any]], limit: int
) -> None:
    with store.writer.connect() as connection, connection.begin():
        connection.execute(sa.delete(t.metadata.tables[kind]))
    ids = (f"{random.Random(n).getrandbits(64):016x}" for n in itertools.count())
    first = {next(ids): values for values in at_start}
    insert(store, kind, [row(kind, name, *values) for name, values in first.items()])
    seen, cursor = [], None
    for more in itertools.chain(arriving, itertools.repeat([])):
        found, cursor = page(store, kind, sort, limit, cursor)
        assert len(found) == limit or cursor is None
        seen += found
        if cursor is None:
            break
        insert(store, kind, [row(kind, next(ids), *values) for values in more])
    assert len(set(seen)) == len(seen)
    known = [name for name in seen if name in first]
    place = SORTS.index(sort)
    assert known == sorted(first, key=lambda name: (first[name][place], name), reverse=True)


def test_a_page_that_ends_with_the_list_says_so(store: Store) -> None:
    insert(store, "tasks", [row("tasks", f"t{n}", n, 0, 0) for n in range(4)])
    assert page(store, "tasks", "created", 4, None) == (["t3", "t2", "t1", "t0"], None)
    assert page(store, "tasks", "created", 200, None)[1] is None
    found, cursor = page(store, "tasks", "created", 3, None)
    assert found == ["t3", "t2", "t1"]
    assert page(store, "tasks", "created", 3, cursor) == (["t0"], None)


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


FORGED = [
    "garbage",
    "!!!",
    "ünï",
    "x" * 5_000,
    base64.b64encode(b"[" * 60_000).decode(),
    base64.b64encode(b"\xff\xfe").decode(),
    encoded([]),
    encoded({}),
    encoded(None),
    encoded(["created", 1]),
    encoded(["created", 1, "t1", 1]),
    encoded(["cost", 1, "t1"]),
    encoded(["nonsense", 1, "t1"]),
    encoded(["created", "1", "t1"]),
    encoded(["created", True, "t1"]),
    encoded(["created", 1.5, "t1"]),
    encoded(["created", 2**63, "t1"]),
    encoded(["created", 1, None]),
    encoded(["created", 1, "t\x00"]),
    encoded(["created", 1, "\ud800"]),
]


def test_a_cursor_nobody_issued_is_refused(store: Store) -> None:
    for kind, cursor in itertools.product(("tasks", "agents"), FORGED):
        with pytest.raises(CursorInvalid) as caught:
            page(store, kind, "created", 5, cursor)
        assert caught.value.details == {"field": "cursor"}


def test_a_cursor_of_another_sorting_is_refused(lite: Store) -> None:
    insert(lite, "tasks", [row("tasks", f"t{n}", n, n, n) for n in range(3)])
    for one, other in itertools.permutations(SORTS, 2):
        _, cursor = page(lite, "tasks", one, 1, None)
        with pytest.raises(CursorInvalid, match="issued for another sorting"):
            page(lite, "tasks", other, 1, cursor)


# The fleet

HOUR_MS = 3_600_000


def crowd(rng: random.Random, number: int) -> list[dict[str, object]]:
    """Agents of every role and state, created within the last two days."""
    now = ms(NOW)
    return [
        row("agents", f"a{n}", now - rng.randrange(1, 48 * HOUR_MS), 0, 0)
        | {
            "role": rng.choice(list(Role)).value,
            "status": rng.choice(list(AgentStatus)).value,
            "simulated": rng.random() < 0.3,
        }
        for n in range(number)
    ]


def replies(rng: random.Random, number: int) -> list[dict[str, object]]:
    now = ms(NOW)
    kinds = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")
    return [
        {
            "message_id": f"m{n}",
            "request_id": "",
            "task_id": "t",
            "agent_id": "a",
            "model": "m",
            "at_ms": now - rng.randrange(1, 36 * HOUR_MS),
            "cost_nanousd": rng.choice([None, rng.randrange(10**9), rng.randrange(10**9)]),
            "simulated": rng.random() < 0.3,
            "subagent": False,
            "rev": n + 1,
            **{f"tokens_{kind}": rng.randrange(10**6) for kind in kinds},
        }
        for n in range(number)
    ]


def works(rng: random.Random, number: int) -> list[dict[str, object]]:
    now = ms(NOW)
    return [
        row("tasks", f"t{n}", now - rng.randrange(1, 240 * HOUR_MS), 0, 0)
        | {
            "status": rng.choice(list(TaskStatus)).value,
            "analyst_included": rng.random() < 0.4,
            "analyst_by": rng.choice(["nobody", "rule", "person"]),
            "deleted_at_ms": now if rng.random() < 0.2 else None,
        }
        for n in range(number)
    ]


def by_hour(found: list[tuple[Any, Any]]) -> list[int]:
    out = [0] * 24
    for at_ms, value in found:
        if ms(NOW) - at_ms < 24 * HOUR_MS:
            out[23 - (ms(NOW) - at_ms - 1) // HOUR_MS] += value
    return out


def check_agents(board: Board, found: list[Any]) -> None:
    fleet = board.fleet(NOW)
    there = [a for a in found if a["status"] != "deleted"]
    assert fleet.agents == len(there)
    assert fleet.by_status == Counter(a["status"] for a in there)
    assert fleet.by_role == Counter(a["role"] for a in there if AgentStatus(a["status"]) in LIVE)
    assert fleet.starts_by_hour == by_hour([(a["created_at_ms"], 1) for a in found if not a["simulated"]])


def check_money(board: Board, found: list[Any]) -> None:
    fleet = board.fleet(NOW)
    midnight = ms(NOW.replace(hour=0, minute=0))
    today = [m for m in found if m["at_ms"] >= midnight]
    real = [m for m in today if not m["simulated"]]
    assert fleet.today_nanousd == sum(m["cost_nanousd"] or 0 for m in real)
    assert fleet.today_unpriced == sum(m["cost_nanousd"] is None for m in real)
    assert fleet.simulated_today_nanousd == sum(m["cost_nanousd"] or 0 for m in today if m["simulated"])
    kinds = fleet.today_tokens.as_dict()
    assert kinds == {kind: sum(m[f"tokens_{kind}"] for m in real) for kind in kinds}
    spent = [(m["at_ms"], m["cost_nanousd"] or 0) for m in found if not m["simulated"]]
    assert fleet.spend_by_hour == by_hour(spent)


def check_tasks(board: Board, found: list[Any]) -> None:
    fleet = board.fleet(NOW)
    there = [w for w in found if w["deleted_at_ms"] is None]
    week = [w for w in there if w["created_at_ms"] >= ms(NOW - timedelta(days=7))]
    running = {"pending", "in_progress", "waiting", "paused"}
    assert fleet.running_tasks == sum(w["status"] in running for w in there)
    assert fleet.tasks_7d == len(week)
    assert fleet.completed_7d == sum(w["status"] == "completed" for w in week)
    assert fleet.failed_7d == sum(w["status"] == "failed" for w in week)
    assert fleet.analyst_in_7d == sum(w["analyst_included"] for w in week)
    assert fleet.analyst_asked_7d == sum(w["analyst_included"] or w["analyst_by"] != "nobody" for w in week)


def test_the_fleet_of_a_thousand_agents_is_counted_right(store: Store) -> None:
    rng = random.Random(3)
    found = crowd(rng, 1_000), replies(rng, 1_000), works(rng, 300)
    for kind, rows in zip(("agents", "messages", "tasks"), found, strict=True):
        insert(store, kind, rows)
    with store.read() as board:
        check_agents(board, found[0])
        check_money(board, found[1])
        check_tasks(board, found[2])


def test_an_empty_fleet_has_zeros_and_no_gaps(store: Store) -> None:
    with store.read() as board:
        fleet = board.fleet(NOW)
        assert (board.clock(), board.past_tasks(simulated=False), board.running_tasks(), board.tasks().items) == (
            0,
            [],
            [],
            [],
        )
    assert (fleet.agents, fleet.by_status, fleet.today_nanousd, fleet.today_tokens) == (0, {}, 0, Tokens())
    assert fleet.spend_by_hour == fleet.starts_by_hour == [0] * 24
