"""Imported sessions beside the fleet's own work: they count as money, and as nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from data.domain import events as e
from data.domain import observed
from data.domain.agents import AgentStatus
from data.domain.budgets import Act, Budget, Period, Scope, Stage
from data.domain.history_events import ImportMoved, SessionImported
from data.domain.imports import ImportReport
from data.domain.tasks import TaskStatus
from data.store import AgentFilter, Store, spending
from orchestrator_adapter.engine.tidy import tidy
from orchestrator_adapter.ingest.transcript_files import find
from orchestrator_adapter.ingest.transcripts import Scan
from orchestrator_adapter.views import live
from tests.ingest.trees import OTHER, PRICE, SESSION, main_file, prompt, says, write
from tests.store.test_board import append, created, submitted

NOW = datetime(2026, 11, 1, 10, 1, 30, tzinfo=UTC)
"""A moment after the sessions ended."""


def imported(store: Store, root: Path) -> None:
    write(main_file(root), prompt("Fix it"), says(1), says(2, second=80))
    write(main_file(root, OTHER), prompt("More", session=OTHER), says(3, session=OTHER, second=70, cwd="/srv/other"))
    Scan(store).run(find(root))


def test_the_money_of_today_counts_and_the_live_board_is_not_disturbed(store: Store, tmp_path: Path) -> None:
    imported(store, tmp_path)
    with store.read() as board:
        fleet = board.fleet(NOW)
        assert fleet.today_nanousd == 3 * PRICE
        assert sum(fleet.spend_by_hour) == 3 * PRICE
        assert (fleet.agents, fleet.running_tasks, fleet.completed_7d, fleet.tasks_7d) == (0, 0, 0, 0)
        assert sum(fleet.starts_by_hour) == 0
        assert board.just_ended(NOW - timedelta(minutes=2)) == []
        assert board.past_tasks(simulated=False) == []
        assert {name for name in live.fleet(board, NOW) if name != "kpis"} == set()
        assert len(board.tasks().items) == 2
        assert len(board.agents(AgentFilter(imported=True)).items) == 2
        assert board.agents(AgentFilter(imported=False)).items == []
        assert board.imported_counts() == (2, 2)


def test_no_budget_is_used_by_what_was_imported(store: Store, tmp_path: Path) -> None:
    imported(store, tmp_path)
    stages = (Stage(100, next(iter(Act))),)
    common = {"period": Period.TOTAL, "limit_nanousd": 1, "stages": stages}
    fleet = Budget(id="b1", name="fleet", scope=Scope.FLEET, subject="", **common)
    folder = Budget(id="b2", name="folder", scope=Scope.FOLDER, subject="/srv", **common)
    user = Budget(id="b3", name="user", scope=Scope.USER, subject="import", **common)
    with store.read() as board:
        for budget in (fleet, folder, user):
            assert spending.spent(board.connection, budget, NOW).nanousd == 0
    append(store, submitted("t1"), created("a1", "t1"))
    counted = {"task_id": "t1", "agent_id": "a1", "model": "m", "tokens": e.Tokens(1), "cost_nanousd": 7}
    append(store, e.MessageMetered(message_id="ours", **counted))
    with store.read() as board:
        assert spending.spent(board.connection, fleet, NOW).nanousd == 7


def test_clean_up_leaves_history_alone(store: Store, tmp_path: Path) -> None:
    imported(store, tmp_path)
    append(store, e.FleetSet(task_id="", name="cleanup", values={"automatic": True, "after_days": 1}, by="me"))
    assert tidy(store, NOW + timedelta(days=400)) == 0


def test_what_it_cost_by_day_project_and_model(store: Store, tmp_path: Path) -> None:
    imported(store, tmp_path)
    with store.read() as board:
        (day,) = board.imported_by_day()
        projects, (model,) = board.imported_by_project(), board.imported_by_model()
        assert board.imported_searches() == 0
    assert (f"{day.day:%Y-%m-%d}", day.replies, day.nanousd, day.tokens.output) == ("2026-11-01", 3, 3 * PRICE, 300)
    assert [(p.name, p.sessions, p.nanousd) for p in projects] == [("/srv/shop", 2, 3 * PRICE)]
    assert (model.name, model.sessions, model.replies, model.tokens) == ("claude-opus-4-8", 2, 3, 330)


def test_an_import_is_a_row_that_its_events_keep(store: Store) -> None:
    moved = {"task_id": "", "import_id": "i1", "folder": "/x", "by": "me"}
    append(store, ImportMoved(to="running", **moved))
    with store.read() as board:
        running = board.import_of("i1")
        assert (running.status, running.ended_at, running.report) == ("running", None, ImportReport())
        assert not running.broken_off(running.heard_at + timedelta(seconds=29))
        assert running.broken_off(running.heard_at + timedelta(seconds=31))
    report = {"new": 2, "skipped": {"why": 1}, "fault_places": ["a:1"], "of tomorrow": 1}
    append(store, ImportMoved(to="completed", files_total=3, files_done=3, report=report, **moved))
    with store.read() as board:
        (done,) = board.imports()
        assert (done.status, done.files_done, done.report.new, done.report.skips) == ("completed", 3, 2, 1)
        assert not done.broken_off(done.heard_at + timedelta(days=1))


def test_a_session_that_another_program_told_of_gets_its_replies_and_keeps_its_life(
    store: Store, tmp_path: Path
) -> None:
    """Hooks tell that a session runs, and not what it used; that comes from its transcript."""
    task_id, agent_id = observed.task_id(SESSION), observed.agent_id(SESSION)
    append(store, submitted(task_id, runtime="attached"), e.TaskMoved(task_id=task_id, to=TaskStatus.IN_PROGRESS))
    append(store, created(agent_id, task_id, runtime="attached"))
    append(store, e.AgentMoved(task_id=task_id, agent_id=agent_id, to=AgentStatus.ACTIVE))
    append(store, e.SessionStarted(task_id=task_id, agent_id=agent_id, session_id=SESSION, model="m"))
    write(main_file(tmp_path), prompt("Fix it"), says(1))
    assert Scan(store).run(find(tmp_path)).replies == 1
    with store.read() as board:
        task, agent = board.task(task_id), board.agent(agent_id)
        assert (task.status, task.ended_at, task.cost_nanousd) == (TaskStatus.IN_PROGRESS, None, PRICE)
        assert (agent.status, agent.ended_at, agent.cost_nanousd) == (AgentStatus.ACTIVE, None, PRICE)


def test_a_session_is_brought_back_with_its_agents(store: Store, tmp_path: Path) -> None:
    imported(store, tmp_path)
    task_id = observed.task_id(SESSION)
    append(store, e.TaskDeleted(task_id=task_id, by="me"))
    again = {"session_id": SESSION, "description": "x", "working_directory": "/x", "model": "m", "began_at": NOW}
    append(store, SessionImported(task_id=task_id, by="import", **again))
    with store.read() as board:
        assert board.task(task_id).description == "Fix it"
        assert board.agent(observed.agent_id(SESSION)).status is AgentStatus.COMPLETED
