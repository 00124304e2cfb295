"""The real SDK and command line: what an agent does is told, and costs what the command line says."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from data.domain.agents import FileChange, Role
from data.domain.events import (
    Activity,
    Diagnostic,
    FileTouched,
    MessageMetered,
    RetryScheduled,
    SessionStarted,
    SubagentMoved,
    ToolCalled,
    ToolRefused,
    ToolReturned,
    TotalReported,
)
from orchestrator_adapter.runners import Job
from orchestrator_adapter.runners.demo import MODEL, DemoRunner
from tests.runners.real_agents import Run, a_job, alive, needs_cli, run, stopped_at

pytestmark = needs_cli


@pytest.fixture
def home(tmp_path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def job(tmp_path) -> Job:
    return a_job(tmp_path)


def test_a_builder_really_changes_the_file_and_tells_everything(job, home):
    done = run(DemoRunner(home, pace=0), job)
    assert done.error is None
    assert "return a + b" in (job.working_directory / "calc.py").read_text()
    assert done.reply.text.startswith("## Summary\n`add()` now adds")
    (started,) = done.of(SessionStarted)
    assert (started.session_id, started.model) == (done.reply.session_id, MODEL)
    assert started.pid
    assert [(e.path, e.change, e.added, e.removed) for e in done.of(FileTouched)] == [
        ("calc.py", FileChange.READ, 0, 0),
        ("calc.py", FileChange.MODIFIED, 1, 1),
    ]
    assert [e.words for e in done.of(ToolCalled)] == ["reading calc.py", "editing calc.py"]
    assert {"thinking", "editing calc.py", "writing the answer"} <= {e.words for e in done.of(Activity)}
    metered = done.of(MessageMetered)
    assert len({(e.message_id, e.request_id) for e in metered}) == len(metered) == 3
    assert all(e.request_id.startswith("req_demo_") for e in metered)
    assert metered[0].tokens.cache_write_1h > 1000
    assert metered[2].tokens.cache_read > 1000
    assert alive(home) == []
    assert list((home / "pids").glob("*.json")) == []
    log_is_whole(job)


def log_is_whole(job: Job) -> None:
    assert (job.log_dir / "prompt.txt").read_text() == "Fix add()\n\n[[scenario:success.builder]]"
    tools = [json.loads(line) for line in (job.log_dir / "tools.jsonl").read_text().splitlines()]
    assert [(t["type"], t["tool_name"]) for t in tools] == [
        ("tool_use", "Read"), ("tool_result", "Read"), ("tool_use", "Edit"), ("tool_result", "Edit"),
    ]  # fmt: skip
    assert tools[3]["detail"]["structuredPatch"]
    summary = [json.loads(line) for line in (job.log_dir / "summary.jsonl").read_text().splitlines()]
    assert [line["type"] for line in summary][:2] == ["Started", "SystemMessage"]
    assert [line["type"] for line in summary][-2:] == ["ResultMessage", "Ended"]
    assert summary[-1]["ok"] is True
    assert "] AssistantMessage:\n## Summary" in (job.log_dir / "text.txt").read_text()


ENDINGS = [
    ("success", Role.TESTER),
    ("failing_test", Role.BUILDER),
    ("overload", Role.BUILDER),
    ("refused_tool", Role.BUILDER),
    ("subagent", Role.ANALYST),
]


@pytest.mark.parametrize(("scenario", "role"), ENDINGS)
def test_our_price_book_agrees_with_the_command_line(scenario, role, job, home):
    done = run(DemoRunner(home, pace=0), replace(job, scenario=scenario, role=role))
    assert done.error is None
    assert done.cost_nanousd == pytest.approx(done.of(TotalReported)[-1].total_nanousd, abs=1000)
    assert alive(home) == []
    assert {
        "success": lambda: "0 passed, 2 failed" in done.reply.text and done.of(ToolReturned)[0].is_error,
        "failing_test": lambda: "abs(a)" in (job.working_directory / "calc.py").read_text(),
        "overload": lambda: [(e.attempt, e.status) for e in done.of(RetryScheduled)] == [(1, 529), (2, 529)],
        "refused_tool": lambda: refused(done, job),
        "subagent": lambda: delegated(done),
    }[scenario]()


def refused(done: Run, job: Job) -> bool:
    (refusal,) = done.of(ToolRefused)
    assert refusal.tool == "Write"
    assert "permissions" in refusal.words
    assert not (job.working_directory.parent / "release-notes.txt").exists()
    return "return a + b" in (job.working_directory / "calc.py").read_text()


def delegated(done: Run) -> bool:
    assert [e.to for e in done.of(SubagentMoved)] == ["started", "completed"]
    metered = done.of(MessageMetered)
    assert len({(e.message_id, e.request_id) for e in metered}) == len(metered)
    assert [e.subagent for e in done.of(ToolCalled)] == [False, True, False]
    return sum(e.subagent for e in metered) == 2


def test_a_resumed_session_goes_on_and_counts_nothing_twice(job, home):
    runner = DemoRunner(home, pace=0)
    first = run(runner, job)
    again = run(runner, replace(job, resume=first.reply.session_id))
    assert again.of(SessionStarted)[0].session_id == first.reply.session_id
    seen = {e.message_id for e in first.of(MessageMetered)}
    assert seen.isdisjoint(e.message_id for e in again.of(MessageMetered))
    total = again.of(TotalReported)[-1].total_nanousd
    assert first.cost_nanousd + again.cost_nanousd == pytest.approx(total, abs=1000)


def test_a_session_without_a_transcript_is_begun_anew(job, home):
    gone = replace(job, resume="11111111-2222-4333-8444-555555555555", resume_prompt="Go on.")
    done = run(DemoRunner(home, pace=0), gone)
    assert done.reply.text.startswith("## Summary")
    assert job.prompt in (job.log_dir / "prompt.txt").read_text(), "the agent that begins anew is told its task"
    assert any("No conversation found" in e.words for e in done.of(Diagnostic))
    assert done.cost_nanousd == pytest.approx(done.of(TotalReported)[-1].total_nanousd, abs=1000)


def test_a_killed_agent_resumes_where_it_was(job, home):
    async def stopped() -> str:
        sessions: list[str] = []

        def at_the_edit(item: object) -> bool:
            if isinstance(item, SessionStarted):
                sessions.append(item.session_id)
            return isinstance(item, MessageMetered)

        await stopped_at(DemoRunner(home, pace=1), job, at_the_edit)
        return sessions[0]

    session = asyncio.run(stopped())
    assert "return a - b" in (job.working_directory / "calc.py").read_text()
    done = run(DemoRunner(home, pace=0), replace(job, resume=session, resume_prompt="Go on."))
    assert done.reply.session_id == session
    assert (job.log_dir / "prompt.txt").read_text().rpartition("---\n\n")[2].startswith("Go on.")
    assert "return a + b" in (job.working_directory / "calc.py").read_text()
