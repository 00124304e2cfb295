"""Performance and trends: every number is the one that the events themselves give."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from data.domain import events as e
from data.domain import windows
from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.errors import ExportTooLarge
from data.domain.exports import What
from data.domain.money import Tokens
from data.domain.tasks import TaskStatus, TaskType
from data.domain.windows import Grain
from data.store import Store
from data.warehouse import Warehouse, performance, reports, trends
from data.warehouse.costs import Cut
from orchestrator_adapter.kept import Kept
from tests.store.test_board import created, submitted
from tests.warehouse.histories import START

MODEL = "claude-opus-5-5"
WORKED_S = (30, 60, 90, 120, 600)
WINDOW = windows.between(START, START + timedelta(days=3), "Europe/Berlin")


@pytest.fixture
def worked(store: Store) -> Store:
    """Five tasks of an hour each, one failed, one cancelled, one simulated; an agent, tools and a reply in each."""
    ends = [TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED, TaskStatus.COMPLETED, TaskStatus.COMPLETED]
    for number, (end, seconds) in enumerate(zip(ends, WORKED_S, strict=True)):
        at = START + timedelta(hours=9 * number)
        kind = TaskType.BUG_FIX if number < 3 else TaskType.TESTING
        runtime = Runtime.DEMO if number == 4 else Runtime.CLAUDE
        ids = {"task_id": f"t{number}", "agent_id": f"a{number}"}
        role = Role.BUILDER if number % 2 else Role.TESTER
        call = {"tool": "Bash", "words": "Run", "input_blob": "x", "message_id": f"m{number}"}
        told: list[tuple[int, e.Event]] = [
            (0, submitted(f"t{number}", task_type=kind, runtime=runtime)),
            (0, e.TaskMoved(task_id=f"t{number}", to=TaskStatus.IN_PROGRESS)),
            (0, created(f"a{number}", f"t{number}", role=role, runtime=runtime, model=MODEL)),
            (0, e.AgentMoved(**ids, to=AgentStatus.ACTIVE)),
            (1, e.ToolCalled(**ids, **call, tool_use_id="u1")),
            (2, e.ToolReturned(**ids, tool_use_id="u1", tool="Bash", is_error=number == 1, output_blob="y")),
            (3, e.ToolCalled(**ids, **(call | {"tool": "Edit"}), tool_use_id="u2")),
            (4, e.ToolRefused(**ids, tool="Edit", words="No", tool_use_id="u2")),
            (4, e.ToolReturned(**ids, tool_use_id="u2", tool="Edit", is_error=True, output_blob="y")),
            (5, e.ToolRefused(**ids, tool="Write", words="No", tool_use_id="u3")),
            (
                6,
                e.MessageMetered(
                    **ids,
                    message_id=f"m{number}",
                    model=MODEL,
                    tokens=Tokens(input=100, output=10, cache_read=300),
                    cost_nanousd=number + 1,
                ),
            ),
            (seconds, e.AgentMoved(**ids, to=AgentStatus.FAILED if end == "failed" else AgentStatus.COMPLETED)),
            (seconds, e.TaskMoved(task_id=f"t{number}", to=end)),
        ]
        with store.write() as ledger:
            for after, event in told:
                ledger.append(event, at + timedelta(seconds=after))
    return store


@pytest.fixture
def warehouse(worked: Store, tmp_path: Path) -> Iterator[Warehouse]:
    opened = Warehouse(worked, tmp_path / "warehouse", Kept())
    yield opened
    opened.close()


def test_tokens_cache_tools_durations_and_success_are_those_of_the_events(warehouse: Warehouse) -> None:
    found: performance.Performance = warehouse.ask(performance.page, Cut(WINDOW), Grain.DAY)
    assert [(row.input, row.cache_read, row.replies) for row in found.tokens.itertuples()] == [
        (300, 900, 3),
        (100, 300, 1),
    ]
    assert found.prompt == 1600
    tools = {row.tool: (row.calls, row.failed, row.refused, row.agents) for row in found.tools.itertuples()}
    assert tools == {"Bash": (4, 1, 0, 4), "Edit": (4, 0, 4, 4), "Write": (4, 0, 4, 4)}
    real = [seconds * 1000 for seconds in WORKED_S[:4]]
    whole = found.overall.iloc[0]
    assert (whole["agents"], whole["failed"], whole["p50_ms"]) == (4, 1, round(statistics.median(real)))
    assert whole["p95_ms"] == round(statistics.quantiles(real, n=20, method="inclusive")[-1])
    assert dict(zip(found.by_role["name"], found.by_role["p50_ms"], strict=True)) == {
        "tester": 60_000,
        "builder": 90_000,
    }
    steps = [(performance.edge_s(int(step)), performance.edge_s(int(step) + 1)) for step in found.lengths["step"]]
    assert all(low <= ms / 1000 < high for (low, high), ms in zip(steps, real, strict=True))
    ends = {row.name: (row.completed, row.failed, row.cancelled) for row in found.success.itertuples(index=False)}
    assert ends == {"bug_fix": (1, 1, 1), "testing": (1, 0, 0)}


def test_filters_and_windows_take_away_what_they_say(warehouse: Warehouse) -> None:
    builders: performance.Performance = warehouse.ask(performance.page, Cut(WINDOW, role="builder"), Grain.DAY)
    assert list(builders.by_role["name"]) == ["builder"]
    assert int(builders.tools["calls"].sum()) == 6
    demos: performance.Performance = warehouse.ask(performance.page, Cut(WINDOW, simulated=True), Grain.DAY)
    assert list(demos.overall["p50_ms"]) == [600_000]
    later = windows.between(START - timedelta(days=3), START)
    assert warehouse.ask(performance.page, Cut(later), Grain.DAY).empty
    model: performance.Performance = warehouse.ask(performance.page, Cut(WINDOW, model="claude-haiku-5-5"), Grain.DAY)
    assert not len(model.tools)


def test_trends_are_those_of_the_events_by_the_clocks_of_the_zone(warehouse: Warehouse) -> None:
    found: trends.Trends = warehouse.ask(trends.page, Cut(WINDOW), Grain.DAY)
    assert [(row.tasks, row.agents) for row in found.created.itertuples()] == [(3, 3), (1, 1)]
    ended = [
        (row.completed, row.failed, row.cancelled, row.p50_ms, row.cost_nanousd) for row in found.ended.itertuples()
    ]
    assert ended == [(1, 1, 1, 30_000, 1 + 2), (1, 0, 0, 120_000, 4)]
    hours = {(row.weekday, row.hour): (row.tasks, row.replies, row.cost_nanousd) for row in found.hours.itertuples()}
    # a Saturday in March at 1, 10 and 19 o'clock, then a Sunday on which clocks have been set forth
    assert hours == {(5, 1): (1, 1, 1), (5, 10): (1, 1, 2), (5, 19): (1, 1, 3), (6, 5): (1, 1, 4)}
    assert [(row.name, row.tasks, row.with_analyst) for row in found.workflows.itertuples()] == [
        ("tester", 2, 0),
        ("builder", 1, 0),
        ("builder", 1, 0),
    ]
    assert int(found.lengths["tasks"].sum()) == 2
    assert [(span.days, span.cost_nanousd, span.before_nanousd) for span in found.spans] == [
        (30, 10, 0),
        (60, 10, 0),
        (90, 10, 0),
    ]
    typed: trends.Trends = warehouse.ask(trends.page, Cut(WINDOW, task_type="testing"), Grain.DAY)
    assert int(typed.created["tasks"].sum()) == 1


def test_what_is_missing_from_a_cost_is_counted_over_the_same_tasks(worked: Store, warehouse: Warehouse) -> None:
    with worked.write() as ledger:
        for number in (0, 2):  # of which the second was cancelled
            ids = {"task_id": f"t{number}", "agent_id": f"a{number}"}
            metered = {
                "message_id": f"x{number}",
                "model": "nobody-knows-it",
                "tokens": Tokens(1),
                "cost_nanousd": None,
            }
            ledger.append(e.MessageMetered(**ids, **metered), START)
    found: trends.Trends = warehouse.ask(trends.page, Cut(WINDOW), Grain.DAY)
    assert [(row.cost_nanousd, row.unpriced) for row in found.ended.itertuples()] == [(1 + 2, 1), (4, 0)]


def test_an_export_is_whole_or_refused(warehouse: Warehouse) -> None:
    for what, number in {What.COSTS: 3, What.TASKS: 4, What.AGENTS: 4}.items():
        found = warehouse.ask(reports.rows, Cut(WINDOW), what, Grain.DAY, number)
        assert found.num_rows == number
        with pytest.raises(ExportTooLarge, match=f"more than {number - 1} rows"):
            warehouse.ask(reports.rows, Cut(WINDOW), what, Grain.DAY, number - 1)
