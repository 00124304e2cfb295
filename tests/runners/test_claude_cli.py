"""The real SDK and command line against the scripted model service: money, endings, and that nothing stays alive."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil
import pytest

from data.domain.agents import FileChange, Role
from data.domain.errors import AgentFailed, RuntimeUnavailable
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
from orchestrator_adapter.runners import Job, Reply, Runner, process
from orchestrator_adapter.runners.claude import ClaudeRunner, available, default_model
from orchestrator_adapter.runners.demo import MODEL, DemoRunner, prepare
from orchestrator_adapter.runners.demo.server import ModelServer

pytestmark = [pytest.mark.cli, pytest.mark.skipif(available() is not None, reason="the claude command line is missing")]

ROOT = Path(__file__).parents[2]
FOREIGN = [n for n in os.environ if n.startswith(("ANTHROPIC_", "CLAUDE"))]
STUBBORN = (
    "python3 -c 'import pathlib, signal, time; [signal.signal(n, signal.SIG_IGN) for n in (1, 2, 15)];"
    ' pathlib.Path("up").touch(); time.sleep(300)\''
)


@dataclass
class Run:
    """What a run yielded, and how it failed."""

    items: list = field(default_factory=list)
    error: Exception | None = None
    took_s: float = 0.0

    def of(self, *kinds: type) -> list:
        return [item for item in self.items if isinstance(item, kinds)]

    @property
    def reply(self) -> Reply:
        (reply,) = self.of(Reply)
        assert self.items[-1] is reply
        return reply

    @property
    def cost_nanousd(self) -> int:
        return sum(e.cost_nanousd for e in self.of(MessageMetered))


@pytest.fixture
def home(tmp_path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def job(tmp_path) -> Job:
    folder = tmp_path / "my work"
    prepare("success", folder)
    blobs: list[bytes] = []

    def keep(content: bytes) -> str:
        blobs.append(content)
        return str(len(blobs))

    return Job(
        "t1", "agent-1", "builder", Role.BUILDER, "Fix add()", "You are BUILDER.", folder, tmp_path / "log",
        scenario="success", keep=keep,
    )  # fmt: skip


def run(runner: Runner, job: Job) -> Run:
    async def collect() -> Run:
        out, began = Run(), time.monotonic()
        try:
            async for item in runner.run(job):
                out.items.append(item)
        except (AgentFailed, RuntimeUnavailable) as error:
            out.error = error
        out.took_s = time.monotonic() - began
        return out

    return asyncio.run(asyncio.wait_for(collect(), 60))


def alive(home: Path) -> list[psutil.Process]:
    """Processes of agents that were started from this home."""
    found = []
    for one in psutil.process_iter():
        try:
            if str(home) in one.environ().get("CLAUDE_CONFIG_DIR", "") and one.status() != psutil.STATUS_ZOMBIE:
                found.append(one)
        except psutil.Error:
            continue
    return found


def eventually(what: Callable[[], object], limit_s: float = 10) -> None:
    until = time.monotonic() + limit_s
    while not what():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.05)


async def stopped_at(runner: Runner, job: Job, here: Callable[[object], bool]) -> float:
    """Cancel the consumer once `here` is true of what it got; how long the stop took, in seconds."""
    reached = asyncio.Event()

    async def consume() -> None:
        async for item in runner.run(job):
            if here(item):
                reached.set()

    task = asyncio.create_task(consume())
    await asyncio.wait_for(reached.wait(), 30)
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return time.monotonic() - began


@contextmanager
def serving(home: Path, *script: dict, **options) -> Iterator[ClaudeRunner]:
    """A runner whose model says this script."""
    server = ModelServer(0, lambda scenario, part: script).start()
    own = {"CLAUDE_CONFIG_DIR": str(home / "config"), "HOME": str(home)}
    environment = {"ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_API_KEY": "sk-ant-dummy-of-the-tests", **own}
    home.mkdir(parents=True, exist_ok=True)
    try:
        yield ClaudeRunner(environment, pids=home / "pids", unset=FOREIGN, **options)
    finally:
        server.stop()


def bash(command: str) -> dict:
    return {"tools": [{"name": "Bash", "input": {"command": command, "description": "Test"}}]}


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
    done = run(DemoRunner(home, pace=0), replace(job, resume="11111111-2222-4333-8444-555555555555"))
    assert done.reply.text.startswith("## Summary")
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
    done = run(DemoRunner(home, pace=0), replace(job, resume=session))
    assert done.reply.session_id == session
    assert "return a + b" in (job.working_directory / "calc.py").read_text()


def test_a_wrong_key_is_told_within_seconds(job, home):
    refusal = {"error": {"status": 401, "type": "authentication_error", "message": "invalid x-api-key", "times": 99}}
    with serving(home, refusal) as runner:
        failed = run(runner, job)
    assert "401" in str(failed.error)
    assert failed.error.details["api_error_status"] == 401
    assert failed.took_s < 10
    assert alive(home) == []


def test_no_key_fails_in_the_words_of_the_command_line(job, home):
    home.mkdir()
    environment = {"CLAUDE_CONFIG_DIR": str(home / "config"), "HOME": str(home)}
    failed = run(ClaudeRunner(environment, pids=home / "pids", unset=FOREIGN), job)
    assert str(failed.error) == "Not logged in · Please run /login"
    assert failed.took_s < 15
    assert alive(home) == []


def test_a_failing_service_fails_the_agent_after_its_retries(job, home):
    broken = {"error": {"status": 500, "type": "api_error", "message": "scripted", "times": 99}}
    with serving(home, broken, max_retries=1) as runner:
        failed = run(runner, job)
    assert isinstance(failed.error, AgentFailed)
    assert "500" in str(failed.error)
    assert failed.error.details["terminal_reason"] == "api_error"
    assert len(failed.of(RetryScheduled)) == 1


def test_the_budget_ends_an_agent(job, home):
    with serving(home, *[bash(f"echo {n}") for n in range(9)], {"text": "never"}) as runner:
        failed = run(runner, replace(job, max_budget_usd=0.0001, model=MODEL))
    assert isinstance(failed.error, AgentFailed)
    assert failed.error.details["subtype"] == "error_max_budget_usd"
    assert "budget" in str(failed.error).lower()
    assert failed.cost_nanousd == pytest.approx(failed.of(TotalReported)[-1].total_nanousd, abs=1000)


def test_what_cannot_start_says_so_in_a_sentence(job, home):
    missing = run(ClaudeRunner({}, cli_path="/nowhere/claude", pids=home / "pids"), job)
    assert isinstance(missing.error, RuntimeUnavailable)
    assert str(missing.error) == "The Claude command line was not found at /nowhere/claude."
    nowhere = run(DemoRunner(home, pace=0), replace(job, working_directory=home / "nowhere"))
    assert str(nowhere.error).endswith("nowhere does not exist.")
    broken = run(ClaudeRunner({}, cli_path="/bin/false", pids=home / "pids"), job)
    assert isinstance(broken.error, AgentFailed)
    assert available("/nowhere/claude")
    assert default_model({"ANTHROPIC_MODEL": "claude-haiku-5-5"}) == "claude-haiku-5-5"


def test_a_stuck_stream_is_stopped_by_cancelling(job, home):
    runner = DemoRunner(home, pace=0)
    took_s = asyncio.run(
        stopped_at(runner, replace(job, scenario="stuck"), lambda i: getattr(i, "words", "") == "writing the answer")
    )
    assert took_s < 6
    assert alive(home) == []
    assert list((home / "pids").glob("*.json")) == []
    assert '"error": "stopped"' in (job.log_dir / "summary.jsonl").read_text()


def test_cancelling_while_the_process_starts(job, home):
    async def cancelled() -> float:
        task = asyncio.create_task(anext(DemoRunner(home, pace=0).run(job)))
        while not await asyncio.to_thread(alive, home):
            await asyncio.sleep(0.02)
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return time.monotonic() - began

    assert asyncio.run(asyncio.wait_for(cancelled(), 30)) < 8
    assert alive(home) == []


def test_a_command_that_ignores_sigterm_dies_with_its_agent(job, home):
    up = job.working_directory / "up"
    with serving(home, bash(STUBBORN), {"text": "done"}) as runner:

        async def stop_when_up() -> float:
            async def appeared() -> None:
                while not up.exists():
                    await asyncio.sleep(0.02)

            task = asyncio.create_task(to_the_end(runner, job))
            await asyncio.wait_for(appeared(), 30)
            began = time.monotonic()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return time.monotonic() - began

        took_s = asyncio.run(stop_when_up())
    assert took_s < 8
    assert alive(home) == []


async def to_the_end(runner: Runner, job: Job) -> None:
    async for _ in runner.run(job):
        pass


def test_a_child_that_was_let_go_does_not_outlive_the_step(job, home):
    let_go = "setsid nohup python3 -c 'import time; time.sleep(300)' >/dev/null 2>&1 & echo started"
    with serving(home, bash(let_go), {"text": "done"}) as runner:
        done = run(runner, job)
    assert done.error is None
    assert done.reply.text == "done"
    assert alive(home) == []


HOST = """
import asyncio, sys
from pathlib import Path
from data.domain.agents import Role
from data.domain.events import SessionStarted
from orchestrator_adapter.runners import Job
from orchestrator_adapter.runners.demo import DemoRunner
home, folder = Path(sys.argv[1]), Path(sys.argv[2])
job = Job("t1", "agent-1", "builder", Role.BUILDER, "Fix add()", "", folder, home / "log", scenario="stuck")
async def main():
    async for item in DemoRunner(home, pace=0).run(job):
        if isinstance(item, SessionStarted):
            print(item.pid, flush=True)
asyncio.run(main())
"""


def test_an_agent_does_not_outlive_a_host_that_was_killed(job, home):
    host = subprocess.Popen(
        [sys.executable, "-c", HOST, str(home), str(job.working_directory)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert host.stdout is not None
    pid = int(host.stdout.readline())
    assert [p.pid for p in alive(home)]
    host.send_signal(signal.SIGKILL)
    host.wait(5)
    host.stdout.close()
    process.sweep(home)
    eventually(lambda: not alive(home))
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    for name in ("tools.jsonl", "summary.jsonl"):
        lines = (home / "log" / name).read_text().splitlines()
        assert all(json.loads(line)["timestamp"] for line in lines)
    assert list((home / "pids").glob("*.json")) == []
