"""The reads about history that came in: imports, and what imported sessions cost."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from data.domain.agents import Runtime
from data.domain.errors import ImportNotFound
from data.domain.imports import Import, ImportReport
from data.domain.money import Tokens
from data.store import rows
from data.store import tables as t
from data.store import tables_history as h
from data.store.look import Look


@dataclass(frozen=True)
class DaySpend:
    """What imported sessions used on one UTC day with one model."""

    day: datetime
    model: str
    replies: int
    tokens: Tokens
    nanousd: int
    unpriced: int


@dataclass(frozen=True)
class Share:
    """What imported sessions of one project, or with one model, used in all."""

    name: str
    sessions: int
    replies: int
    tokens: int
    nanousd: int
    unpriced: int


_KINDS = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")
_DAY_MS = 86_400_000


def _total() -> sa.ColumnElement[Any]:
    out: sa.ColumnElement[Any] = sa.literal(0)
    for kind in _KINDS:
        out = out + t.messages.c[f"tokens_{kind}"]
    return out


class Histories(Look):
    """Imports, and what imported sessions cost."""

    def import_of(self, import_id: str) -> Import:
        """Raises ImportNotFound."""
        row = self.connection.execute(sa.select(h.imports).where(h.imports.c.id == import_id)).mappings().first()
        if row is None:
            raise ImportNotFound(f"There is no import {import_id}.", import_id=import_id)
        return _import(row)

    def imports(self, limit: int = 20) -> list[Import]:
        """The newest first."""
        query = sa.select(h.imports).order_by(h.imports.c.started_at_ms.desc(), h.imports.c.id.desc()).limit(limit)
        return [_import(row) for row in self.connection.execute(query).mappings()]

    def imported_clock(self) -> int:
        """The last event by which history came in: as long as it is the same, so is what history cost."""
        query = sa.select(sa.func.max(t.events.c.id)).where(t.events.c.kind == "transcript_read")
        return int(self.connection.execute(query).scalar() or 0)

    def imported_counts(self) -> tuple[int, int]:
        """Imported tasks that stand in the lists, and their agents."""
        c = t.tasks.c
        ids = sa.select(c.id).where(c.runtime == Runtime.IMPORTED.value, c.deleted_at_ms.is_(None))
        one = sa.func.count()
        tasks = self.connection.execute(sa.select(one).select_from(ids.subquery())).scalar_one()
        agents = self.connection.execute(sa.select(one).where(t.agents.c.task_id.in_(ids))).scalar_one()
        return int(tasks), int(agents)

    def imported_by_day(self) -> list[DaySpend]:
        """Imported replies by UTC day and model, the newest day first; those without a time stand where they were."""
        c = t.messages.c
        day = (c.at_ms // _DAY_MS).label("day")
        query = sa.select(day, c.model, sa.func.count(), *_sums()).where(c.imported.is_(True))
        found = self.connection.execute(query.group_by(day, c.model).order_by(day.desc(), c.model))
        out = []
        for number, model, replies, *tokens, nanousd, unpriced in found:
            used = Tokens(*(int(value) for value in tokens))
            out.append(DaySpend(rows.at(number * _DAY_MS), model, replies, used, int(nanousd), int(unpriced)))
        return out

    def imported_searches(self) -> int:
        """Web searches of imported sessions; what they cost is part of their cost."""
        c = t.messages.c
        query = sa.select(sa.func.coalesce(sa.func.sum(c.web_searches), 0)).where(c.imported.is_(True))
        return int(self.connection.execute(query).scalar_one())

    def imported_by_project(self, limit: int = 100) -> list[Share]:
        """Imported sessions by the folder they worked in, the dearest first."""
        return self._shares(t.tasks.c.working_directory, limit)

    def imported_by_model(self, limit: int = 100) -> list[Share]:
        return self._shares(t.messages.c.model, limit)

    def _shares(self, by: sa.Column[str], limit: int) -> list[Share]:
        c = t.messages.c
        cost = sa.func.coalesce(sa.func.sum(c.cost_nanousd), 0)
        sums = [sa.func.count(c.task_id.distinct()), sa.func.count(), sa.func.sum(_total()), cost]
        query = sa.select(by, *sums, sa.func.count().filter(c.cost_nanousd.is_(None)))
        query = query.join_from(t.messages, t.tasks, t.tasks.c.id == c.task_id).where(c.imported.is_(True))
        found = self.connection.execute(query.group_by(by).order_by(cost.desc(), by).limit(limit))
        return [Share(name, *(int(number) for number in numbers)) for name, *numbers in found]


def _sums() -> list[sa.ColumnElement[Any]]:
    c = t.messages.c
    sums = [sa.func.coalesce(sa.func.sum(c[name]), 0) for name in (*(f"tokens_{k}" for k in _KINDS), "cost_nanousd")]
    return [*sums, sa.func.count().filter(c.cost_nanousd.is_(None))]


def _import(row: rows.Row) -> Import:
    return Import(
        id=row["id"],
        kind=row["kind"],
        folder=row["folder"],
        status=row["status"],
        by=row["started_by"],
        started_at=rows.at(row["started_at_ms"]),
        heard_at=rows.at(row["heard_at_ms"]),
        ended_at=rows.maybe_at(row["ended_at_ms"]),
        files_total=row["files_total"],
        files_done=row["files_done"],
        bytes_total=row["bytes_total"],
        bytes_done=row["bytes_done"],
        report=ImportReport.of(json.loads(row["report"])),
        error=row["error"],
    )
