"""The store goes away while agents work: nothing told is lost, nothing is paid twice, all goes on by itself."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from data.domain import events as e
from data.domain.agents import AgentStatus
from data.domain.errors import StoreUnavailable
from data.domain.events import Event
from data.domain.money import Tokens
from data.domain.tasks import Task, TaskStatus
from data.domain.workflows import StepStatus
from data.store import AgentFilter, Store
from orchestrator_adapter import commands
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.engine import step
from orchestrator_adapter.runners import Job, Reply
from tests.engine.cast import REPORT, submit
from tests.postgres import PostgresServer

Ended = Callable[[Deck, str], Task]
Launch = Callable[..., Deck]
Eventually = Callable[..., None]
CENT = 10_000_000


@dataclass
class Talker:
    """Agents that tell something new all the time until they may end; every reply costs a cent."""

    may_end: threading.Event = field(default_factory=threading.Event)
    jobs: list[Job] = field(default_factory=list)
    sent: int = 0
    closed: int = 0

    async def run(self, job: Job) -> AsyncIterator[Event | Reply]:
        self.jobs.append(job)
        ids = {"task_id": job.task_id, "agent_id": job.agent_id}
        try:
            yield e.SessionStarted(**ids, session_id=f"s-{job.step}", model="claude-sonnet-5-5")
            while True:
                self.sent += 1
                message = {"message_id": f"m-{self.sent}", "model": "claude-sonnet-5-5", "tokens": Tokens(10, 5)}
                yield e.MessageMetered(**ids, **message, cost_nanousd=CENT)
                text = f"reply {self.sent}".encode()
                yield e.Said(**ids, message_id=f"m-{self.sent}", block="text", chars=len(text), blob=job.keep(text))
                if self.may_end.is_set():
                    break
                await asyncio.sleep(0.02)
            yield Reply(REPORT.format(role=job.role.value))
        finally:
            self.closed += 1


def look(deck: Deck, task_id: str) -> Task:
    with deck.store.read() as board:
        return board.task(task_id)


def all_is_there(deck: Deck, task_id: str, talker: Talker) -> None:
    """Completed, every cent counted once, every text kept, no step done twice."""
    task = look(deck, task_id)
    assert (task.status, task.error) == (TaskStatus.COMPLETED, None)
    with deck.store.read() as board:
        agents = board.agents(AgentFilter(task_id=task_id)).items
        counted = sum(m.cost_nanousd or 0 for agent in agents for m in board.messages(agent.id))
        said = [r.event for r in board.events(task_id=task_id, limit=100_000) if isinstance(r.event, e.Said)]
        texts = {board.blob(event.blob).decode() for event in said}
    assert counted == task.cost_nanousd == sum(agent.cost_nanousd for agent in agents) == talker.sent * CENT
    assert len(said) == len(texts) == talker.sent
    assert {agent.status for agent in agents} == {AgentStatus.COMPLETED}


def test_postgresql_is_gone_for_a_while(
    launch: Launch, own_postgres: PostgresServer, ended: Ended, eventually: Eventually
) -> None:
    talker = Talker()
    deck = launch(talker, own_postgres.database("fleet"))
    task_id = submit(deck, "Quick fix").id
    eventually(lambda: look(deck, task_id).cost_nanousd)
    own_postgres.stop()
    before = talker.sent
    eventually(lambda: deck.store.trouble is not None)
    assert any("cannot be used" in reason for reason in deck.not_ready())
    with pytest.raises(StoreUnavailable):
        commands.cancel_task(deck, LOCAL, task_id)
    eventually(lambda: talker.sent > before + 50)
    own_postgres.start()
    talker.may_end.set()
    ended(deck, task_id)
    all_is_there(deck, task_id, talker)
    assert [job.step for job in talker.jobs] == ["builder", "tester"]
    eventually(lambda: deck.store.trouble is None)


def test_an_agent_that_nobody_can_see_is_stopped_and_goes_on_later(
    launch: Launch, own_postgres: PostgresServer, ended: Ended, eventually: Eventually
) -> None:
    talker = Talker()
    deck = launch(talker, own_postgres.database("fleet"))
    step.bench().unseen_s = 0.5
    task_id = submit(deck, "Quick fix").id
    eventually(lambda: look(deck, task_id).cost_nanousd)
    own_postgres.stop()
    eventually(lambda: talker.closed == 1)
    sent = talker.sent
    own_postgres.start()
    talker.may_end.set()
    ended(deck, task_id)
    all_is_there(deck, task_id, talker)
    assert sent > 1
    assert [(job.step, job.resume) for job in talker.jobs] == [
        ("builder", None),
        ("builder", "s-builder"),
        ("tester", None),
    ]


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_a_cancel_that_came_while_the_connection_was_cut_is_obeyed(
    launch: Launch, store_url: str, eventually: Eventually
) -> None:
    talker = Talker()
    deck = launch(talker, store_url)
    task_id = submit(deck, "Quick fix").id
    eventually(lambda: look(deck, task_id).cost_nanousd)
    other = Store.open(store_url)
    with other.write(durable=True) as ledger:
        ledger.append(e.TaskMoved(task_id=task_id, to=TaskStatus.CANCELLED, why="Cancelled by me.", by="me"))
        cut = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> "
        ledger.connection.exec_driver_sql(f"{cut} pg_backend_pid()")
    other.close()
    eventually(lambda: talker.closed == 1, within=20)

    def statuses() -> set[AgentStatus]:
        with deck.store.read() as board:
            return {agent.status for agent in board.agents(AgentFilter(task_id=task_id)).items}

    eventually(lambda: statuses() == {AgentStatus.CANCELLED})


def test_another_program_locks_the_sqlite_file(launch: Launch, ended: Ended, eventually: Eventually) -> None:
    """For longer than a write waits for the lock by itself."""
    talker = Talker()
    deck = launch(talker)
    task_id = submit(deck, "Quick fix").id
    eventually(lambda: look(deck, task_id).cost_nanousd)
    other = sqlite3.connect(str(deck.store.url.database), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    eventually(lambda: deck.store.trouble is not None, within=20)
    trouble = deck.store.trouble
    assert trouble is not None
    assert (trouble.doing, trouble.reason) == ("write", "database is locked")
    assert look(deck, task_id).status is TaskStatus.IN_PROGRESS, "it can still be read"
    other.execute("ROLLBACK")
    other.close()
    talker.may_end.set()
    ended(deck, task_id)
    all_is_there(deck, task_id, talker)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], capture_output=True)
    if made.returncode != 0:
        pytest.skip("mounting a small disk takes root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_the_disk_is_full_for_a_while(launch: Launch, small_disk: Path, ended: Ended, eventually: Eventually) -> None:
    talker = Talker()
    deck = launch(talker, QUARTERDECK_HOME=str(small_disk))
    task_id = submit(deck, "Quick fix").id
    eventually(lambda: look(deck, task_id).cost_nanousd)
    ballast = _full(small_disk)
    eventually(lambda: deck.store.trouble is not None, within=20)
    talker.may_end.set()
    eventually(lambda: talker.closed == 1)
    assert look(deck, task_id).status is TaskStatus.IN_PROGRESS
    ballast.unlink()
    ended(deck, task_id)
    all_is_there(deck, task_id, talker)
    assert [job.step for job in talker.jobs] == ["builder", "tester"]


def test_the_disk_of_the_engine_alone_is_full(
    launch: Launch, small_disk: Path, tmp_path: Path, ended: Ended, eventually: Eventually
) -> None:
    """The step is written down as paid, and its checkpoint cannot be."""
    talker = Talker()
    deck = launch(talker, f"sqlite:///{tmp_path / 'store.sqlite'}", QUARTERDECK_HOME=str(small_disk))
    task_id = submit(deck, "Quick fix").id
    eventually(lambda: look(deck, task_id).cost_nanousd)
    ballast = _full(small_disk)
    talker.may_end.set()
    eventually(lambda: look(deck, task_id).workflow[0].status is StepStatus.COMPLETED)
    time.sleep(1)  # the engine's own tries, which nobody can see
    ballast.unlink()
    ended(deck, task_id)
    all_is_there(deck, task_id, talker)
    assert [job.step for job in talker.jobs] == ["builder", "tester"]


def _full(folder: Path) -> Path:
    path = folder / "ballast"
    with path.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return path
