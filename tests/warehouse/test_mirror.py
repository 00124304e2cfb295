"""The mirror holds what the store holds, whatever happened in between, and comes back by itself."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.domain import events as e
from data.domain.money import Tokens
from data.store import Store
from data.store import tables as t
from data.warehouse import Reader, Warehouse, queries
from data.warehouse.mirror import Mirror, _Fill
from orchestrator_adapter.kept import Kept
from tests.warehouse import histories

SHARES = """
select a.id, tool, sum(calls), sum(s.cost_nanousd) from shares s join agents a on a.no = s.agent_no group by all
"""
KINDS = ("tokens_input", "tokens_output", "tokens_cache_read", "tokens_cache_write_5m", "tokens_cache_write_1h")


@pytest.fixture
def mirror(store: Store, tmp_path: Path) -> Iterator[Mirror]:
    opened = Mirror(store, tmp_path / "warehouse")
    yield opened
    opened.close()


def ask(mirror: Mirror, sql: str) -> list[tuple[object, ...]]:
    mirror.fill()
    with mirror.cursor() as cursor:
        return cursor.execute(sql).fetchall()


def asked(reader: Reader, sql: str) -> list[tuple[object, ...]]:
    return reader.cursor.execute(sql).fetchall()


def messages(store: Store) -> list[sa.RowMapping]:
    with store.read() as board:
        return list(board.connection.execute(sa.select(t.messages)).mappings())


def usage(mirror: Mirror) -> dict[tuple[object, ...], tuple[object, ...]]:
    found = ask(
        mirror,
        "select a.id, quarter, u.simulated, sum(replies), sum(unpriced), sum(tokens_input), sum(tokens_output), "
        "sum(tokens_cache_read), sum(tokens_cache_write_5m), sum(tokens_cache_write_1h), sum(cost_nanousd) "
        "from usage u left join agents a on a.no = u.agent_no group by all having sum(replies) <> 0",
    )
    return {row[:3]: row[3:] for row in found}


def expected_usage(store: Store) -> dict[tuple[object, ...], tuple[object, ...]]:
    out: dict[tuple[object, ...], list[int]] = {}
    for row in messages(store):
        cell = out.setdefault((row["agent_id"], row["at_ms"] // 900_000, row["simulated"]), [0] * 8)
        cell[0] += 1
        cell[1] += row["cost_nanousd"] is None
        for place, name in enumerate(KINDS, 2):
            cell[place] += row[name]
        cell[7] += row["cost_nanousd"] or 0
    return {key: tuple(cell) for key, cell in out.items()}


def expected_shares(store: Store) -> dict[tuple[str, str], tuple[int, int]]:
    """Calls and cost by agent and tool: a reply's cost is parted among its calls, without a rest."""
    with store.read() as board:
        found = board.events(limit=10_000)
    called: dict[tuple[str, str], Counter[str]] = {}
    for entry in found:
        if isinstance(entry.event, e.ToolCalled):
            key = (entry.event.agent_id, entry.event.message_id)
            called.setdefault(key, Counter())[entry.event.tool] += 1
    out: dict[tuple[str, str], tuple[int, int]] = {}
    for row in messages(store):
        tools = called.get((row["agent_id"], row["message_id"]), Counter())
        before, cost = 0, row["cost_nanousd"] or 0
        for tool in sorted(tools):
            part = cost * (before + tools[tool]) // tools.total() - cost * before // tools.total()
            had = out.get((row["agent_id"], tool), (0, 0))
            out[row["agent_id"], tool] = (had[0] + tools[tool], had[1] + part)
            before += tools[tool]
    return out


def assert_same(store: Store, mirror: Mirror) -> None:
    assert usage(mirror) == expected_usage(store)
    shares = ask(mirror, SHARES)
    assert {row[:2]: row[2:] for row in shares} == expected_shares(store)
    with store.read() as board:
        rows = board.connection.execute(sa.select(t.tasks.c.id, t.tasks.c.status, t.tasks.c.deleted_at_ms)).all()
    assert sorted(ask(mirror, "select id, status, deleted_at_ms from tasks")) == sorted(map(tuple, rows))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=histories.steps, then=st.lists(histories.steps, max_size=3))
