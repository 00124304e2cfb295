"""Several engine processes over one PostgreSQL, real ones, killed and frozen: each step once, and limits for all."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa

from data.domain import events as e
from data.domain.agents import AgentStatus, Runtime
from data.domain.errors import RunLost
from data.domain.events import Event
from data.domain.fleet import Limits, Priority
from data.domain.tasks import TaskStatus
from data.store import AgentFilter, settings, workers
from data.store import tables as t
from data.store.workers import WorkerState
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.engine import names
from orchestrator_adapter.runners import Job, Reply, demo
from tests.engine.cast import REPORT, Cast
from tests.engine.processes import FAN, TWO_STEPS, Fleet, most_at_once
from tests.postgres import PostgresServer

Eventually = Callable[..., None]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
WORKER = ("-m", "orchestrator_adapter", "worker")


@pytest.fixture
def fleet(request: pytest.FixtureRequest, store_url: str, tmp_path: Path) -> Iterator[Fleet]:
    started = Fleet(store_url, tmp_path / "home")
    yield started
    started.end()


on_postgresql = pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
on_sqlite = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)


@on_postgresql
def test_each_step_runs_once_however_many_processes_there_are(fleet: Fleet, eventually: Eventually) -> None:
    for _ in range(3):
        fleet.start(agents=6)
    tasks = [fleet.submit(FAN) for _ in range(6)]
    fleet.release()
    eventually(lambda: all(fleet.task(task).ended for task in tasks), within=60)
    assert {fleet.task(task).status for task in tasks} == {TaskStatus.COMPLETED}
    begun = Counter((line["task"], line["step"]) for line in fleet.journal())
    assert set(begun.values()) == {1}
    assert len(begun) == 6 * len(FAN)
    assert {run["attempts"] for task in tasks for run in fleet.runs(task).values()} == {1}


@on_postgresql
def test_a_killed_worker_costs_seconds_and_no_finished_step(fleet: Fleet, eventually: Eventually) -> None:
    """With the real command line: its processes and their tools are gone, too, before the session goes on."""
    for _ in range(2):
        fleet.start(command=WORKER, QUARTERDECK_RUNTIME="demo")
    folder = fleet.home / "work"
    demo.prepare("success", folder)
    task_id = fleet.submit(TWO_STEPS, runtime=Runtime.DEMO, scenario="success", working_directory=str(folder))
    eventually(lambda: fleet.owner(task_id, "builder"), within=60)
    owner, planned = fleet.owner(task_id, "builder"), fleet.runs(task_id)["planner"]
    assert owner is not None
    os.kill(owner.pid, signal.SIGKILL)
    eventually(lambda: list(fleet.events(e.StepContinued)), within=30)
    eventually(lambda: fleet.task(task_id).ended, within=60)
    task, runs = fleet.task(task_id), fleet.runs(task_id)
    assert (task.status, task.error) == (TaskStatus.COMPLETED, None)
    assert runs["planner"] == planned
    assert runs["builder"]["attempts"] == 2
    (lost,) = fleet.events(e.WorkerLost)
    assert isinstance(lost.event, e.WorkerLost)
    assert lost.event.worker == fleet.worker(owner)["id"]
    assert lost.event.runs == (runs["builder"]["run_id"],)
    (continued,) = fleet.events(e.StepContinued)
    assert isinstance(continued.event, e.StepContinued)
    assert (continued.event.worker, continued.event.session) == (lost.event.taken_by, True)
    with fleet.store.read() as board:
        agents = [agent for agent in board.agents().items if agent.task_id == task_id]
        counted = [m.cost_nanousd or 0 for agent in agents for m in board.messages(agent.id)]
    assert sum(counted) == task.cost_nanousd == sum(agent.cost_nanousd for agent in agents)
    eventually(lambda: not agents_alive(fleet.home), within=5)


def agents_alive(home: Path) -> list[psutil.Process]:
    out = []
    for process in psutil.process_iter():
        try:
            if str(home / "demo") in process.environ().get("CLAUDE_CONFIG_DIR", "") and process.status() != "zombie":
                out.append(process)
        except psutil.Error:
            continue
    return out


def said_by(fleet: Fleet, worker: psutil.Process | subprocess.Popen[str]) -> list[int]:
    """Numbers of the events that tell of replies which agents in a process got."""
    found = [(entry.id, entry.event.message_id) for entry in fleet.events(e.MessageMetered)]  # type: ignore[union-attr]
    return [number for number, message_id in found if message_id.startswith(f"{worker.pid}-")]


@on_postgresql
def test_a_frozen_worker_that_wakes_up_records_nothing_and_ends(fleet: Fleet, eventually: Eventually) -> None:
    for _ in range(2):
        fleet.start()
    task_id = fleet.submit(TWO_STEPS)
    until_the_builder_works(fleet, task_id, eventually)
    frozen = fleet.owner(task_id, "builder")
    assert frozen is not None
    eventually(lambda: said_by(fleet, frozen), within=30)
    os.kill(frozen.pid, signal.SIGSTOP)
    eventually(lambda: list(fleet.events(e.StepContinued)), within=25)
    (lost,) = fleet.events(e.WorkerLost)
    os.kill(frozen.pid, signal.SIGCONT)
    assert frozen.wait(timeout=15) == 75
    fleet.release()
    eventually(lambda: fleet.task(task_id).ended, within=30)
    assert fleet.task(task_id).status is TaskStatus.COMPLETED
    assert [number for number in said_by(fleet, frozen) if number > lost.id] == []
    assert fleet.runs(task_id)["builder"]["attempts"] == 2
    assert next(line["pid"] for line in fleet.journal() if line["step"] == "builder") == frozen.pid


def until_the_builder_works(fleet: Fleet, task_id: str, eventually: Eventually) -> None:
    """Let the first step end and the second begin, and stay at work."""
    eventually(lambda: fleet.owner(task_id, "planner"), within=30)
    fleet.release(task_id)
    eventually(lambda: fleet.runs(task_id)["planner"]["outcome"], within=30)
    (fleet.folder / task_id).unlink()
    eventually(lambda: fleet.owner(task_id, "builder"), within=30)


@on_postgresql
def test_limits_hold_across_processes_and_change_while_agents_work(fleet: Fleet, eventually: Eventually) -> None:
    fleet.append(settings.event(Limits(in_all=1), "ada"))
    for _ in range(3):
        fleet.start(agents=5)
    for by in ("ada", "ben", "ada", "ben", "ada", "ada"):
        fleet.submit(by=by)
    eventually(lambda: fleet.journal(), within=30)
    changed = time.time()
    fleet.append(settings.event(Limits(in_all=3, per_user=2), "ada"))
    eventually(lambda: len(fleet.journal()) == 3, within=30)
    assert [line for line in fleet.journal() if line["at"] < changed] == fleet.journal()[:1]
    more = [fleet.submit(by="cleo") for _ in range(3)]
    fleet.append(settings.event(Limits(in_all=3, per_user=2, per_machine=2), "ada"))
    lowered = time.time()
    fleet.release()
    eventually(lambda: all(fleet.task(task).ended for task in more), within=60)
    eventually(lambda: len(fleet.journal("end")) == 9, within=60)
    begins, ends = fleet.journal(), fleet.journal("end")
    assert most_at_once(begins, ends) == 3
    assert most_at_once(begins, ends, after=lowered + 1) <= 2
    for by in ("ada", "ben", "cleo"):
        theirs = {line["task"] for line in begins if fleet.task(line["task"]).created_by == by}
        own = [[line for line in lines if line["task"] in theirs] for lines in (begins, ends)]
        assert most_at_once(*own) <= 2


@on_postgresql
def test_who_is_more_urgent_goes_first_also_if_that_is_said_later(fleet: Fleet, eventually: Eventually) -> None:
    fleet.start(agents=1)
    fleet.start(agents=1)
    first = fleet.submit()
    eventually(lambda: fleet.journal(), within=30)
    kinds = (Priority.LOW, Priority.NORMAL, Priority.LOW, Priority.HIGH, Priority.NORMAL)
    low, normal, raised, high, second = (fleet.submit(priority=priority) for priority in kinds)
    fleet.append(e.TaskPrioritized(task_id=raised, priority=Priority.URGENT, by="ada"))
    fleet.release()
    eventually(lambda: len(fleet.journal("end")) == 6, within=60)
    assert [line["task"] for line in fleet.journal()] == [first, raised, high, normal, second, low]
    assert most_at_once(fleet.journal(), fleet.journal("end")) == 1, "one machine, one place, two processes"


@on_postgresql
def test_a_worker_that_is_told_to_end_is_quick_and_its_work_goes_on_elsewhere(
    fleet: Fleet, eventually: Eventually
) -> None:
    gone = fleet.start()
    task_id = fleet.submit(TWO_STEPS)
    until_the_builder_works(fleet, task_id, eventually)
    other = fleet.start()
    gone.send_signal(signal.SIGTERM)
    assert gone.wait(timeout=8) == 0
    eventually(lambda: fleet.owner(task_id, "builder") is other, within=30)
    fleet.release()
    eventually(lambda: fleet.task(task_id).ended, within=20)
    assert fleet.task(task_id).status is TaskStatus.COMPLETED
    with fleet.store.read() as board:
        states = {one.pid: one.state for one in workers.listed(board.connection)}
    assert states == {gone.pid: WorkerState.ENDED, other.pid: WorkerState.ALIVE}
    assert list(fleet.events(e.WorkerLost)) == [], "it said that it ends"
    (continued,) = fleet.events(e.StepContinued)
    assert isinstance(continued.event, e.StepContinued)
    assert (continued.event.worker, continued.event.session) == (fleet.worker(other)["id"], True)


@on_postgresql
def test_cancel_and_pause_reach_agents_of_any_process(fleet: Fleet, eventually: Eventually) -> None:
    for _ in range(2):
        fleet.start()
    cancelled, paused = fleet.submit(), fleet.submit()
    eventually(lambda: fleet.owner(cancelled, "planner") and fleet.owner(paused, "planner"), within=30)
    fleet.append(e.TaskMoved(task_id=cancelled, to=TaskStatus.CANCELLED, why="By me.", by="ada"))
    fleet.append(e.TaskMoved(task_id=paused, to=TaskStatus.PAUSED, why="By me.", by="ada", stop_agents=True))
    eventually(lambda: {line["task"] for line in fleet.journal("end")} == {cancelled, paused}, within=30)


@on_postgresql
def test_agents_that_another_process_stops_are_left_to_it_while_it_lives(
    fleet: Fleet, launch: Callable[..., Deck], eventually: Eventually
) -> None:
    task_id = fleet.submit()
    run_id = names.step_run(task_id, "planner")
    created = names.agent_created(fleet.home, fleet.task(task_id), fleet.task(task_id).workflow[0], fleet.store.now())
    ids = {"task_id": task_id, "agent_id": created.agent_id}
    fleet.append(e.TaskMoved(task_id=task_id, to=TaskStatus.IN_PROGRESS), created)
    fleet.append(e.AgentMoved(**ids, to=AgentStatus.ACTIVE))
    fleet.append(e.TaskMoved(task_id=task_id, to=TaskStatus.CANCELLED, why="By me.", by="ada"))
    with fleet.store.write() as ledger:
        workers.enlist(ledger.connection, "other", "elsewhere", 1, pages=False, max_agents=1)
        ledger.begin_run(run_id, task_id, "planner", created.agent_id, "other")

    def status() -> AgentStatus:
        with fleet.store.read() as board:
            return board.agent(created.agent_id).status

    deck = launch(Cast(), fleet.url)
    assert status() is AgentStatus.ACTIVE
    with fleet.store.write() as ledger:  # its clock has long stood still
        ledger.connection.execute(sa.update(t.workers).where(t.workers.c.id == "other").values(beat_at_ms=0))
    eventually(lambda: status() is AgentStatus.CANCELLED)
    (lost,) = fleet.events(e.WorkerLost)
    assert isinstance(lost.event, e.WorkerLost)
    assert (lost.event.worker, lost.event.taken_by) == ("other", deck.engine.worker)
    with pytest.raises(RunLost), fleet.store.write() as ledger:
        ledger.begin_run(run_id, task_id, "planner", created.agent_id, "other")


@dataclass
class Silent:
    """Agents that say nothing after their session has begun."""

    may_end: threading.Event = field(default_factory=threading.Event)
    jobs: list[Job] = field(default_factory=list)
    closed: int = 0

    async def run(self, job: Job) -> AsyncIterator[Event | Reply]:
        self.jobs.append(job)
        try:
            ids = {"task_id": job.task_id, "agent_id": job.agent_id}
            yield e.SessionStarted(**ids, session_id=f"s-{job.step}", model="claude-sonnet-5-5")
            while not self.may_end.is_set():
                await asyncio.sleep(0.02)
            yield Reply(REPORT.format(role=job.role.value))
        finally:
            self.closed += 1


def test_a_process_that_cannot_say_that_it_lives_stops_its_agents_and_goes_on_later(
    launch: Callable[..., Deck], own_postgres: PostgresServer, tmp_path: Path, eventually: Eventually
) -> None:
    """Even those of which nothing has to be written: others may have their steps soon."""
    silent = Silent()
    fleet = Fleet(own_postgres.database("fleet"), tmp_path / "client")
    launch(silent, fleet.url)
    task_id = fleet.submit()
    eventually(lambda: fleet.runs(task_id).get("planner", {}).get("session_id"))
    own_postgres.stop()
    eventually(lambda: silent.closed == 1, within=20)
    own_postgres.start()
    silent.may_end.set()
    eventually(lambda: fleet.task(task_id).ended, within=60)
    assert fleet.task(task_id).status is TaskStatus.COMPLETED
    assert [job.resume for job in silent.jobs] == [None, "s-planner"]
    assert list(fleet.events(e.WorkerLost)) == []
    fleet.end()


@on_sqlite
def test_a_task_that_is_cancelled_before_its_step_goes_on_has_no_agent_at_work(
    fleet: Fleet, eventually: Eventually
) -> None:
    """After a crash somebody more urgent has the only place, so nobody has the step when the cancel comes."""
    first = fleet.start(agents=1)
    task_id = fleet.submit()
    eventually(lambda: fleet.owner(task_id, "planner"), within=30)
    first.kill()
    first.wait()
    urgent = fleet.submit(priority=Priority.URGENT)
    fleet.start(agents=1)
    eventually(lambda: fleet.owner(urgent, "planner"), within=30)
    fleet.append(e.TaskMoved(task_id=task_id, to=TaskStatus.CANCELLED, by="test"))

    def at_work() -> int:
        with fleet.store.read() as board:
            return len(board.agents(AgentFilter(task_id=task_id, live=True)).items)

    eventually(lambda: at_work() == 0, within=10)
    assert fleet.runs(task_id)["planner"]["attempts"] == 1
    assert len(fleet.journal("begin", task_id)) == 1


@on_sqlite
def test_on_sqlite_a_worker_beside_a_server_is_refused(fleet: Fleet) -> None:
    fleet.start(command=WORKER)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("QUARTERDECK_", "DATABASE_URL"))}
    env = clean | {"QUARTERDECK_HOME": str(fleet.home), "DATABASE_URL": fleet.url}
    python = str(fleet.processes[0].args[0])  # type: ignore[index]
    second = subprocess.run([python, *WORKER], env=env, capture_output=True, text=True, timeout=30)
    told = "Another process runs the engine of this store; with SQLite one process does all the work.\n"
    assert (second.returncode, second.stdout, second.stderr) == (1, "", told)
