"""The made-up history: the same every time, possible in every detail, and never mistaken for real money."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from data.domain import events as e
from data.domain.agents import Agent, AgentStatus, Role, Runtime
from data.domain.errors import InvalidField, TooLate
from data.domain.events import Event
from data.domain.prices import book
from data.domain.tasks import AnalystChoice, Complexity, Task, TaskStatus, TaskType
from data.domain.workflows import StepStatus
from data.store import AgentFilter, Board, Recorded, Store, TaskFilter
from data.store import tables as t
from orchestrator_adapter import handover, planning, settings
from orchestrator_adapter.deck import build
from orchestrator_adapter.runners.scripted import ScriptedRunner
from orchestrator_adapter.seed import Seeded, live, seed

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
SMALL = {"days": 20, "tasks": 12, "now": NOW}


def log(board: Board) -> list[Recorded]:
    out: list[Recorded] = []
    while page := board.events(after=out[-1].id if out else 0, limit=1000):
        out += page
    return out


def all_tasks(board: Board) -> list[Task]:
    out, cursor = [], None
    while True:
        page = board.tasks(TaskFilter(), limit=200, cursor=cursor)
        out += page.items
        if (cursor := page.next_cursor) is None:
            return out


def all_agents(board: Board) -> list[Agent]:
    out, cursor = [], None
    while True:
        page = board.agents(AgentFilter(), limit=200, cursor=cursor)
        out += page.items
        if (cursor := page.next_cursor) is None:
            return out


def empty(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store.open(f"sqlite:///{tmp_path_factory.mktemp('seed') / 'store.sqlite'}")


@pytest.fixture(scope="module")
def quarter(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Ninety days, with enough tasks to see shares."""
    store = empty(tmp_path_factory)
    seed(store, days=90, tasks=250, now=NOW)
    return store


def of_kind(entries: list[Recorded], *kinds: type) -> list[Event]:
    return [entry.event for entry in entries if isinstance(entry.event, kinds)]


def check_sums(board: Board) -> None:
    """Replies, agents and tasks tell the same cost."""
    agents = all_agents(board)
    for task in all_tasks(board):
        own = [agent for agent in agents if agent.task_id == task.id]
        replies = [message for agent in own for message in board.messages(agent.id)]
        assert task.cost_nanousd == sum(a.cost_nanousd for a in own) == sum(m.cost_nanousd or 0 for m in replies)
        assert task.unpriced_messages == sum(m.cost_nanousd is None for m in replies)
        assert task.tokens.total == sum(a.tokens.total for a in own) == sum(m.tokens.total for m in replies)
        assert task.tool_calls == sum(a.tool_calls for a in own)


def check_times(board: Board) -> None:
    """Everything ends, after it began, before now."""
    entries = log(board)
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    assert entries[-1].at <= NOW
    assert entries[0].at >= NOW - timedelta(days=91)
    for item in (*all_tasks(board), *all_agents(board)):
        assert item.started_at
        assert item.ended_at
        assert item.created_at <= item.started_at <= item.ended_at
    for task in all_tasks(board):
        assert task.ended
        for times in board.step_times(task.id):
            assert times.started_at is None or (times.ended_at is not None and times.started_at <= times.ended_at)


def test_the_same_arguments_tell_the_same_story(tmp_path_factory: pytest.TempPathFactory) -> None:
    stores = [empty(tmp_path_factory) for _ in range(3)]
    seed(stores[0], **SMALL)
    seed(stores[1], **SMALL)
    seed(stores[2], **SMALL, seed=8)
    told = []
    for store in stores:
        with store.read() as board:
            told.append(log(board))
        store.close()
    assert told[0] == told[1]
    assert told[0] != told[2]


