"""A person's message to a real agent in each of its states: it is interrupted, reads it, and goes on in its session."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from data.domain.events import (
    AgentHeard,
    Event,
    MessageMetered,
    RetryScheduled,
    SessionStarted,
    ToolCalled,
    TotalReported,
)
from data.domain.money import Tokens
from data.domain.prices import book
from orchestrator_adapter.runners import Answer, Job, Runner
from orchestrator_adapter.runners.inbox import Inbox, Note
from tests.runners.real_agents import Run, a_job, alive, bash, needs_cli, serving

pytestmark = needs_cli

TEXT = "Try the other file."
SLOW = {"text": "## Summary\n" + "word " * 300, "seconds": 1.5}
STUCK = {"text": "## Summary\nword", "stall": True}
DONE = {"text": "## Summary\nI tried it."}
OVERLOADED = {"error": {"status": 529, "type": "overloaded_error", "message": "scripted", "times": 1}, **DONE}
ONCE = """if test -e pid; then for n in $(seq 60); do ps -p $(cat pid) || { touch gone; break; }; sleep 0.05; done
else python3 -c 'import os, time; open("pid", "w").write(str(os.getpid())); time.sleep(60)'; fi"""
"""Runs for a minute; said again it looks whether the first one is still alive."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return replace(a_job(tmp_path), inbox=Inbox())


def told(runner: Runner, job: Job, *moments: tuple[Callable[[Event], object], list[str]]) -> Run:
    """Run to the end; at each moment, when its condition is true of what came, its texts are said."""
    left, numbers = list(moments), iter(range(7, 99))

    async def collect() -> Run:
        out, began = Run(), time.monotonic()
        async for item in runner.run(job):
            out.items.append(item)
            if left and isinstance(item, Event) and left[0][0](item):
                for text in left.pop(0)[1]:
                    job.inbox.put(Note(next(numbers), text))
        out.took_s = time.monotonic() - began
        return out

    return asyncio.run(asyncio.wait_for(collect(), 45))


def begun(item: Event) -> bool:
    return isinstance(item, SessionStarted)


def writes(item: Event) -> bool:
    return getattr(item, "words", "") == "writing the answer"


def retries(item: Event) -> bool:
    return isinstance(item, RetryScheduled)


def heard(item: Event) -> bool:
    return isinstance(item, AgentHeard)


def said_to_it(home: Path) -> list[str]:
    """What people said, as it stands in the one transcript there is."""
    (path,) = home.glob("config/projects/*/*.jsonl")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    users = [line["message"]["content"] for line in lines if line["type"] == "user"]
    return [content for content in users if isinstance(content, str)]


def replies_of(run: Run) -> dict[str, MessageMetered]:
    return {event.message_id: event for event in run.of(MessageMetered)}


def guessed_nanousd(run: Run) -> int:
    """The most that the CLI's total may hold beyond what was counted: the words of each reply that was broken off.

    It counts those that had come, the transcript one token; how many had come depends on how fast the machine is. None
    is longer than the longest reply.
    """
    replies = list(replies_of(run).values())
    longest = max(replies, key=lambda reply: reply.tokens.output)
    words = book().cost_nanousd(longest.model, Tokens(output=longest.tokens.output), datetime.now(UTC))
    assert words is not None
    return words * (len(replies) - 1)


def check(run: Run, home: Path, *told: str) -> None:
    """The same session, every message in it once and in order, the money right, nobody left alive."""
    assert run.reply.text.startswith("## Summary")
    assert len(run.of(SessionStarted)) == 1
    assert said_to_it(home) == ["Fix add()", *told]
    total = run.of(TotalReported)[-1].total_nanousd
    assert total - guessed_nanousd(run) <= run.cost_nanousd <= total + 1000
    assert run.took_s < 20
    assert alive(home) == []


@pytest.mark.parametrize(
    ("script", "pace", "moment", "replies"),
    [
        pytest.param(SLOW, 1, begun, (1, 2), id="just begun"),  # the first reply may have begun before it is told
        pytest.param(SLOW, 1, writes, (2,), id="streaming"),
        pytest.param(STUCK, 0, writes, (2,), id="stalled"),
        pytest.param(OVERLOADED, 0, retries, (1,), id="retrying"),
    ],
)
def test_an_agent_is_interrupted_and_goes_on(job, home, script, pace, moment, replies):
    with serving(home, script, pace=pace) as runner:
        ended = told(runner, job, (moment, [TEXT]))
    check(ended, home, TEXT)
    assert [event.told for event in ended.of(AgentHeard)] == [7]
    assert len(replies_of(ended)) in replies
    assert (job.log_dir / "prompt.txt").read_text().endswith(TEXT)


def test_the_processes_of_a_running_tool_end(job, home):
    work = job.working_directory

    async def say_when_it_runs() -> None:
        while not (work / "pid").exists() or not (work / "pid").read_text():
            await asyncio.sleep(0.02)
        job.inbox.put(Note(7, TEXT))

    async def collect() -> Run:
        out, began = Run(), time.monotonic()
        saying = asyncio.create_task(say_when_it_runs())
        out.items = [item async for item in runner.run(job)]
        await saying
        out.took_s = time.monotonic() - began
        return out

    with serving(home, bash(ONCE), DONE) as runner:
        ended = asyncio.run(asyncio.wait_for(collect(), 45))
    check(ended, home, TEXT)
    assert (work / "gone").exists()


def test_several_messages_arrive_in_order_and_none_is_lost(job, home):
    with serving(home, SLOW, pace=1) as runner:
        ended = told(runner, job, (writes, ["one", "two"]), (heard, ["three"]))
    check(ended, home, "one\n\ntwo", "three")
    assert [event.told for event in ended.of(AgentHeard)] == [8, 9]


def test_a_message_ends_the_waiting_for_a_person(job, home):
    asked = []

    async def ask(_job: Job, tool: str, _given: dict, _words: str) -> Answer:
        asked.append(tool)
        if len(asked) == 1:
            _job.inbox.put(Note(7, TEXT))
            await asyncio.Event().wait()
        return Answer(True)

    with serving(home, bash("touch it"), DONE) as runner:
        ended = told(runner, replace(job, ask_tools=("Bash",), ask=ask))
    check(ended, home, TEXT)
    assert asked == ["Bash", "Bash"]
    assert len(ended.of(ToolCalled)) == 2
    assert (job.working_directory / "it").exists()
