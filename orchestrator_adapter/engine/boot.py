"""Starts the engine of this process and keeps its promises: no twins, work found again after a crash, quick exits."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import queue
import socket
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
import structlog
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer

from data.domain import events as e
from data.domain.agents import Agent, AgentStatus, Runtime
from data.domain.errors import StoreUnavailable, TooLate
from data.domain.tasks import Task, TaskStatus
from data.domain.workflows import StepStatus
from data.store import AgentFilter, Recorded, Store, places, workers
from data.store.store import unwritable
from data.store.telling import Told
from data.store.workers import WorkerState
from orchestrator_adapter.engine import approvals, arrears, flow, names, own_tables, step, telling, watch
from orchestrator_adapter.engine.lease import Lease
from orchestrator_adapter.engine.places import ALL, BUSY_S, Places, queue_of
from orchestrator_adapter.runners import Runner

APP = "quarterdeck"
VERSION = "1"
"""Raised only by a change of the workflow bodies that running workflows could not follow."""
AWAY_S = 0.5
"""How long an order waits before it is tried again while the store is away."""
LEAVE_S = 2.0
"""How long a process that ends may take to say so."""
SPARE_THREADS = 64
RINGS = (e.TaskSubmitted, e.TaskMoved, e.TaskResumed, e.TaskPrioritized, e.StepMoved, e.AgentMoved, e.FleetSet)
"""After these somebody may want a place, or have left one."""
_here: list[str] = []
"""The engine of this process: there can be only one."""

log = structlog.get_logger("engine")


class Engine:
    """The workflow engine of this process.

    On PostgreSQL every process may have one; with SQLite the first has it, and others are its clients.
    """

    def __init__(
        self,
        store: Store,
        url: str,
        runners: Mapping[Runtime, Runner],
        logs: Path,
        max_agents: int,
        sweep: Callable[[int], object] = lambda _owner: None,
        rules: Sequence[watch.Rule] = (),
    ) -> None:
        self._store = store
        self._rules = rules
        self._url = url
        self.worker = names.worker()
        self._bench = step.Bench(store, runners, logs, worker=self.worker, ring=self._ring)
        self._places = Places(store, self.worker, socket.gethostname(), max_agents, tuple(runners), sweep)
        self._lease = Lease(store, self.worker, self._bench.lose_sight, lambda: len(self._bench.alive), self._freed)
        self._bell: queue.SimpleQueue[tuple[str, str] | None] = queue.SimpleQueue()
        self._lock: IO[str] | None = None
        self._deaf: list[Any] = []
        self.running = False

    def start(self, *, pages: bool = True, queues: Collection[str] = ALL) -> None:
        """Launch, repair and look for work; the lock must be held."""
        self._places.queues = queues
        step.set_bench(self._bench)
        self._lease.take(self._places.host, os.getpid(), pages=pages, max_agents=self._places.max_agents)
        self._launch()
        self.running = True
        self._repair()
        self._deaf.append(self._store.listen(self._heard))  # first: what is counted now may hold a task
        self._reconcile()
        self._lease.keep()
        self._deaf += [self._bench.desk.open(), watch.Watch(self._store, self._rules).start()]
        threading.Thread(target=self._listen, name="engine-bell", daemon=True).start()
        self._ring()

    def lock(self) -> bool:
        """Become the engine of this store, or one of them; False if there can be none in this process.

        Twins with one SQLite file would run steps twice, so the lock comes before everything else. Raises
        StoreUnavailable if the engine's files may not be written.
        """
        if not self._url.startswith("sqlite"):
            return not _here
        path = Path(str(sa.make_url(self._url).database))
        path.parent.mkdir(parents=True, exist_ok=True)
        if why := unwritable(path) or unwritable(path.with_suffix(".lock")):
            raise StoreUnavailable(f"The engine cannot keep its own tables: {why}. Nothing was changed.")
        handle = path.with_suffix(".lock").open("a+")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.close()
            return False
        self._lock = handle
        return True

    def elsewhere(self) -> bool:
        """Whether another process works on the tasks of this store."""
        if self._url.startswith("sqlite"):
            if self.running:
                return False
            free = self.lock()
            self._unlock()
            return not free
        with self._store.read() as board:
            living = workers.living(board.connection)
        return any(worker.state is WorkerState.ALIVE and worker.id != self.worker for worker in living)

    def _launch(self) -> None:
        config: DBOSConfig = {
            "name": APP,
            "system_database_url": self._url,
            "application_version": VERSION,
            # new at every start: whatever an earlier process had is taken over by the lease, and by that alone
            "executor_id": self.worker,
            # a cancelled step is an ERROR with a traceback to DBOS, and an ordinary event to us
            "log_level": "CRITICAL",
            "serializer": DBOSPortableJSONSerializer(),
            # while its tables are away each of its calls waits in one of these
            "max_executor_threads": SPARE_THREADS + 4 * self._places.max_agents,
        }
        self._tables = own_tables.Tables(self._url)
        config["system_database_engine"] = self._tables.engine
        logging.getLogger("dbos").setLevel(logging.CRITICAL)
        DBOS(config=config)
        own = queue_of(self.worker)
        DBOS.listen_queues([own])
        DBOS.launch()
        _here.append(self.worker)
        DBOS.register_queue(own, polling_interval_sec=flow.POLL_S, on_conflict="always_update")
        self._forget_queues()

    def _forget_queues(self) -> None:
        """Queues of processes that are gone; what was in them waits again."""
        with self._store.read() as board:
            living = {queue_of(worker.id) for worker in workers.living(board.connection)}
        for known in DBOS.list_queues():
            if known.name not in living:
                DBOS.delete_queue(known.name)

    def guard_exit(self) -> None:
        """At the end of this process leave running work as it is, to be continued; never call it in a test's process.

        Without it the interpreter's shutdown ends every running workflow as an ERROR, which is never recovered.
        """
        threading._register_atexit(self.leave)  # type: ignore[attr-defined]

    def leave(self) -> None:
        """End this process at once; its agents end with it, and its work is free for others or for the next start."""
        telling = threading.Thread(target=self._lease.end, daemon=True)
        telling.start()
        telling.join(timeout=LEAVE_S)
        os._exit(0)

    def _repair(self) -> None:
        """Workflows that are ERROR only because an interpreter stopped under them go on after their last good step."""
        with self._store.read() as board:
            living = {worker.id for worker in workers.living(board.connection)}
        for found in DBOS.list_workflows(status="ERROR", load_input=False):
            error = found.error
            name = getattr(error, "name", type(error).__name__)
            stopped = name == "CancelledError" or "cannot schedule new futures" in str(error)
            if stopped and found.executor_id not in living:
                steps = DBOS.list_workflow_steps(found.workflow_id)
                done = [s["function_id"] for s in steps if s["error"] is None]
                waits = flow.QUEUE if found.name == "run_node" else None
                DBOS.rewind_workflow(found.workflow_id, start_step=max(done, default=0) + 1, queue_name=waits)

    def _reconcile(self, task_id: str | None = None) -> None:
        """Agents and steps that a crash left as if they were at work, of tasks (or one) that have ended or are held.

        Not those that others still stop, nor those that never began. What they used is counted first.
        """
        arrears.of_the_dead(self._store, self._bench.runners)
        with self._store.read() as board:
            owned = places.at_work(board.connection)
            living = {worker.id for worker in workers.living(board.connection)}
            others = {names.agent_id(run) for run, owner in owned.items() if owner in living}
            live = [agent for agent in _all_agents(board, task_id) if agent.id not in others]
            ended = [agent for agent in live if _stands_still(board.task(agent.task_id), agent)]
        for agent in ended:
            with self._store.write(durable=True) as ledger, contextlib.suppress(TooLate):
                why = "The server ended while the task was being stopped."
                ledger.append(e.AgentMoved(task_id=agent.task_id, agent_id=agent.id, to=AgentStatus.CANCELLED, why=why))
                ledger.append(e.StepMoved(task_id=agent.task_id, step=agent.step, to=StepStatus.CANCELLED, why=why))
                approvals.withdraw(ledger, agent.id)

    def _ring(self) -> None:
        """Somebody may want a place, or have left one."""
        self._bell.put(("give", ""))

    def _freed(self) -> None:
        self._bell.put(("take over", ""))
        self._ring()

    def _heard(self, _clock: int, news: Sequence[Recorded]) -> None:
        for entry in news:
            match entry.event:
                case e.TaskMoved(task_id=task_id, to=TaskStatus.CANCELLED):
                    self._bell.put(("stop", task_id))
                case e.TaskMoved(task_id=task_id, to=TaskStatus.PAUSED, stop_agents=stop):
                    self._bell.put(("stop" if stop else "hold", task_id))
                case e.AgentTold(agent_id=agent_id, words=words, by=by):
                    self._bench.tell(agent_id, telling.note(Told(entry.id, words, by)))
        if any(isinstance(entry.event, RINGS) for entry in news):
            self._ring()

    def _listen(self) -> None:
        """Obey orders one after the other; give places once for however many rings, and now and then by itself."""
        orders: dict[str, Callable[[str], None]] = {
            "stop": self._stop_task,
            "hold": self._hold_task,
            "take over": self._take_over,
            "give": self._give,
        }
        self._look_in: float | None = None
        while True:
            try:
                order = self._bell.get(timeout=self._look_in)
            except queue.Empty:
                order = ("give", "")
            if order is None:
                return
            verb, task_id = order
            if verb == "give" and not self._bell.empty():
                self._look_in = 0.0  # after what is in front of it
                continue
            while not self._obeyed(orders[verb], task_id):
                time.sleep(AWAY_S)

    def _obeyed(self, obey: Callable[[str], None], task_id: str) -> bool:
        """Whether the order is done with; False while the store is away, so that none is lost or overtaken."""
        try:
            obey(task_id)
        except StoreUnavailable:
            return not self.running
        except Exception:  # the engine's bell must go on ringing for the other tasks
            log.exception("engine_order_failed", order=obey.__name__, task_id=task_id)
        return True

    def _take_over(self, _: str) -> None:
        """What a dead process had waits again, and what of it does not go on is written down as ended."""
        self._give(_)  # first: this ends what is left of its agents
        self._reconcile()

    def _give(self, _: str) -> None:
        self._look_in = BUSY_S  # also if this fails
        self._look_in = self._places.give()

    def _stop_task(self, task_id: str) -> None:
        """No step starts any more, and every agent at work is ended."""
        task = self._look(task_id)
        if task.status in (TaskStatus.CANCELLED, TaskStatus.PAUSED):  # else it goes on already: heard too late
            self._bench.stop(task_id)
            DBOS.cancel_workflow(names.task_run(task_id, task.run), cancel_children=True)
            self._bench.stop(task_id)
            self._reconcile(task_id)  # a step that waits to go on after a crash has nobody to write down its end

    def _hold_task(self, task_id: str) -> None:
        """No step starts any more; those that run go on to their end."""
        task = self._look(task_id)
        if task.status in (TaskStatus.CANCELLED, TaskStatus.PAUSED):
            self._bench.hold(task_id)
            DBOS.cancel_workflow(names.task_run(task_id, task.run))

    def _look(self, task_id: str) -> Task:
        with self._store.read() as board:
            return board.task(task_id)

    def not_ready(self) -> list[str]:
        if self._lease.lost:
            return ["other engine processes took this one for dead and have its work; it ends"]
        return [] if self.running else ["another process runs the engine of this store"]

    def close(self) -> None:
        """Stop for good, in a test or a command: running workflows end as they would be cancelled."""
        while self._deaf:
            self._deaf.pop()()
        self._bell.put(None)
        if self.running:
            self._tables.wait_no_more()
            DBOS.destroy(workflow_completion_timeout_sec=3)  # what just ended still writes its checkpoint
            self._tables.close()
            self.running = False
            _here.remove(self.worker)
            self._lease.end()
        self._bench.pen.close()
        self._bench.changes.close()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _stands_still(task: Task, agent: Agent) -> bool:
    return task.ended or (task.status is TaskStatus.PAUSED and agent.status is not AgentStatus.IDLE)


def _all_agents(board: Any, task_id: str | None) -> list[Any]:
    out, cursor = [], None
    while True:
        page = board.agents(AgentFilter(live=True, task_id=task_id), limit=200, cursor=cursor)
        out += page.items
        cursor = page.next_cursor
        if cursor is None:
            return out
