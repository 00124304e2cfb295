"""The real SDK and command line: agents fail in clear words, stop when told to, and leave nothing alive."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from data.domain.errors import AgentFailed, RuntimeUnavailable
from data.domain.events import (
    MessageMetered,
    RetryScheduled,
    ToolReturned,
    TotalReported,
)
from orchestrator_adapter.runners import Job, Runner, process
from orchestrator_adapter.runners.claude import ClaudeRunner
from orchestrator_adapter.runners.command_line import available
from orchestrator_adapter.runners.demo import MODEL, DemoRunner
from tests.runners.real_agents import FOREIGN, ROOT, a_job, alive, bash, needs_cli, run, serving, stopped_at

pytestmark = needs_cli

STUBBORN = (
    "python3 -c 'import pathlib, signal, time; [signal.signal(n, signal.SIG_IGN) for n in (1, 2, 15)];"
    ' pathlib.Path("up").touch(); time.sleep(300)\''
)


@pytest.fixture
def home(tmp_path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def job(tmp_path) -> Job:
    return a_job(tmp_path)


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


def test_a_stuck_stream_is_stopped_by_cancelling(job, home):
    runner = DemoRunner(home, pace=0)
    took_s = asyncio.run(
        stopped_at(runner, replace(job, scenario="stuck"), lambda i: getattr(i, "words", "") == "writing the answer")
    )
    assert took_s < 6
    assert alive(home) == []
    assert list((home / "pids").glob("*.json")) == []
    assert '"error": "stopped"' in (job.log_dir / "summary.jsonl").read_text()


def test_what_a_stopped_agent_used_is_not_lost(job, home):
    async def stopped() -> tuple[list, tuple]:
        agent, seen = DemoRunner(home, pace=1).run(job), []
        async for item in agent:
            seen.append(item)
            if isinstance(item, ToolReturned):
                break
        await agent.aclose()
        return seen, agent.leftover

    seen, leftover = asyncio.run(asyncio.wait_for(stopped(), 30))
    spent = sum(e.cost_nanousd for e in [*seen, *leftover] if isinstance(e, MessageMetered))
    reported = [e.total_nanousd for e in leftover if isinstance(e, TotalReported)]
    assert spent > 0
    assert spent == pytest.approx(reported[-1], abs=300_000), "the output of a reply that was broken off is an estimate"
    assert alive(home) == []


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


def eventually(what: Callable[[], object], limit_s: float = 10) -> None:
    until = time.monotonic() + limit_s
    while not what():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.05)


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
    eventually(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    for name in ("tools.jsonl", "summary.jsonl"):
        lines = (home / "log" / name).read_text().splitlines()
        assert all(json.loads(line)["timestamp"] for line in lines)
    assert list((home / "pids").glob("*.json")) == []