def test_it_is_possible_in_every_detail_on_both_databases(store: Store) -> None:
    seeded = seed(store, **SMALL)
    with store.read() as board:
        check_sums(board)
        check_times(board)
        found = log(board)
        assert seeded == Seeded(
            tasks=len(all_tasks(board)),
            agents=len(all_agents(board)),
            messages=len(of_kind(found, e.MessageMetered)),
            events=board.clock(),
        )
        assert seeded.tasks == 12
        for event in of_kind(found, e.Said, e.ToolCalled):
            blob = event.blob if isinstance(event, e.Said) else event.input_blob
            assert board.blob(blob)


def test_a_quarter_is_possible_in_every_detail(quarter: Store) -> None:
    with quarter.read() as board:
        check_sums(board)
        check_times(board)


def test_no_money_of_it_is_in_any_total(quarter: Store) -> None:
    with quarter.read() as board:
        fleet = board.fleet(NOW)
        assert all(task.simulated for task in all_tasks(board))
        assert all(agent.simulated for agent in all_agents(board))
        assert board.past_tasks(simulated=False) == []
        assert board.working_directories() == []
        last = max(entry.at for entry in log(board) if entry.event.kind == "message_metered")
        then = board.fleet(last)
    assert (fleet.today_nanousd, fleet.today_tokens.total, sum(fleet.spend_by_hour)) == (0, 0, 0)
    assert (then.today_nanousd, sum(then.spend_by_hour), sum(then.starts_by_hour)) == (0, 0, 0)
    assert then.simulated_today_nanousd > 0


def test_the_shares_are_those_of_a_real_fleet(quarter: Store) -> None:
    with quarter.read() as board:
        tasks, agents = all_tasks(board), all_agents(board)
    bad = sum(task.status is not TaskStatus.COMPLETED for task in tasks) / len(tasks)
    assert 0.07 <= bad <= 0.18
    assert 0.22 <= sum(task.complexity is Complexity.COMPLEX for task in tasks) / len(tasks) <= 0.42
    choices = Counter(task.analyst_choice for task in tasks)
    assert choices[AnalystChoice.AUTO] > len(tasks) / 2
    assert min(choices[AnalystChoice.FORCE], choices[AnalystChoice.SKIP]) > len(tasks) / 25
    assert set(TaskType) == {task.task_type for task in tasks}
    roles = Counter(agent.role for agent in agents)
    assert set(Role) == set(roles)
    assert roles[Role.ORCHESTRATOR] + roles[Role.CUSTOM] < len(agents) / 8
    statuses = {agent.status for agent in agents}
    assert statuses == {AgentStatus.COMPLETED, AgentStatus.FAILED, AgentStatus.CANCELLED}
    assert len({task.description for task in tasks}) > len(tasks) * 0.6


def test_costs_lie_in_the_bands_and_come_from_the_cache(quarter: Store) -> None:
    with quarter.read() as board:
        done = [task for task in all_tasks(board) if task.status is TaskStatus.COMPLETED and not task.unpriced_messages]
        usd = sorted(task.cost_nanousd / 1e9 for task in done)
        read = sum(task.tokens.cache_read for task in done)
        everything = sum(task.tokens.total for task in done)
        simple = [task.cost_nanousd for task in done if task.complexity is Complexity.SIMPLE]
        hard = [task.cost_nanousd for task in done if task.complexity is Complexity.COMPLEX]
    assert usd[0] > 0
    assert usd[-1] < 6
    assert sum(0.02 <= cost <= 4 for cost in usd) > len(usd) * 0.9
    assert read > everything / 2
    assert sum(hard) / len(hard) > 4 * sum(simple) / len(simple)


def test_prices_are_those_of_the_day_and_an_unknown_model_has_none(quarter: Store) -> None:
    with quarter.read() as board:
        entries = log(board)
    models = Counter()
    for entry in entries:
        if isinstance(event := entry.event, e.MessageMetered):
            models[event.model] += 1
            assert event.cost_nanousd == book().cost_nanousd(event.model, event.tokens, entry.at)
            window = book().context_window(event.model)
            assert window is None or event.tokens.prompt < window
    families = {family for family in ("haiku", "sonnet", "opus") for model in models if family in model}
    assert families == {"haiku", "sonnet", "opus"}
    unpriced = sum(number for model, number in models.items() if not book().knows(model, NOW))
    assert 0 < unpriced < sum(models.values()) / 12


