"""The replay of a task's log ends where the rows of the store are, and each moment of it is what the rows were then."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from random import Random
from typing import get_args

import pytest

from data.domain import events as e
from data.domain.agents import Agent, AgentStatus, FileChange, Role, Runtime
from data.domain.approvals import ApprovalStatus
from data.domain.errors import FleetError
from data.domain.fleet import Priority
from data.domain.money import Tokens
from data.domain.outcome_events import FailureSeen
from data.domain.tasks import Task, TaskStatus
from data.domain.workflows import StepStatus
from data.store import AgentFilter, Store, TaskFilter
from orchestrator_adapter.seed import live, seed
from orchestrator_adapter.views import story
from orchestrator_adapter.views.story import Opened
from tests.store.test_ledger import submitted

NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
AGENTS, STEPS = ("a1", "a2"), ("builder", "tester", "reviewer")


def rows(store: Store, task_id: str) -> tuple[Task, list[Agent]]:
    with store.read() as board:
        agents = board.agents(AgentFilter(task_id=task_id), limit=200).items
        return board.task(task_id), sorted(agents, key=lambda agent: agent.id)


def told(opened: Opened) -> tuple[Task | None, list[Agent]]:
    there = [agent for agent in opened.moment.everybody() if agent.id not in opened.moment.deleted]
    return opened.moment.whole(), sorted(there, key=lambda agent: agent.id)


def last(store: Store, task_id: str) -> Opened:
    with store.read() as board:
        found = story.of(store, board, task_id)
        return found.open(board, len(found))


def test_every_story_of_a_made_up_fleet_ends_at_its_rows(lite: Store):
    seed(lite, days=20, tasks=60, now=NOW)
    live(lite, agents=12, now=NOW)
    with lite.read() as board:
        ids = [task.id for task in board.tasks(TaskFilter(), limit=200).items]
    assert len(ids) > 60
    for task_id in ids:
        assert told(last(lite, task_id)) == rows(lite, task_id)


def _found(rng: Random) -> tuple[e.FoundFile, ...]:
    changes = [change for change in FileChange if change is not FileChange.READ]
    return tuple(e.FoundFile(path=f"/{n}", change=rng.choice(changes)) for n in range(3) if rng.random() < 0.5)


def _events(rng: Random, number: int) -> list[e.Event]:
    agent_id, step = rng.choice(list(AGENTS)), rng.choice(list(STEPS))
    task, ids = {"task_id": "t1"}, {"task_id": "t1", "agent_id": agent_id}
    tokens = Tokens(*(rng.randint(0, 50) for _ in range(5)))
    cost = rng.choice((None, rng.randint(0, 99)))
    question, earlier = f"q{number}", f"q{max(0, number - rng.randint(1, 12))}"
    later = datetime.fromtimestamp(NOW.timestamp() + number + 0.0004, UTC)
    return [
        e.AgentCreated(**ids, step=step, role=Role.BUILDER, name="B", model="m", runtime=Runtime.CLAUDE),
        e.AgentMoved(**ids, to=rng.choice(list(AgentStatus)), why="so", result="r"),
        e.AgentMoved(**ids, to=AgentStatus.ACTIVE),
        e.SessionStarted(**ids, session_id=f"s{number}", model="m2"),
        e.Activity(**ids, words=f"does {number}"),
        e.MessageMetered(
            **ids,
            message_id=f"{agent_id}-{number % 3}",
            request_id=rng.choice(("", "", "r1", "r2")),
            model="m",
            tokens=tokens,
            cost_nanousd=cost,
            subagent=not cost,
            summed=rng.random() < 0.2,
        ),
        e.MessageMetered(
            **ids,
            message_id=f"telemetry:r{number % 4}",
            request_id=f"r{number % 4}",
            model="m",
            tokens=tokens,
            cost_nanousd=cost,
        ),
        e.TaskDescribed(**task, description=f"described {number}"),
        e.ContextCompacted(**ids, after_tokens=rng.choice((None, number))),
        e.TotalReported(**ids, session_id="s", total_nanousd=rng.randint(0, 99)),
        e.TranscriptCounted(**ids, session_id="s", replies=1, cost_nanousd=rng.randint(0, 99)),
        e.ToolCalled(**ids, tool_use_id=str(number), tool="Bash", words="runs", input_blob=""),
        e.ToolReturned(**ids, tool_use_id=str(number), tool="Bash", is_error=False, output_blob=""),
        e.FileTouched(**ids, path=f"/{number % 2}", change=rng.choice(list(FileChange)), added=1),
        e.FolderCompared(**ids, files=_found(rng), looked_at=9, words="looked", took_ms=1),
        e.RetryScheduled(**ids, attempt=1, max_retries=2, delay_ms=5, error="busy", retry_at=later),
        e.StepRetried(**ids, step=step, attempt=2, most=3, why="busy", retry_at=later),
        e.StepContinued(**ids, step=step, attempt=2, worker="w", session=True),
        e.AgentTold(**ids, words="hurry", by="ana"),
        e.ToolRefused(**ids, tool="Bash", words="rm -r"),
        e.SubagentMoved(**ids, subagent_id="s", to="started", words="looks"),
        e.TaskPrioritized(**task, priority=rng.choice(list(Priority)), by="ana"),
        FailureSeen(**task, by="ana"),
        e.ApprovalAsked(**ids, approval_id=question, tool="B", words="w", input_blob="", why="", expires_at=later),
        e.ApprovalAnswered(**ids, approval_id=earlier, to=ApprovalStatus.ALLOWED, by="ana"),
        e.StepMoved(**task, step=step, to=rng.choice(list(StepStatus))),
        e.StepReset(**task, step=step, generation=number),
        e.TaskMoved(**task, to=rng.choice(list(TaskStatus)), why="so", result="r"),
        e.TaskMoved(**task, to=TaskStatus.IN_PROGRESS),
        e.TaskResumed(**task, kept_steps=(), kept_nanousd=number, by="ana"),
        e.OutcomeRecorded(
            **task,
            values={
                "tests_passed": rng.choice((None, True, False)),
                "score": rng.choice((None, 1, 5)),
                "note": rng.choice(("", "fine")),
            },
            by=rng.choice(("ana", "tester")),
            automatic=rng.random() < 0.5,
        ),
        e.TaskPlanned(
            **task,
            workflow=(e.StepSpec(key=step, role=Role.REVIEWER, scope="new"),),
            rationale="r",
            analyst_included=rng.choice((None, True, False)),
            analyst_reason="because",
        ),
    ]


def _event(rng: Random, number: int) -> e.Event:
    choices = _events(rng, number)
    often = [one for one in choices if isinstance(one, e.AgentCreated | e.ApprovalAsked | e.ApprovalAnswered)]
    return rng.choice(choices + 2 * often)


STILL = {
    *("Said", "Prompted", "Diagnostic", "AgentHeard", "TaskSubmitted", "TaskDeleted", "WorkerLost"),
    *("BudgetSet", "BudgetRemoved", "BudgetReached", "FleetSet", "AlertRaised", "AlertAnswered", "AlertJudged"),
    *("AlertRuleSet", "AlertRuleRemoved", "PreferenceSet", "ChannelSet", "ChannelRemoved", "DeliveryMoved"),
    *("SessionImported", "TranscriptRead", "ImportMoved", "SignalReceived", "LogsImported"),
    *("ReportScheduleSet", "ReportScheduleRemoved", "ReportDue"),
}
"""Kinds that change neither a task nor an agent, or only in ways that are plain to see; and those of tasks that were
read in, which have no story."""


def test_a_new_kind_of_event_is_thought_of_here_too():
    """Whoever adds one that changes a task or an agent has `data/domain/replay.py` follow it."""
    known = {type(event).__name__ for event in _events(Random(1), 1)} | STILL
    assert {kind.__name__ for kind in get_args(e.Event)} <= known


@pytest.mark.parametrize("status", [AgentStatus.COMPLETED, AgentStatus.FAILED])
def test_a_log_folder_that_was_read_in_has_its_story(lite: Store, status: AgentStatus):
    ids = {"task_id": "t1", "agent_id": "a1"}
    with lite.write() as ledger:
        ledger.append(submitted(runtime=Runtime.IMPORTED))
        ledger.append(_events(Random(1), 1)[0].model_copy(update=ids | {"runtime": Runtime.IMPORTED}))
        read = e.LogsImported(
            **ids, folder="/l", files={}, status=status, why="so", result="r", began_at=NOW, ended_at=NOW
        )
        ledger.append(read)
    assert told(last(lite, "t1")) == rows(lite, "t1")


@pytest.mark.parametrize("number", range(12))
def test_whatever_the_store_takes_the_replay_follows(lite: Store, number: int):
    """Orders nobody has thought of: what the store refuses is in no log, and so in no replay."""
    rng, stood = Random(number), []
    with lite.write() as ledger:
        ledger.append(submitted())
    for part in range(4):
        with lite.write() as ledger:
            for turn in range(25):
                with contextlib.suppress(FleetError):
                    ledger.append(_event(rng, 25 * part + turn))
        with lite.read() as board:
            stood.append((board.clock(), rows(lite, "t1")))
    with lite.read() as board:
        found = story.of(lite, board, "t1")
        for event_id, then in stood:
            assert told(found.open(board, found.number_of(event_id))) == then
