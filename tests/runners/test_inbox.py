"""The messages of one agent: in order, each once, whoever puts them in and whenever."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

import pytest

from data.domain.agents import Role
from data.domain.events import AgentHeard, MessageMetered
from orchestrator_adapter.runners import Job
from orchestrator_adapter.runners.inbox import Inbox, Note
from orchestrator_adapter.runners.scripted import ScriptedRunner


def test_in_order_and_each_once():
    inbox = Inbox()
    for number in (3, 1, 3, 2):
        inbox.put(Note(number, str(number)))
    inbox.said_already(2)
    assert inbox.waiting
    assert [note.id for note in inbox.take()] == [1, 3]
    inbox.put(Note(2, "2"))
    assert not inbox.waiting
    assert (inbox.opened_with, inbox.passed_on(3), inbox.passed_on(4)) == (2, True, False)


def test_a_message_wakes_from_any_thread():
    async def woken() -> bool:
        inbox, came = Inbox(), asyncio.Event()
        with inbox.waking(came):
            threading.Thread(target=inbox.put, args=(Note(1, "x"),)).start()
            await asyncio.wait_for(came.wait(), 5)
        late = asyncio.Event()
        with inbox.waking(late):
            return late.is_set()

    assert asyncio.run(woken()), "one that waits already wakes at once"


@pytest.mark.parametrize("held", [True, False])
def test_a_scripted_agent_is_interrupted_or_told_at_its_end(tmp_path, held):
    """Told after its first reply: a held one is interrupted; another may have ended, and then its message waits."""
    hold = threading.Event()
    job = Job("t1", "a1", "builder", Role.BUILDER, "Do it", "", tmp_path, tmp_path / "log", keep=lambda b: b.decode())
    job = replace(job, inbox=Inbox())

    async def collect() -> list:
        found = []
        async for item in ScriptedRunner(hold=hold if held else None).run(job):
            found.append(item)
            if isinstance(item, MessageMetered) and not job.inbox.passed_on(7):
                job.inbox.put(Note(7, "Try the other file."))
            if isinstance(item, AgentHeard):
                hold.set()
        return found

    found = asyncio.run(asyncio.wait_for(collect(), 10))
    heard = [item.told for item in found if isinstance(item, AgentHeard)]
    assert heard == ([] if job.inbox.waiting else [7])
    assert not held or heard