def test_office_hours_weekdays_and_growth(quarter: Store) -> None:
    with quarter.read() as board:
        begun = [task.created_at for task in all_tasks(board)]
    office = sum(at.weekday() < 5 and 9 <= at.hour < 18 for at in begun)
    weekend = sum(at.weekday() >= 5 for at in begun)
    assert office > len(begun) * 0.6
    assert 0 < weekend < len(begun) * 0.2
    days = [(NOW - at).days for at in begun]
    assert sum(day < 45 for day in days) > sum(day >= 45 for day in days)


def test_everything_that_can_happen_happens(quarter: Store) -> None:
    with quarter.read() as board:
        entries, agents, tasks = log(board), all_agents(board), all_tasks(board)
    kinds = Counter(entry.event.kind for entry in entries)
    expected = {"retry_scheduled", "subagent_moved", "tool_refused", "file_touched", "said", "task_planned"}
    assert expected <= set(kinds)
    errors = " ".join(agent.error or "" for agent in agents)
    for reason in ("The TESTER reported", "Overloaded", "not permitted", "cancelled"):
        assert reason in errors
    drifts = [a for a in agents if a.reported_nanousd not in (None, a.cost_nanousd) and not a.unpriced_messages]
    assert 0 < len(drifts) < len(agents) / 8
    assert all(abs((a.reported_nanousd or 0) - a.cost_nanousd) < a.cost_nanousd * 0.2 for a in drifts)
    skipped = [s for task in tasks for s in task.workflow if s.status is StepStatus.SKIPPED]
    assert skipped
    assert not [s for task in tasks for s in task.workflow if s.status in (StepStatus.PENDING, StepStatus.ACTIVE)]


def test_reports_are_in_the_form_that_is_asked_for(quarter: Store) -> None:
    with quarter.read() as board:
        agents, tasks = all_agents(board), all_tasks(board)
    for agent in agents:
        if agent.result:
            report = handover.read(agent.result, agent.role)
            assert report.summary
            assert bool(handover.failed(report, agent.role)) == (agent.status is AgentStatus.FAILED)
            changed = {*agent.files.get("modified", ()), *agent.files.get("created", ())}
            assert {*report.files_created, *report.files_modified} <= changed
    assert all(task.result for task in tasks if task.status is TaskStatus.COMPLETED)
    assert all(task.error for task in tasks if task.status is not TaskStatus.COMPLETED)


def test_workflows_are_those_of_the_planner(quarter: Store) -> None:
    with quarter.read() as board:
        tasks = all_tasks(board)
    for task in tasks:
        assert task.complexity is planning.estimate(task.description).complexity
        assert task.analyst_included == planning.has_analyst(task.workflow)
        if len(task.workflow) > 1 and not task.ai_planner:
            plan = planning.choose_workflow(task.description, task.task_type, task.complexity, task.analyst_choice)
            assert [(s.key, s.role, s.scope, s.depends_on, s.constraints) for s in task.workflow] == [
                (s.key, s.role, s.scope, s.depends_on, s.constraints) for s in plan.workflow
            ]
            assert task.analyst_reason == plan.analyst_reason


def test_a_store_in_use_is_refused_and_stays_as_it_is(lite: Store) -> None:
    seed(lite, days=2, tasks=1, now=NOW)
    with lite.read() as board:
        before = board.clock()
    with pytest.raises(TooLate, match="The store is not empty; demo data goes into an empty store only"):
        seed(lite, days=2, tasks=1, now=NOW)
    with lite.read() as board:
        assert board.clock() == before


