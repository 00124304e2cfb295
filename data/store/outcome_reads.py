"""Outcomes of tasks as they are read: how it stands, who said what, and which later task may have done it again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from data.domain.agents import Runtime
from data.domain.outcome_events import OutcomeRecorded
from data.store import lists, rows
from data.store import tables as t
from data.store.look import Look, recorded

MOST_FAILURES = 200
"""Failures that are shown, whoever they belong to; the count tells of the others."""


@dataclass(frozen=True)
class OutcomeChange:
    """What became known of an outcome, when and by whom."""

    at: datetime
    event: OutcomeRecorded


@dataclass(frozen=True)
class LaterTask:
    """A task that may have done the work of an earlier one again."""

    id: str
    description: str
    created_at: datetime
    created_by: str
    same_files: int
    """How many of the files that the earlier one wrote it wrote too."""


@dataclass(frozen=True)
class Failure:
    """A task that failed, and that nobody has looked at yet."""

    id: str
    description: str
    error: str
    simulated: bool
    created_by: str
    ended_at: datetime


class Outcomes(Look):
    """What is known of how good tasks were."""

    def failures(self, since: datetime, most: int) -> tuple[list[Failure], int]:
        """Tasks that failed after this time and nobody has looked at, newest first; and how many there are.

        At most so many of each person, so that nobody's own are hidden by those of others. Not those that were read
        in: they failed long ago, elsewhere.
        """
        c = t.tasks.c
        failed = lists.tasks(lists.TaskFilter(seen=False)).where(c.ended_at_ms > rows.ms(since))
        failed = failed.where(c.runtime != Runtime.IMPORTED.value)
        few = (c.id, c.description, c.error, c.simulated, c.created_by, c.ended_at_ms)
        newest_first = (c.ended_at_ms.desc(), c.id.desc())
        rank = sa.func.row_number().over(partition_by=c.created_by, order_by=newest_first)
        ranked = failed.with_only_columns(*few, rank.label("rank")).subquery()
        newest = sa.select(ranked).where(ranked.c.rank <= most).limit(MOST_FAILURES)
        found = [
            Failure(row.id, row.description, row.error or "", row.simulated, row.created_by, rows.at(row.ended_at_ms))
            for row in self.connection.execute(newest.order_by(ranked.c.ended_at_ms.desc(), ranked.c.id.desc()))
        ]
        number = failed.with_only_columns(sa.func.count())
        return found, int(self.connection.execute(number).scalar_one())

    def outcome_changes(self, task_id: str, limit: int = 200) -> list[OutcomeChange]:
        """Who said what about a task's outcome, the newest first."""
        c = t.events.c
        query = sa.select(t.events).where(c.task_id == task_id, c.kind == "outcome_recorded")
        found = self.connection.execute(query.order_by(c.id.desc()).limit(limit)).mappings()
        told = [recorded(row) for row in found]
        return [OutcomeChange(one.at, one.event) for one in told if isinstance(one.event, OutcomeRecorded)]

    def outcome_later_tasks(self, task_id: str, limit: int = 20) -> list[LaterTask]:
        """Later tasks in the same folder, those that wrote the same files first, then the nearest in time."""
        c, f = t.tasks.c, t.files.c
        this = self.connection.execute(sa.select(c.created_at_ms, c.working_directory).where(c.id == task_id)).one()
        mine = sa.select(f.path).where(f.task_id == task_id, f.change != "read")
        same = sa.select(sa.func.count(f.path.distinct())).where(
            f.task_id == c.id, f.change != "read", f.path.in_(mine)
        )
        shared = same.scalar_subquery().label("shared")
        query = (
            sa.select(c.id, c.description, c.created_at_ms, c.created_by, shared)
            .where(c.working_directory == this.working_directory, c.created_at_ms >= this.created_at_ms)
            .where(c.id != task_id, c.deleted_at_ms.is_(None))
            .order_by(sa.desc("shared"), c.created_at_ms)
            .limit(limit)
        )
        return [
            LaterTask(row.id, row.description, rows.at(row.created_at_ms), row.created_by, row.shared)
            for row in self.connection.execute(query)
        ]
