"""Questions of people's own: what they answer, and that they reach nothing but the copy, whatever is tried."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from data.domain.errors import QuestionRefused, QuestionTooLong
from data.store import Store
from data.warehouse import Warehouse, sandbox
from data.warehouse.adhoc import Adhoc, Limits
from orchestrator_adapter.kept import Kept
from tests.warehouse.test_performance import worked

__all__ = ["worked"]

ESCAPES = [
    "select * from read_csv('/etc/passwd')",
    "select * from read_text('/etc/passwd')",
    "select * from read_blob('/proc/self/environ')",
    "select * from read_json('/etc/hostname')",
    "select * from read_parquet('/tmp/*.parquet')",
    "select * from sniff_csv('/etc/passwd')",
    "select * from glob('/*')",
    "from '/etc/passwd'",
    "from '{store}'",
    "from 'http://127.0.0.1:1/x.csv'",
    "from 's3://bucket/x.parquet'",
    "select * from sqlite_scan('{store}', 'tasks')",
    "select * from read_duckdb('{copy}')",
    "attach '{store}' as other (type sqlite)",
    "attach '{folder}/new.duckdb' as other",
    "attach ':memory:' as other",
    "copy tasks to '{folder}/out.csv'",
    "copy (select 1) to '{folder}/out.parquet'",
    "copy tasks from '/etc/passwd'",
    "export database '{folder}/out'",
    "import database '{folder}/out'",
    "install httpfs",
    "load httpfs",
    "load '{folder}/evil.duckdb_extension'",
    "set lock_configuration = false",
    "set enable_external_access = true",
    "set memory_limit = '100GB'",
    "set threads = 64",
    "reset memory_limit",
    "pragma enable_profiling",
    "pragma temp_directory = '{folder}'",
    "call pragma_version()",
    "create secret s (type s3)",
    "create table t as select 1",
    "create temp table t as select 1",
    "create macro m() as table select * from read_csv('/etc/passwd')",
    "insert into tasks (id) values ('x')",
    "update tasks set id = 'x'",
    "delete from tasks",
    "drop table tasks",
    "alter table tasks add column x integer",
    "vacuum",
    "checkpoint",
    "detach copy",
    "use memory",
    "begin",
    "prepare p as select * from read_csv('/etc/passwd')",
    "execute p",
    "select 1; select 2",
    "select 1; copy tasks to '{folder}/out.csv'",
    "/* select */ copy tasks to '{folder}/out.csv'",
    "explain analyze copy tasks to '{folder}/out.csv'",
    "with x as (select * from read_csv('/etc/passwd')) select * from x",
    "from query('copy tasks to ''{folder}/out.csv''')",
    "from query_table('/etc/passwd')",
    "select getenv('HOME')",
    "from connection",
    "from reader",
    "",
    "selec 1",
    "select * from nowhere",
]


@pytest.fixture
def adhoc(worked: Store, tmp_path: Path) -> Iterator[Adhoc]:
    warehouse = Warehouse(worked, tmp_path / "warehouse", Kept())
    opened = Adhoc(warehouse, Limits(seconds=60, rows=1_000, bytes=200_000))
    yield opened
    opened.close()
    warehouse.close()


def test_questions_are_answered_over_tables_with_names(adhoc: Adhoc) -> None:
    found = adhoc.ask(
        "select t.task_type, sum(r.cost_usd) as usd, count(*) as replies from replies as r "
        "join tasks as t on t.id = r.task_id where not r.simulated group by all order by usd desc"
    )
    assert found.rows.to_pylist() == [
        {"task_type": "bug_fix", "usd": Decimal("0.000000006"), "replies": 3},
        {"task_type": "testing", "usd": Decimal("0.000000004"), "replies": 1},
    ]
    calls = adhoc.ask(
        "select tool, count(*) filter (failed), count(*) filter (refused) from tool_calls group by all order by 1"
    )
    assert [tuple(row.values()) for row in calls.rows.to_pylist()] == [("Bash", 1, 0), ("Edit", 0, 5)]
    assert {table for table, _, _ in adhoc.columns()} == {"tasks", "agents", "replies", "tool_calls"}
    assert found.clock > 0
    assert not found.more


def test_nothing_but_the_copy_is_reached(adhoc: Adhoc, tmp_path: Path) -> None:
    """In the sandbox's own connection, so that it takes no process for each; the walls of the process come on top."""
    adhoc.columns()
    assert adhoc._copy is not None
    folder, path = tmp_path / "elsewhere", adhoc._copy.path
    folder.mkdir()
    names = {"folder": folder, "store": tmp_path / "store.sqlite", "copy": path}
    before, let_through = path.read_bytes(), []
    with sandbox.opened(str(path), "512MB") as connection:
        for escape in ESCAPES:
            try:
                sandbox.answered(connection, escape.format(**names), 10, 10_000)
                let_through.append(escape)
            except (sandbox.Refused, duckdb.Error):
                pass
        assert let_through == []
        table, more = sandbox.answered(connection, "select count(*) as n from tasks", 10, 10_000)
        assert (table.to_pylist(), more) == ([{"n": 5}], False)
    assert list(folder.iterdir()) == []
    assert path.read_bytes() == before
    for escape in ("from read_csv('/etc/passwd')", "copy tasks to '{folder}/x.csv'", ""):
        with pytest.raises(QuestionRefused):
            adhoc.ask(escape.format(**names))


def test_answers_are_bounded_in_rows_bytes_memory_and_time(adhoc: Adhoc) -> None:
    many = adhoc.ask("select i from range(5000) as r(i)")
    assert (many.rows.num_rows, many.more) == (1_000, True)
    wide = adhoc.ask("select repeat('x', 1000) as text, i from range(900) as r(i)")
    assert wide.rows.nbytes <= 200_000 + 4096
    assert wide.more
    with pytest.raises(QuestionRefused, match="more than 512MB of memory"):
        adhoc.ask("select string_agg(i || repeat('a', 100000), '') from range(100000) as r(i)")
    adhoc.limits = Limits(seconds=1)
    with pytest.raises(QuestionTooLong, match="more than 1 s"):
        adhoc.ask("select count(*) from range(1000000000000) as r(i) where i % 7 = hash(i) % 5")
    assert adhoc.ask("select 1").rows.num_rows == 1
