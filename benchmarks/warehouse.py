"""The warehouse over a million replies of ninety days, or as many as QD_REPLIES says: filling, following, answering."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import sqlalchemy as sa

from benchmarks.figures import Figure, at_most, p95, spread, told
from data.domain import windows
from data.domain.windows import Grain
from data.store import Store
from data.warehouse import Reader, Warehouse, costs
from data.warehouse.costs import By, Cut
from orchestrator_adapter.kept import Kept

REPLIES = int(os.environ.get("QD_REPLIES", "1000000"))
LARGE = 5_000_000
"""From so many replies on the limits of ten million hold."""
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAYS = 90
ROUNDS = 15
MORE = 1_000
NUMBERS = "with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < :count) "
"""Rows are made by the database: through the ledger a million would take a quarter of an hour."""
TASKS = (
    NUMBERS
    + """
insert into tasks (id, rev, description, task_type, status, complexity, complexity_reasons, analyst_choice,
    analyst_included, analyst_reason, working_directory, runtime, simulated, permission_mode, ai_planner, created_by,
    created_at_ms, started_at_ms, ended_at_ms)
select printf('%012x', i), 1, 'Do number ' || i,
    case i % 4 when 0 then 'bug_fix' when 1 then 'testing' when 2 then 'code_review' else 'custom' end, 'completed',
    'simple', '[]', 'auto', i % 3 = 0, 'Because.', '/src/project-' || (i % 40), 'claude', 0, 'default', 0,
    'person-' || (i % 12), :first + i * :each, :first + i * :each, :first + i * :each + 600000 from n
"""
)
AGENTS = (
    NUMBERS
    + """
insert into agents (id, rev, task_id, step, role, name, model, status, activity, runtime, simulated, created_at_ms)
select printf('%016x', i), 1, printf('%012x', i / 3), 'step',
    case i % 5 when 0 then 'analyst' when 1 then 'planner' when 2 then 'builder' when 3 then 'tester'
        else 'reviewer' end,
    'Agent', 'claude-opus-5-5', 'completed', '', 'claude', 0, :first + i * :each from n
"""
)
MESSAGES = (
    NUMBERS
    + """
insert into messages (message_id, request_id, task_id, agent_id, model, at_ms, tokens_input, tokens_output,
    tokens_cache_read, tokens_cache_write_5m, tokens_cache_write_1h, cost_nanousd, simulated, subagent, rev)
select printf('msg_%024x', :from + i), printf('req_%024x', :from + i), printf('%012x', (:from + i) / 30 % :tasks),
    printf('%016x', (:from + i) / 10 % :agents),
    case i % 3 when 0 then 'claude-opus-5-5' when 1 then 'claude-sonnet-5-5' else 'claude-haiku-5-5' end,
    :first + i * :each, abs(random() % 3000), abs(random() % 4000), abs(random() % 100000), abs(random() % 5000), 0,
    abs(random() % 900000000), i % 50 = 0, 0, :rev from n
"""
)
CALLS = (
    NUMBERS
    + """
insert into events (at_ms, task_id, agent_id, kind, body)
select :first + i * :each, printf('%012x', i * 4 / 30), printf('%016x', i * 4 / 10), 'tool_called',
    '{"tool":"' || case i % 4 when 0 then 'Read' when 1 then 'Bash' when 2 then 'Edit' else 'Grep' end
    || '","message_id":"' || printf('msg_%024x', i * 4) || '","tool_use_id":"' || printf('use_%x', :first + i)
    || '","words":"looks","input_blob":"none"}' from n
