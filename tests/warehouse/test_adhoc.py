"""Questions of people's own: what they answer, and that they reach nothing but the copy, whatever is tried."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import json
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from pyarrow import parquet

from data.domain.errors import QuestionRefused, QuestionTooLong, StoreUnavailable
from data.domain.exports import Format
from data.store import Store
from data.warehouse import Reader, Warehouse, sandbox
from data.warehouse.adhoc import Adhoc, Limits, copied
from orchestrator_adapter import reports
from orchestrator_adapter.api.adhoc import told
from orchestrator_adapter.kept import Kept
from tests.store.test_board import created, submitted
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
    assert wide.rows.nbytes <= 200_000
    assert wide.rows.num_rows > 190
    assert wide.more
    with pytest.raises(QuestionRefused, match="more than 512MB of memory"):
        adhoc.ask("select string_agg(i || repeat('a', 100000), '') from range(100000) as r(i)")
    with pytest.raises(QuestionRefused, match="boom"):  # which comes when a first batch has been read
        adhoc.ask("select case when i = 900 then error('boom') else i end from range(1000000) as r(i)")
    adhoc.limits = Limits(seconds=1, rows=10**12, bytes=10**12)
    with pytest.raises(QuestionTooLong, match="more than 1 s"):
        adhoc.ask("select i from range(1000000000000) as r(i) where hash(i) % 1000 = 7")
    with pytest.raises(QuestionTooLong, match="more than 1 s"):
        adhoc.ask("select count(*) from range(1000000000000) as r(i) where i % 7 = hash(i) % 5")
    assert adhoc.ask("select 1").rows.num_rows == 1


class Between:
    """A cursor that lets something happen between the first two tables that are copied."""

    def __init__(self, inner: Any, happens: Any) -> None:
        self._inner, self._happens = inner, happens

    @contextlib.contextmanager
    def cursor(self) -> Iterator[Any]:
        with self._inner.cursor() as cursor:
            yield Between(cursor, self._happens)

    def execute(self, statement: str) -> Any:
        found = self._inner.execute(statement)
        if "create table copy.tasks" in statement:
            self._happens()
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def test_a_copy_is_of_one_moment(worked: Store, tmp_path: Path) -> None:
    warehouse = Warehouse(worked, tmp_path / "warehouse", Kept())

    def more() -> None:
        with worked.write() as ledger:
            ledger.append(submitted("new"))
            ledger.append(created("anew", "new"))
        warehouse.refresh()

    warehouse.refresh()
    try:
        with warehouse.mirror.cursor() as cursor:
            copied(Reader(Between(cursor, more)), tmp_path / "copy.duckdb")  # type: ignore[arg-type]
    finally:
        warehouse.close()
    with duckdb.connect(str(tmp_path / "copy.duckdb")) as copy:
        assert copy.sql("select count(*) from agents").fetchall() == [(5,)]
        assert copy.sql("select count(*) from agents anti join tasks on tasks.id = task_id").fetchall() == [(0,)]


def test_a_copy_stays_until_a_later_one_than_the_next(adhoc: Adhoc, worked: Store) -> None:
    """A process that was started for it may not have opened it when the next one is made."""
    paths = []
    for number in range(3):
        with worked.write() as ledger:
            ledger.append(submitted(f"new{number}"))
        if adhoc._copy is not None:
            adhoc._copy = dataclasses.replace(adhoc._copy, made_at=float("-inf"))
        adhoc.columns()
        assert adhoc._copy is not None
        paths.append(adhoc._copy.path)
    assert [path.exists() for path in paths] == [False, True, True]


def test_where_no_copy_can_be_made_it_is_said(adhoc: Adhoc) -> None:
    shutil.rmtree(adhoc._folder)
    with pytest.raises(StoreUnavailable, match="No copy"):
        adhoc.ask("select 1")


def test_an_answer_of_any_type_is_had_as_any_file(adhoc: Adhoc) -> None:
    found = adhoc.ask(
        "select interval '1 month 3 days 4.5 seconds' as took, [interval 1 day] as each, 'inf'::double as most, "
        "{'a': 'nan'::double, 'b': timestamp '2026-03-01'} as pair, 1 as n, 2 as n, [1.5::decimal(3, 1)] as n"
    )
    names = ["took", "each", "most", "pair", "n", "n (2)", "n (3)"]
    (row,) = json.loads(reports.rows_file(found.rows, Format.JSON, {}))["rows"]
    pair = {"a": None, "b": "2026-03-01T00:00:00+00:00"}
    assert row == dict(zip(names, ["P1M3DT4.5S", ["P0M1DT0S"], None, pair, 1, 2, ["1.5"]], strict=True))
    assert told(found)["rows"] == [list(row.values())]
    head, line = csv.reader(reports.rows_file(found.rows, Format.CSV, {}).decode().splitlines())
    assert head == names
    assert [line[0], line[2], json.loads(line[3]), line[4:]] == ["P1M3DT4.5S", "inf", pair, ["1", "2", '["1.5"]']]
    table = parquet.read_table(pa.BufferReader(reports.rows_file(found.rows, Format.PARQUET, {})))
    assert table.column_names == names
    assert (table["took"].to_pylist(), table["n (2)"].to_pylist()) == (["P1M3DT4.5S"], [2])


def test_no_two_columns_have_the_same_name() -> None:
    assert reports.unique(["a (2)", "a", "a", "b"]) == ["a (2)", "a", "a (3)", "b"]
