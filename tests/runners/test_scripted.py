"""The scripted runner: the real SDK without a process, in milliseconds, held and failed at will."""

from __future__ import annotations

import asyncio
import threading

import pytest

from data.domain.agents import Role
from data.domain.errors import AgentFailed
from data.domain.events import MessageMetered, Said, SessionStarted
from data.domain.money import Tokens
from orchestrator_adapter.runners import Job, Reply
from orchestrator_adapter.runners.scripted import ScriptedRunner


@pytest.fixture
def job(tmp_path) -> Job:
    return Job("t1", "a1", "builder", Role.BUILDER, "Do it", "", tmp_path, tmp_path / "log", keep=lambda b: b.decode())


async def collect(runner: ScriptedRunner, job: Job) -> list:
    return [item async for item in runner.run(job)]


def test_two_turns_with_usage_then_one_reply(job):
    found = asyncio.run(collect(ScriptedRunner(), job))
    assert isinstance(found[0], SessionStarted)
    assert [e.blob[:6] for e in found if isinstance(e, Said)] == ["I look", "## Sum"]
    metered = [e for e in found if isinstance(e, MessageMetered)]
    assert [e.tokens.output for e in metered] == [180, 240]
    assert all(e.cost_nanousd for e in metered)
    assert [i for i in found if isinstance(i, Reply)] == [found[-1]]
    assert found[-1] == Reply("## Summary\nScripted agent: all done.", found[0].session_id)


def test_a_script_of_ones_own(job):
    runner = ScriptedRunner([("Verdict: PASS", Tokens(input=1, output=2))])
    assert asyncio.run(collect(runner, job))[-1].text == "Verdict: PASS"


def test_it_fails_after_its_script(job):
    with pytest.raises(AgentFailed, match="not good"):
        asyncio.run(collect(ScriptedRunner(fail_with=AgentFailed("It is not good.")), job))
    with pytest.raises(AgentFailed, match="disk"):
        asyncio.run(collect(ScriptedRunner(fail_with=OSError("disk")), job))
    assert '"error": "disk"' in (job.log_dir / "summary.jsonl").read_text()


@pytest.mark.parametrize("event", [asyncio.Event, threading.Event])
def test_it_is_held_before_its_last_turn(job, event):
    async def held() -> int:
        hold, found = event(), []
        async for item in ScriptedRunner(hold=hold).run(job):
            found.append(item)
            if isinstance(item, MessageMetered):
                hold.set()
        return sum(isinstance(e, MessageMetered) for e in found)

    assert asyncio.run(held()) == 2


def test_cancelling_a_held_agent_ends_it(job):
    async def cancelled() -> None:
        async with asyncio.timeout(10):
            started, hold = asyncio.Event(), threading.Event()

            async def consume() -> None:
                async for _ in ScriptedRunner(hold=hold).run(job):
                    started.set()

            task = asyncio.create_task(consume())
            await started.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(cancelled())
    assert '"type": "Ended"' in (job.log_dir / "summary.jsonl").read_text()


def test_leaving_early_is_closing(job):
    async def first() -> object:
        run = ScriptedRunner(hold=threading.Event()).run(job)
        item = await anext(run)
        await run.aclose()
        return item

    assert isinstance(asyncio.run(first()), SessionStarted)


def test_many_at_once(job, tmp_path):
    async def many() -> list[list]:
        jobs = [Job("t", f"a{n}", "s", Role.ANALYST, "p", "", tmp_path, tmp_path / str(n)) for n in range(50)]
        return await asyncio.gather(*(collect(ScriptedRunner(), one) for one in jobs))

    sessions = {found[-1].session_id for found in asyncio.run(many())}
    assert len(sessions) == 50
