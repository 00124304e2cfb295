"""Real agents against a scripted model service: what the tests of the real runner share."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from data.domain.agents import Role
from data.domain.errors import AgentFailed, RuntimeUnavailable
from data.domain.events import MessageMetered
from orchestrator_adapter.runners import Job, Reply, Runner
from orchestrator_adapter.runners.claude import ClaudeRunner
from orchestrator_adapter.runners.command_line import available
from orchestrator_adapter.runners.demo import prepare
from orchestrator_adapter.runners.demo.server import ModelServer

needs_cli = [pytest.mark.cli, pytest.mark.skipif(available() is not None, reason="the claude command line is missing")]

ROOT = Path(__file__).parents[2]
FOREIGN = [n for n in os.environ if n.startswith(("ANTHROPIC_", "CLAUDE"))]


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


def a_job(folder: Path) -> Job:
    """The builder of the story `success`, in a small project below the folder."""
    work = folder / "my work"
    prepare("success", work)
    blobs: list[bytes] = []

    def keep(content: bytes) -> str:
        blobs.append(content)
        return str(len(blobs))

    return Job(
        "t1", "agent-1", "builder", Role.BUILDER, "Fix add()", "You are BUILDER.", work, folder / "log",
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
def serving(home: Path, *script: dict, pace: float = 0, **options) -> Iterator[ClaudeRunner]:
    """A runner whose model says this script."""
    server = ModelServer(pace, lambda scenario, part: script).start()
    own = {"CLAUDE_CONFIG_DIR": str(home / "config"), "HOME": str(home)}
    environment = {"ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_API_KEY": "sk-ant-dummy-of-the-tests", **own}
    home.mkdir(parents=True, exist_ok=True)
    try:
        yield ClaudeRunner(environment, pids=home / "pids", unset=FOREIGN, **options)
    finally:
        server.stop()


def bash(command: str) -> dict:
    return {"tools": [{"name": "Bash", "input": {"command": command, "description": "Test"}}]}
