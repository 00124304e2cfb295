"""The one way in: append an event and fold it into the rows, in the same transaction."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from data.domain.errors import AgentNotFound, RunLost, TaskNotFound
from data.domain.events import Event, MessageMetered
from data.store import blobs, fold, workers
from data.store import tables as t
from data.store.rows import at, ms

_INSERT = sa.insert(t.events).returning(t.events.c.id)


@dataclass(frozen=True)
class Recorded:
    """An event as it stands in the log; its id is the clock."""

    id: int
    at: datetime
    event: Event


@dataclass(frozen=True)
class StepRun:
    """Our own record of one engine run of a step: what makes sure that nothing is paid twice."""

    run_id: str
    task_id: str
    step: str
    agent_id: str
    session_id: str | None
    attempts: int
    outcome: dict[str, Any] | None
    """What the step gave; None while it is unpaid."""
    retries: int = 0
    """How often it was tried again after a failure that might pass."""
    owner: str | None = None
    """The engine process that has it."""
    spared: int = 0
    """Attempts whose process ended in good order, which is no fault of the step."""

    @property
    def begun(self) -> int:
        """The attempts that may say something about the step: this one, and those whose process died."""
        return self.attempts - self.spared


class Ledger:
    """One open write transaction."""

    def __init__(self, connection: sa.Connection, now: Callable[[], datetime]) -> None:
        self.connection = connection
        self.now = now
        self.appended: list[Recorded] = []

    def append(self, event: Event, at_time: datetime | None = None) -> int | None:
        """Write the event down and fold it in; its id, or None if it says nothing new.

        Raises TaskNotFound or AgentNotFound for an event of nobody, TooLate for a move the tables do not know.
        """
        when = at_time or self.now()
        if isinstance(event, MessageMetered) and not fold.is_news(self.connection, event):
            return None
        with self._whole():
            row_id = self._insert(event, ms(when))
            fold.fold(self.connection, row_id, ms(when), event)
        self.appended.append(Recorded(row_id, at(ms(when)), event))
        return row_id

    @contextlib.contextmanager
    def _whole(self) -> Iterator[None]:
        """A refused event leaves no line in the log, even if the caller goes on.

        By hand, because SQLAlchemy compiles its own savepoints anew each time: a quarter of what an event takes.
        """
        self.connection.exec_driver_sql("SAVEPOINT event")
        try:
            yield
        except BaseException:
            with contextlib.suppress(sa.exc.SQLAlchemyError):  # the connection itself may be what broke
                self.connection.exec_driver_sql("ROLLBACK TO SAVEPOINT event")
                self.connection.exec_driver_sql("RELEASE SAVEPOINT event")
            raise
        self.connection.exec_driver_sql("RELEASE SAVEPOINT event")

    def _insert(self, event: Event, at_ms: int) -> int:
        row = self.connection.execute(
            _INSERT,
            {
                "at_ms": at_ms,
                "task_id": event.task_id,
                "agent_id": getattr(event, "agent_id", None),
                "kind": event.kind,
                "body": event.model_dump_json(exclude_defaults=True, exclude={"task_id", "agent_id"}),
            },
        ).one()
        return int(row.id)

    def keep(self, content: bytes) -> str:
        """Store large content once; its id is the SHA-256 of it."""
        return blobs.put(self.connection, content)

    def task_status(self, task_id: str) -> str:
        found = self.connection.execute(
            sa.select(t.tasks.c.status).where(t.tasks.c.id == task_id, t.tasks.c.deleted_at_ms.is_(None))
        ).scalar()
        if found is None:
            raise TaskNotFound(f"There is no task {task_id}.", task_id=task_id)
        return str(found)

    def agent_status(self, agent_id: str) -> str:
        found = self.connection.execute(sa.select(t.agents.c.status).where(t.agents.c.id == agent_id)).scalar()
        if found is None:
            raise AgentNotFound(f"There is no agent {agent_id}.", agent_id=agent_id)
        return str(found)

    def log_dir(self, agent_id: str) -> str | None:
        """Where the agent's log files lie; a run that is continued goes on in them."""
        found = self.connection.execute(sa.select(t.agents.c.log_dir).where(t.agents.c.id == agent_id)).scalar()
        return None if found is None else str(found)

    def begin_run(self, run_id: str, task_id: str, step: str, agent_id: str, owner: str | None = None) -> StepRun:
        """Open the record of a step run, or count one more attempt at it; from now on it is the owner's.

        Raises RunLost if the owner was taken for dead.
        """
        if owner is not None:
            workers.check(self.connection, owner)
        known = self.run(run_id)
        if known is None:
            self.connection.execute(
                sa.insert(t.step_runs).values(
                    run_id=run_id,
                    task_id=task_id,
                    step=step,
                    agent_id=agent_id,
                    attempts=1,
                    owner=owner,
                    started_at_ms=ms(self.now()),
                )
            )
        elif known.outcome is None:
            self._set_run(run_id, attempts=known.attempts + 1, owner=owner)
        opened = self.run(run_id)
        assert opened is not None
        return opened

    def run(self, run_id: str) -> StepRun | None:
        row = self.connection.execute(sa.select(t.step_runs).where(t.step_runs.c.run_id == run_id)).mappings().first()
        return None if row is None else step_run(row)

    def hold(self, run: StepRun) -> None:
        """Make sure that this attempt still has the step, until this transaction ends; raises RunLost."""
        now = self.run(run.run_id)
        if now is None or (now.owner, now.attempts) != (run.owner, run.attempts):
            raise RunLost(f"Another engine process has step {run.step} of task {run.task_id} now.")

    def note_session(self, run_id: str, session_id: str) -> None:
        """Remember which session to continue if this run is killed."""
        self._set_run(run_id, session_id=session_id)

    def count_retry(self, run_id: str) -> None:
        """Count one more try after a failure that may pass."""
        self._set_run(run_id, retries=t.step_runs.c.retries + 1)

    def reserve(self, run_id: str, nanousd: int) -> None:
        """Hold money back for a step that starts now; freed when it is finished."""
        self._set_run(run_id, reserved_nanousd=nanousd)

    def finish_run(self, run_id: str, outcome: dict[str, Any]) -> None:
        """Mark the run as paid; it will never be executed again."""
        self._set_run(run_id, outcome=json.dumps(outcome), finished_at_ms=ms(self.now()))

    def _set_run(self, run_id: str, **values: object) -> None:
        self.connection.execute(sa.update(t.step_runs).where(t.step_runs.c.run_id == run_id).values(**values))


def step_run(row: sa.RowMapping) -> StepRun:
    outcome = None if row["outcome"] is None else json.loads(row["outcome"])
    ids = (row["run_id"], row["task_id"], row["step"], row["agent_id"], row["session_id"])
    return StepRun(*ids, row["attempts"], outcome, row["retries"], row["owner"], row["spared"])