"""
)
BY_DAY = """
select m.at_ms / 86400000 as day, a.role, sum(m.cost_nanousd) from messages m join agents a on a.id = m.agent_id
where m.at_ms >= :begin and m.at_ms < :end and not m.simulated group by 1, 2
"""


def measure(replies: int | None = None) -> Iterator[Figure]:
    """Over so many replies, a million unless told otherwise."""
    replies = replies or REPLIES
    with tempfile.TemporaryDirectory(prefix="qd-warehouse-") as home:
        store = Store.open(f"sqlite:///{home}/store.sqlite", lambda: NOW)
        fill(store, replies)
        warehouse = Warehouse(store, Path(home) / "warehouse", Kept())
        try:
            yield from _filling(store, warehouse, Path(home), replies)
            yield from _answering(store, warehouse, replies)
            yield from _moving(warehouse, Path(home), replies)
        finally:
            warehouse.close()
            store.close()


def fill(store: Store, replies: int, now: datetime = NOW) -> None:
    """Tasks of three agents, agents of ten replies, a call of a tool in every fourth; ninety days of them until now."""
    first = int((now - timedelta(days=DAYS)).timestamp() * 1000)
    span = DAYS * 86_400_000

    def make(sql: str, count: int, **more: int) -> None:
        given = {"count": count, "first": first, "each": max(1, span // count)} | more
        ledger.connection.execute(sa.text(sql), given)

    with store.write() as ledger:
        make(TASKS, replies // 30)
        make(AGENTS, replies // 10)
        make(MESSAGES, replies, **{"from": 0}, tasks=replies // 30, agents=replies // 10, rev=1)
        make(CALLS, replies // 4)


def _more(store: Store, begin: int) -> None:
    with store.write() as ledger:
        rev = ledger.connection.execute(sa.text(CALLS), {"count": MORE // 4, "first": begin, "each": 1}).rowcount
        clock = int(ledger.connection.execute(sa.text("select max(id) from events")).scalar_one())
        given = {"count": MORE, "first": begin, "each": 1, "from": begin, "tasks": 1000, "agents": 3000, "rev": clock}
        ledger.connection.execute(sa.text(MESSAGES), given)
        assert rev


def _filling(store: Store, warehouse: Warehouse, home: Path, replies: int) -> Iterator[Figure]:
    millions = replies / 1e6
    began = time.perf_counter()
    warehouse.refresh()
    took = time.perf_counter() - began
    beside = f"with {replies // 10:,} agents and {replies // 4:,} calls of tools"
    yield at_most(f"first fill from {millions:g} million replies", took, 3 * millions, "s", beside, 2)
    now_ms, increments = int(NOW.timestamp() * 1000), []
    for number in range(ROUNDS):
        _more(store, now_ms - (number + 1) * 60_000)
        began = time.perf_counter()
        warehouse.refresh()
        increments.append(1000 * (time.perf_counter() - began))
    yield at_most("increment of 1,000 replies, p95", p95(increments), 20, "ms", spread(increments))
    size = sum(path.stat().st_size for path in (home / "warehouse").rglob("*.duckdb*")) / 1e6 / millions
    whole = sum(path.stat().st_size for path in home.glob("store.sqlite*")) / 1e6 / millions
    yield told("size per million replies", f"{size:,.0f} MB", f"the store itself {whole:,.0f} MB")


def _answering(store: Store, warehouse: Warehouse, replies: int) -> Iterator[Figure]:
    window = windows.between(NOW - timedelta(days=DAYS), NOW + timedelta(hours=1))
    cut, most = Cut(window), 600 if replies >= LARGE else 150
    questions: dict[str, Callable[[Reader], object]] = {
        "total and cache": lambda reader: costs.total(reader, cut),
        **{f"by {what}": lambda reader, what=what: costs.by(reader, cut, what) for what in By},
        "each day by role": lambda reader: costs.over_time(reader, cut, Grain.DAY, By.ROLE),
        "each hour by model": lambda reader: costs.over_time(reader, cut, Grain.HOUR, By.MODEL),
        "dearest tasks": lambda reader: costs.dearest_tasks(reader, cut),
        "dearest agents": lambda reader: costs.dearest_agents(reader, cut),
        "dearest tools": lambda reader: reader.frame("costs", "dearest_tools", **cut.given(), most=10),
        "with and without ANALYST": lambda reader: reader.frame("costs", "analyst", **cut.without_roles()),
        "figures of runs": lambda reader: costs.runs(reader, cut),
        "names for filters": costs.names,
    }
    beside = {"each day by role": _peers(store, window)}
    for name, question in questions.items():
        took = [asked(warehouse, question) for _ in range(ROUNDS)]
        yield at_most(f"costs, {name}, p95", p95(took), most, "ms", f"{spread(took)} {beside.get(name, '')}".strip())
    whole = [asked(warehouse, lambda reader: costs.page(reader, cut, Grain.DAY, By.ROLE)) for _ in range(ROUNDS)]
    yield told("costs, everything the page shows, p95", f"{p95(whole):.0f} ms", spread(whole))


def _moving(warehouse: Warehouse, home: Path, replies: int) -> Iterator[Figure]:
    """Every month into Parquet: how long that takes, how large it is, and a question over it."""
    window = windows.between(NOW - timedelta(days=DAYS, seconds=-1), NOW)  # its ends come from the rows, not the sums
    before = [asked(warehouse, lambda reader: costs.total(reader, Cut(window))) for _ in range(ROUNDS)]
    began = time.perf_counter()
    warehouse.tier(NOW + timedelta(days=2 * DAYS))
    took = time.perf_counter() - began
    size = sum(path.stat().st_size for path in (home / "warehouse").rglob("*.parquet")) / 1e6 / (replies / 1e6)
    yield told("size per million replies in Parquet", f"{size:,.0f} MB", f"with calls of tools; moved in {took:.1f} s")
    after = [asked(warehouse, lambda reader: costs.total(reader, Cut(window))) for _ in range(ROUNDS)]
    yield told("costs, total over Parquet, p95", f"{p95(after):.0f} ms", f"{spread(after)}; before: {spread(before)}")


def asked(warehouse: Warehouse, question: Callable[[Reader], object]) -> float:
    began = time.perf_counter()
    with warehouse.look() as reader:
        question(reader)
    return 1000 * (time.perf_counter() - began)


def _peers(store: Store, window: windows.Window) -> str:
    """The same question to SQLite, and to pandas with everything in memory."""
    given = {"begin": window.begin_ms, "end": window.end_ms}
    with store.read() as board:
        began = time.perf_counter()
        board.connection.execute(sa.text(BY_DAY), given).all()
        sqlite_ms = 1000 * (time.perf_counter() - began)
        began = time.perf_counter()
        columns = "select agent_id, at_ms, cost_nanousd, simulated from messages"
        replies = pd.read_sql_query(columns, board.connection.connection.dbapi_connection)
        agents = pd.read_sql_query("select id, role from agents", board.connection.connection.dbapi_connection)
        load_ms = 1000 * (time.perf_counter() - began)
    began = time.perf_counter()
    real = replies[(replies["simulated"] == 0) & replies["at_ms"].between(given["begin"], given["end"])]
    joined = real.merge(agents, left_on="agent_id", right_on="id")
    joined.assign(day=joined["at_ms"] // 86_400_000).groupby(["day", "role"])["cost_nanousd"].sum()
    pandas_ms = 1000 * (time.perf_counter() - began)
    return f"(SQLite {sqlite_ms:,.0f} ms; pandas {pandas_ms:,.0f} ms after {load_ms:,.0f} ms of loading)"