def test_any_history_is_mirrored_exactly(tmp_path_factory, first, then):
    home = tmp_path_factory.mktemp("history")
    store = Store.open(f"sqlite:///{home / 'store.sqlite'}")
    mirror = Mirror(store, home / "warehouse")
    try:
        histories.begin(store)
        histories.play(store, first)
        assert_same(store, mirror)
        for more in then:
            histories.play(store, more)
            assert_same(store, mirror)
    finally:
        mirror.close()
        store.close()


HISTORY = [
    histories.Reply(
        0, 1, "a", histories.MODELS[0], Tokens(10, 20, 30, 40, 50), 123_456_789, 5, ("Read", "Bash"), False
    ),
    histories.Reply(0, 2, "", histories.MODELS[3], Tokens(1, 2, 3, 4, 5), None, 6, (), False),
    histories.Reply(3, 3, "b", histories.MODELS[1], Tokens(7, 7, 7, 7, 7), 5, 700, ("Edit",), True),
    histories.Reply(5, 4, "a", histories.MODELS[1], Tokens(9, 9, 9, 9, 9), 77, 900, (), False),
]
COSTS = [reply.cost or 0 for reply in HISTORY]


def test_both_databases_are_mirrored(store, mirror):
    histories.begin(store)
    histories.play(store, HISTORY)
    assert_same(store, mirror)
    larger = histories.Reply(0, 2, "b", histories.MODELS[0], Tokens(1, 99, 3, 4, 5), 44, 6, ("Bash",), False)
    same_request = histories.Reply(3, 9, "", histories.MODELS[0], Tokens(5, 5, 5, 5, 5), 9, 60, (), False)
    histories.play(store, [larger, same_request, histories.Deletion(2)])
    assert_same(store, mirror)
    (row,) = ask(mirror, "select description, analyst_reason, folder, created_by from tasks where id = 't0'")
    assert row == ('Say "0", please\nand more', "a person, or 'nobody'", "/src/0", "bob")


def test_a_first_fill_that_fails_leaves_the_connection_to_the_store_free(store):
    histories.begin(store)
    with duckdb.connect() as writer, store.read() as board:
        for statement in queries.named("schema").values():
            writer.execute(statement)
        writer.execute("alter table tasks drop column folder")
        with pytest.raises(duckdb.Error) as raised:
            _Fill(writer, first=True).run(board, 0)
        assert "tasks" in str(raised.value)
        assert board.clock() > 0


def test_what_does_not_matter_to_questions_is_no_new_version(store, mirror):
    histories.begin(store)
    before = mirror.fill()
    with store.write() as ledger:
        ledger.append(e.Activity(task_id="t0", agent_id="a0", words="reading"))
    after = mirror.fill()
    assert (after.clock, after.version) == (before.clock + 1, before.version)
    histories.play(store, HISTORY[:1])
    assert mirror.fill().version > after.version


def test_a_later_process_goes_on_with_the_file(store, mirror, tmp_path):
    histories.begin(store)
    mirror.fill()
    (left,) = (tmp_path / "warehouse" / "0").glob("*.duckdb")
    mirror.close()
    histories.play(store, HISTORY)
    again = Mirror(store, tmp_path / "warehouse")
    assert_same(store, again)
    assert [left] == list((tmp_path / "warehouse" / "0").glob("*.duckdb"))
    assert again.health().rebuilt == 0
    again.close()


def test_processes_have_a_file_each(store, mirror, tmp_path):
    histories.begin(store)
    other = Mirror(store, tmp_path / "warehouse")
    for one in (mirror, other):
        assert_same(store, one)
    assert sorted(path.name for path in (tmp_path / "warehouse").iterdir()) == ["0", "1"]
    other.close()


