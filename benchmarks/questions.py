"""Performance, Trends, reports and questions in SQL over a million replies of ninety days, or as many as QD_REPLIES."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from benchmarks.figures import Figure, at_most, p95, spread, told
from benchmarks.warehouse import DAYS, LARGE, NOW, REPLIES, ROUNDS, asked, fill
from data.domain import windows
from data.domain.exports import Format, What
from data.domain.windows import Grain
from data.store import Store
from data.warehouse import Reader, Warehouse, performance, reports, trends
from data.warehouse.adhoc import Adhoc
from data.warehouse.costs import Cut
from orchestrator_adapter import reports as files
from orchestrator_adapter.kept import Kept
from orchestrator_adapter.reports import Wanted

LIVES = """
update agents set started_at_ms = created_at_ms + 500, ended_at_ms = created_at_ms + 1000 + abs(random() % 900000)
"""
RETURNED = """
insert into events (at_ms, task_id, agent_id, kind, body)
select at_ms + 700, task_id, agent_id, 'tool_returned',
    '{"tool":"' || json_extract(body, '$.tool') || '","tool_use_id":"' || json_extract(body, '$.tool_use_id')
    || '","is_error":' || case when id % 25 = 0 then 'true' else 'false' end || '}'
from events where kind = 'tool_called'
"""
NAMED = """
update events set body = json_set(body, '$.tool_use_id', 'u' || id) where kind = 'tool_called'
"""
FEW = 3


def measure(replies: int | None = None) -> Iterator[Figure]:
    """Over so many replies, a million unless told otherwise."""
    replies = replies or REPLIES
    with tempfile.TemporaryDirectory(prefix="qd-questions-") as home:
        store = Store.open(f"sqlite:///{home}/store.sqlite", lambda: NOW)
        fill(store, replies)
        with store.write() as ledger:
            for statement in (LIVES, NAMED, RETURNED):
                ledger.connection.exec_driver_sql(statement)
        warehouse = Warehouse(store, Path(home) / "warehouse", Kept())
        try:
            began = time.perf_counter()
            warehouse.refresh()
            filled = time.perf_counter() - began
            beside = f"{replies // 4:,} calls of tools with what they answered"
            yield told("first fill with answers of tools", f"{filled:.2f} s", beside)
            yield from _answering(warehouse, replies)
            yield from _handing_out(warehouse, replies)
        finally:
            warehouse.close()
            store.close()


def _answering(warehouse: Warehouse, replies: int) -> Iterator[Figure]:
    cut, most = (
        Cut(windows.between(NOW - timedelta(days=DAYS), NOW + timedelta(hours=1))),
        600 if replies >= LARGE else 150,
    )

    def trend(name: str) -> Callable[[Reader], object]:
        times = {"begin": cut.window.begin_ms, "end": cut.window.end_ms}
        more = {"role": None, "model": None} if name == "created" else {}

        def ask(reader: Reader) -> object:
            trends.chosen(reader, cut)
            reader.with_edges(cut.window.edges(Grain.WEEK))
            return reader.frame("trends", name, **times, **more)

        return ask

    questions: dict[str, Callable[[Reader], object]] = {
        "performance, tokens by day": lambda reader: performance.tokens(reader, cut, Grain.DAY),
        "performance, tools": lambda reader: performance.tools(reader, cut),
        "performance, durations by role": lambda reader: performance.durations(reader, cut, "role"),
        "performance, durations by model": lambda reader: performance.durations(reader, cut, "model"),
        "performance, success by type": lambda reader: performance.success(reader, cut),
        **{f"trends, {name}": trend(name) for name in ("created", "ended", "lengths", "workflows")},
        "trends, hours of the week": lambda reader: (trends.chosen(reader, cut), trends.hours(reader, cut)),
    }
    for name, question in questions.items():
        took = [asked(warehouse, question) for _ in range(ROUNDS)]
        yield at_most(f"{name}, p95", p95(took), most, "ms", spread(took))
    pages: dict[str, Callable[[Reader], object]] = {
        "performance, everything the page shows": lambda reader: performance.page(reader, cut, Grain.DAY),
        "trends, everything the page shows": lambda reader: trends.page(reader, cut, Grain.WEEK),
    }
    for name, question in pages.items():
        took = [asked(warehouse, question) for _ in range(ROUNDS)]
        yield told(f"{name}, p95", f"{p95(took):.0f} ms", spread(took))


def _handing_out(warehouse: Warehouse, replies: int) -> Iterator[Figure]:
    whole = Cut(windows.between(NOW - timedelta(days=DAYS), NOW + timedelta(hours=1)))
    for what in (What.COSTS, What.TASKS):
        took = []
        for _ in range(FEW):
            began = time.perf_counter()
            with warehouse.look() as reader:
                table = files.priced(reports.rows(reader, whole, what, Grain.MONTH))
            size = len(files.rows_file(table, Format.CSV, {}))
            took.append(1000 * (time.perf_counter() - began))
        yield told(f"export of {what} as CSV", f"{max(took):,.0f} ms", f"{table.num_rows:,} rows, {size / 1e6:.1f} MB")
    began = time.perf_counter()
    size = len(files.export(warehouse, Wanted(What.COSTS, Format.PDF, whole)).body)
    yield told("report as PDF", f"{time.perf_counter() - began:.2f} s", f"{size / 1e3:,.0f} kB")
    adhoc = Adhoc(warehouse)
    try:
        began = time.perf_counter()
        adhoc.columns()
        yield told("copy for questions in SQL", f"{time.perf_counter() - began:.2f} s", f"{replies:,} replies")
        took = []
        for _ in range(FEW):
            began = time.perf_counter()
            adhoc.ask("select role, sum(cost_usd) as usd from replies where not simulated group by all")
            took.append(1000 * (time.perf_counter() - began))
        yield told("question in SQL, its process included", f"{max(took):,.0f} ms", spread(took))
    finally:
        adhoc.close()
