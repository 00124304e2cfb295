"""Starts the engine and keeps its promises: one engine per store, work found again after a crash, quick exits."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import queue
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import psycopg
import sqlalchemy as sa
import structlog
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID

from data.domain import events as e
from data.domain.agents import AgentStatus, Runtime
from data.domain.errors import StoreUnavailable, TooLate
from data.domain.tasks import Task, TaskStatus
from data.domain.workflows import StepStatus
from data.store import AgentFilter, Recorded, Store
from orchestrator_adapter.engine import approvals, flow, names, step
from orchestrator_adapter.runners import Runner

APP = "quarterdeck"
ENGINE_LOCK = 0x51_44_45
"""PostgreSQL advisory lock of the process that is the engine of a database."""
VERSION = "1"
"""Raised only by a change of the workflow bodies that running workflows could not follow."""
AWAY_S = 0.5
"""How long an order waits before it is tried again while the store is away."""

log = structlog.get_logger("engine")


def _sqlite_engine(path: str) -> sa.Engine:
    """WAL and FULL, which DBOS leaves out, on the engine's own file."""
    engine = sa.create_engine(f"sqlite:///{path}", pool_size=20, max_overflow=0)

    def connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    sa.event.listen(engine, "connect", connect)
    sa.event.listen(engine, "handle_error", _wait_as_for_a_lock)
    return engine


def _wait_as_for_a_lock(context: sa.ExceptionContext) -> Exception | None:
    """A full or failing disk becomes the one trouble of SQLite that DBOS waits out; others end its workflows."""
    said = str(context.original_exception)
    if any(trouble in said for trouble in ("disk is full", "disk I/O error", "unable to open database file")):
        return sqlite3.OperationalError(f"database is locked ({said})")
    return None