@pytest.mark.parametrize("harm", ["cut", "overwritten", "not a database", "emptied"])
def test_a_damaged_file_is_made_anew(lite, tmp_path, harm):
    histories.begin(lite)
    histories.play(lite, HISTORY)
    mirror = Mirror(lite, tmp_path / "warehouse")
    assert_same(lite, mirror)
    mirror.close()
    (path,) = (tmp_path / "warehouse" / "0").glob("*.duckdb")
    content = path.read_bytes()
    harmed = {
        "cut": content[: len(content) // 2],
        "overwritten": content[:5_000] + b"\xff" * (len(content) - 5_000),
        "not a database": b"hello" * 5_000,
        "emptied": b"",
    }
    path.write_bytes(harmed[harm])
    again = Warehouse(lite, tmp_path / "warehouse", Kept())
    assert sum(row[0] for row in again.ask(asked, "select cost_nanousd from usage")) == sum(COSTS)
    assert_same(lite, again.mirror)
    health = again.health()
    assert not health.in_memory
    if harm != "emptied":  # an empty file is no damage: it is a new database
        assert health.rebuilt == 1
        assert health.why
    again.close()


def test_a_file_of_another_store_or_version_is_made_anew(lite, tmp_path):
    histories.begin(lite)
    histories.play(lite, HISTORY)
    mirror = Mirror(lite, tmp_path / "warehouse")
    mirror.fill()
    mirror.close()
    other = Store.open(f"sqlite:///{tmp_path / 'other.sqlite'}")
    histories.begin(other)
    histories.play(other, HISTORY[1:] + HISTORY[:1])
    mirror = Mirror(other, tmp_path / "warehouse")
    assert_same(other, mirror)
    with mirror.cursor() as cursor:
        cursor.execute("update meta set value = 'of long ago' where name = 'schema'")
    mirror.close()
    mirror = Mirror(other, tmp_path / "warehouse")
    assert_same(other, mirror)
    mirror.close()
    other.close()


FILLS = """
import sys
from pathlib import Path
from data.store import Store
from data.warehouse.mirror import Mirror
store = Store.open(sys.argv[1])
mirror = Mirror(store, Path(sys.argv[2]))
print("fills", flush=True)
mirror.fill()
print("filled", flush=True)
sys.stdin.read()
"""


def many(store: Store, number: int) -> None:
    """Replies by the thousand, written past the ledger as an import would."""
    rows = [
        {"message_id": f"x{at}", "request_id": "", "task_id": "t0", "agent_id": "a0", "model": "claude-opus-5-5"}
        | {"at_ms": 1_790_000_000_000 + at * 1_000, "cost_nanousd": at, "simulated": False, "subagent": False, "rev": 1}
        for at in range(number)
    ]
    with store.write() as ledger:
        ledger.connection.execute(sa.insert(t.messages), rows)


@pytest.mark.parametrize("delay", [0.05, 0.2])
def test_a_kill_while_it_fills_loses_nothing(lite, tmp_path, delay):
    histories.begin(lite)
    many(lite, 60_000)
    process = subprocess.Popen(
        [sys.executable, "-c", FILLS, str(lite.url), str(tmp_path / "warehouse")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "fills\n"
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=delay)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    mirror = Mirror(lite, tmp_path / "warehouse")
    assert usage(mirror) == expected_usage(lite)
    mirror.close()


FULL = """
import resource, signal, sys
from pathlib import Path
from data.store import Store
from data.warehouse.mirror import Mirror
store = Store.open(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
mirror = Mirror(store, Path(sys.argv[2]))
mirror.fill()
with mirror.cursor() as cursor:
    print(cursor.execute("select sum(replies), sum(cost_nanousd) from usage").fetchone(), mirror.health().in_memory)
"""


def test_without_room_on_the_disk_it_is_kept_in_memory(lite, tmp_path):
    histories.begin(lite)
    many(lite, 20_000)
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(lite.url), str(tmp_path / "warehouse")], capture_output=True, text=True
    )
    assert done.stdout.strip().endswith(f"({20_000}, {sum(range(20_000))}) True"), done.stderr
    assert "made anew" in done.stdout + done.stderr


def test_the_file_may_vanish_while_it_is_used(store, mirror, tmp_path):
    histories.begin(store)
    mirror.fill()
    for path in (tmp_path / "warehouse" / "0").glob("*.duckdb*"):
        path.unlink()
    histories.play(store, HISTORY)
    assert_same(store, mirror)


def test_a_store_that_was_put_back_to_before_is_noticed(lite, tmp_path):
    histories.begin(lite)
    with sqlite3.connect(str(lite.url.database)) as source, sqlite3.connect(tmp_path / "kept.sqlite") as kept:
        source.backup(kept)
    histories.play(lite, HISTORY)
    mirror = Mirror(lite, tmp_path / "warehouse")
    mirror.fill()
    mirror.close()
    back = Store.open(f"sqlite:///{tmp_path / 'kept.sqlite'}")
    mirror = Mirror(back, tmp_path / "warehouse")
    assert_same(back, mirror)
    assert usage(mirror) == {}
    mirror.close()
    back.close()