@pytest.mark.parametrize(("field", "value"), [("days", 0), ("days", 3_651), ("tasks", 0), ("tasks", 100_001)])
def test_numbers_out_of_bounds_are_refused(lite: Store, field: str, value: int) -> None:
    with pytest.raises(InvalidField, match=f"{field} must be from 1 to "):
        seed(lite, **{field: value})
    with lite.read() as board:
        assert board.clock() == 0


def test_one_day_works_too(lite: Store) -> None:
    seed(lite, days=1, tasks=5, now=NOW)
    with lite.read() as board:
        check_times(board)
        assert len(all_tasks(board)) == 5


def test_an_engine_that_listens_never_sees_a_task_to_run(lite: Store) -> None:
    """Each commit holds whole tasks only."""
    seen: list[int] = []

    def look(clock: int, news: object) -> None:
        with lite.read() as board:
            seen.append(len(board.running_tasks()))

    lite.listen(look)
    seed(lite, days=20, tasks=40, now=NOW)
    assert len(seen) > 1
    assert set(seen) == {0}


@pytest.mark.parametrize("agents", [1, 4, 12, 45])
def test_a_fleet_at_work(lite: Store, agents: int) -> None:
    live(lite, agents, NOW)
    with lite.read() as board:
        check_sums(board)
        fleet = board.fleet(NOW)
        at_work = [agent for agent in all_agents(board) if agent.live]
        running = board.running_tasks()
        assert max(entry.at for entry in log(board)) <= NOW
    assert len(at_work) == sum(fleet.by_role.values()) == agents
    assert len(running) == len(all_ids := {agent.task_id for agent in at_work}) == max(min(agents, 5), -(-agents // 20))
    assert {task.id for task in running} == all_ids
    assert all(task.simulated and task.status is TaskStatus.IN_PROGRESS for task in running)
    assert all(agent.retry_at for agent in at_work if agent.status is AgentStatus.WAITING)
    full = max(agent.context_used / (agent.context_window or 1) for agent in at_work if agent.context_window)
    assert full == pytest.approx(0.93, abs=0.001)
    if agents > 3:
        assert {a.status for a in at_work} == {AgentStatus.ACTIVE, AgentStatus.WAITING, AgentStatus.IDLE}
        assert all(agent.activity for agent in at_work if agent.status is not AgentStatus.IDLE)


def test_a_fleet_at_work_beside_a_history_and_twice(lite: Store) -> None:
    seed(lite, days=5, tasks=3, now=NOW)
    live(lite, 3, NOW)
    live(lite, 3, NOW)
    with lite.read() as board:
        assert sum(agent.live for agent in all_agents(board)) == 6
        done = board.connection.execute(sa.select(t.step_runs.c.outcome)).scalars().all()
    assert len(done) == 12
    assert all(done)


def test_an_engine_goes_on_with_a_fleet_at_work_as_after_a_crash(
    tmp_path: Path, eventually: Callable[..., None]
) -> None:
    """What is completed counts as paid; with a runner that waits the picture stays as it is."""
    found = settings.read({"QUARTERDECK_HOME": str(tmp_path / "home"), "QUARTERDECK_MAX_AGENTS": "20"})
    store = Store.open(found.database_url)
    live(store, 4, datetime.now(UTC))
    with store.read() as board:
        done = {agent.id: agent.ended_at for agent in all_agents(board) if not agent.live}
    store.close()
    go = threading.Event()
    deck = build(found, {Runtime.DEMO: ScriptedRunner(hold=go)})

    def states() -> Counter[AgentStatus]:
        with deck.store.read() as board:
            return Counter(agent.status for agent in all_agents(board))

    try:
        eventually(lambda: states()[AgentStatus.IDLE] == 0, within=30)
        with deck.store.read() as board:
            assert {a.id: a.ended_at for a in all_agents(board) if not a.live} == done
        go.set()
        eventually(lambda: states() == {AgentStatus.COMPLETED: 16}, within=60)
        with deck.store.read() as board:
            assert {a.id: a.ended_at for a in all_agents(board) if a.id in done} == done
    finally:
        go.set()
        deck.close()