class Engine:
    """The workflow engine of this process; only one process per SQLite store has one, others are its clients."""

    def __init__(self, store: Store, url: str, runners: Mapping[Runtime, Runner], logs: Path, max_agents: int) -> None:
        self._store = store
        self._url = url
        self._bench = step.Bench(store, runners, logs)
        self._max_agents = max_agents
        self._bell: queue.SimpleQueue[tuple[str, str] | None] = queue.SimpleQueue()
        self._lock: IO[str] | psycopg.Connection[tuple[Any, ...]] | None = None
        self._deaf: list[Any] = []
        self.running = False

    def start(self) -> None:
        """Launch, repair and look for work; the lock must be held."""
        step.set_bench(self._bench)
        self._launch()
        self.running = True
        self._repair()
        self._reconcile()
        threading.Thread(target=self._listen, name="engine-bell", daemon=True).start()
        self._deaf += [self._store.listen(self._heard), self._bench.desk.open()]
        self._scan()

    def lock(self) -> bool:
        """Become the engine of this store; False if another process is.

        Twins with one store would run steps twice, so the lock comes before everything else.
        """
        if not self._url.startswith("sqlite"):
            return self._lock_postgresql()
        path = Path(str(sa.make_url(self._url).database))
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.with_suffix(".lock").open("a+")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.close()
            return False
        self._lock = handle
        return True

    def _lock_postgresql(self) -> bool:
        """Hold a session lock for as long as this process lives; the server frees it when the process dies."""
        address = sa.make_url(self._url).set(drivername="postgresql").render_as_string(hide_password=False)
        session = psycopg.connect(address, autocommit=True, keepalives_idle=10, keepalives_interval=5)
        row = session.execute("select pg_try_advisory_lock(%s)", (ENGINE_LOCK,)).fetchone()
        if row is None or not row[0]:
            session.close()
            return False
        self._lock = session
        return True

    def _launch(self) -> None:
        config: DBOSConfig = {
            "name": APP,
            "system_database_url": self._url,
            "application_version": VERSION,
            "executor_id": socket.gethostname(),
            # a cancelled step is an ERROR with a traceback to DBOS, and an ordinary event to us
            "log_level": "CRITICAL",
            "serializer": DBOSPortableJSONSerializer(),
            # while its tables are away each of its calls waits in one of these
            "max_executor_threads": 64,
        }
        if self._url.startswith("sqlite"):
            config["system_database_engine"] = _sqlite_engine(str(sa.make_url(self._url).database))
        logging.getLogger("dbos").setLevel(logging.CRITICAL)
        DBOS(config=config)
        DBOS.launch()
        DBOS.register_queue(
            flow.QUEUE,
            worker_concurrency=self._max_agents,
            polling_interval_sec=flow.POLL_S,
            on_conflict="always_update",
        )

    def guard_exit(self) -> None:
        """At the end of this process leave running work as it is, to be continued; never call it in a test's process.

        Without it the interpreter's shutdown ends every running workflow as an ERROR, which is never recovered.
        """
        threading._register_atexit(lambda: os._exit(0))  # type: ignore[attr-defined]

    def _repair(self) -> None:
        """Workflows that are ERROR only because an interpreter stopped under them go on after their last good step."""
        for flow_status in DBOS.list_workflows(status="ERROR", load_input=False):
            error = flow_status.error
            name = getattr(error, "name", type(error).__name__)
            if name == "CancelledError" or "cannot schedule new futures" in str(error):
                steps = DBOS.list_workflow_steps(flow_status.workflow_id)
                done = [s["function_id"] for s in steps if s["error"] is None]
                DBOS.rewind_workflow(flow_status.workflow_id, start_step=max(done, default=0) + 1)

    def _reconcile(self) -> None:
        """Agents and steps of ended tasks that a crash left as if they were at work."""
        with self._store.read() as board:
            live = _all_agents(board)
            ended = [agent for agent in live if board.task(agent.task_id).ended]
        for agent in ended:
            with self._store.write(durable=True) as ledger, contextlib.suppress(TooLate):
                why = "The server ended while the task was being stopped."
                ledger.append(e.AgentMoved(task_id=agent.task_id, agent_id=agent.id, to=AgentStatus.CANCELLED, why=why))
                ledger.append(e.StepMoved(task_id=agent.task_id, step=agent.step, to=StepStatus.CANCELLED, why=why))
                approvals.withdraw(ledger, agent.id)

    def _scan(self) -> None:
        """Start whatever the store holds and the engine does not know yet; agents that others run are left to them."""
        with self._store.read() as board:
            waiting = board.running_tasks(limit=10_000)
        for task in reversed(waiting):
            if task.runtime in self._bench.runners:
                self._bell.put(("start", task.id))

    def _heard(self, _clock: int, news: Sequence[Recorded]) -> None:
        for entry in news:
            match entry.event:
                case e.TaskSubmitted(task_id=task_id, runtime=runtime) if runtime in self._bench.runners:
                    self._bell.put(("start", task_id))
                case e.TaskMoved(task_id=task_id, to=TaskStatus.CANCELLED):
                    self._bell.put(("stop", task_id))
                case e.TaskMoved(task_id=task_id, to=TaskStatus.PAUSED, stop_agents=stop):
                    self._bell.put(("stop" if stop else "hold", task_id))
                case e.TaskResumed(task_id=task_id):
                    self._bell.put(("start", task_id))

    def _listen(self) -> None:
        orders = {"start": self._start_task, "stop": self._stop_task, "hold": self._hold_task}
        while (order := self._bell.get()) is not None:
            verb, task_id = order
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

    def _start_task(self, task_id: str) -> None:
        task = self._look(task_id)
        if task.status in (TaskStatus.PENDING, TaskStatus.IN_PROGRESS, TaskStatus.WAITING):
            with SetWorkflowID(names.task_run(task_id, task.run)):
                DBOS.start_workflow(flow.run_task, task_id, task.run)

    def _stop_task(self, task_id: str) -> None:
        """No step starts any more, and every agent at work is ended."""
        self._bench.stop(task_id)
        DBOS.cancel_workflow(names.task_run(task_id, self._look(task_id).run), cancel_children=True)
        self._bench.stop(task_id)

    def _hold_task(self, task_id: str) -> None:
        """No step starts any more; those that run go on to their end."""
        self._bench.hold(task_id)
        DBOS.cancel_workflow(names.task_run(task_id, self._look(task_id).run))

    def _look(self, task_id: str) -> Task:
        with self._store.read() as board:
            return board.task(task_id)

    def not_ready(self) -> list[str]:
        return [] if self.running else ["another process runs the engine of this store"]

    def close(self) -> None:
        """Stop for good, in a test or a command: running workflows end as they would be cancelled."""
        while self._deaf:
            self._deaf.pop()()
        self._bell.put(None)
        if self.running:
            DBOS.destroy(workflow_completion_timeout_sec=3)  # what just ended still writes its checkpoint
            self.running = False
        self._bench.pen.close()
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _all_agents(board: Any) -> list[Any]:
    out, cursor = [], None
    while True:
        page = board.agents(AgentFilter(live=True), limit=200, cursor=cursor)
        out += page.items
        cursor = page.next_cursor
        if cursor is None:
            return out
