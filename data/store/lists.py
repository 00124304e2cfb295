"""Filters, sorting and cursors of the lists: a cursor stays valid while rows arrive."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.assignment import AssignedBy
from data.domain.errors import CursorInvalid
from data.domain.outcomes import VERDICTS, Verdict
from data.domain.tasks import TaskStatus, TaskType
from data.store import tables as t
from data.store.rows import ms

T = TypeVar("T")
MAX_LIMIT = 200


@dataclass(frozen=True)
class Page(Generic[T]):
    """A stretch of a list, and where the next one begins."""

    items: list[T]
    next_cursor: str | None


@dataclass(frozen=True)
class TaskFilter:
    """Which tasks to list; a field that is None does not filter."""

    status: TaskStatus | None = None
    task_type: TaskType | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None
    analyst: bool | None = None
    analyst_by: AssignedBy | None = None
    """Who decided about the ANALYST."""
    outcome: Verdict | None = None
    runtime: Runtime | None = None
    archived: bool = False
    created_by: str | None = None
    seen: bool | None = None
    """Of those that failed: whether somebody has looked at why."""
    sort: str = "created"


@dataclass(frozen=True)
class AgentFilter:
    """Which agents to list; a field that is None does not filter."""

    status: AgentStatus | None = None
    role: Role | None = None
    task_id: str | None = None
    runtime: Runtime | None = None
    live: bool | None = None
    imported: bool | None = None
    """Whether they were read in from elsewhere."""
    created_by: str | None = None
    """Who handed in the tasks they work on."""
    sort: str = "created"


def _total(table: sa.Table) -> sa.ColumnElement[Any]:
    kinds = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")
    out: sa.ColumnElement[Any] = sa.literal(0)
    for kind in kinds:
        out = out + table.c[f"tokens_{kind}"]
    return out


def _sorts(table: sa.Table) -> dict[str, sa.ColumnElement[Any]]:
    return {"created": table.c.created_at_ms, "cost": table.c.cost_nanousd, "tokens": _total(table)}


SORTS = ("created", "cost", "tokens")
"""What a list can be sorted by, largest or newest first."""


def like(text: str) -> str:
    """A LIKE pattern that finds the text as it stands, with escape character `!`."""
    for special in "!%_":
        text = text.replace(special, f"!{special}")
    return f"%{text}%"


def tasks(wanted: TaskFilter) -> sa.Select[Any]:
    table = t.tasks
    archived = table.c.archived_at_ms.is_not(None) if wanted.archived else table.c.archived_at_ms.is_(None)
    query = sa.select(table).where(table.c.deleted_at_ms.is_(None), archived)
    if wanted.status:
        query = query.where(table.c.status == wanted.status.value)
    if wanted.task_type:
        query = query.where(table.c.task_type == wanted.task_type.value)
    if wanted.since:
        query = query.where(table.c.created_at_ms >= ms(wanted.since))
    if wanted.until:
        query = query.where(table.c.created_at_ms < ms(wanted.until))
    if wanted.text:
        query = query.where(table.c.description.ilike(like(wanted.text), escape="!"))
    if wanted.analyst is not None:
        query = query.where(table.c.analyst_included.is_(wanted.analyst))
    if wanted.analyst_by:
        query = query.where(table.c.analyst_by == wanted.analyst_by.value)
    if wanted.outcome:
        (good,) = (value for value, verdict in VERDICTS.items() if verdict is wanted.outcome)
        query = query.where(table.c.good.is_(good))
    if wanted.runtime:
        query = query.where(table.c.runtime == wanted.runtime.value)
    if wanted.created_by is not None:
        query = query.where(table.c.created_by == wanted.created_by)
    if wanted.seen is not None:
        seen = table.c.seen_by.is_not(None) if wanted.seen else table.c.seen_by.is_(None)
        query = query.where(table.c.status == TaskStatus.FAILED.value, seen)
    return query


def agents(wanted: AgentFilter) -> sa.Select[Any]:
    table = t.agents
    query = sa.select(table)
    if wanted.status:
        query = query.where(table.c.status == wanted.status.value)
    else:
        query = query.where(table.c.status != AgentStatus.DELETED.value)
    if wanted.live is not None:
        live = table.c.status.in_(["active", "idle", "waiting"])
        query = query.where(live if wanted.live else ~live)
    if wanted.imported is not None:
        imported = table.c.runtime == Runtime.IMPORTED.value
        query = query.where(imported if wanted.imported else ~imported)
    if wanted.role:
        query = query.where(table.c.role == wanted.role.value)
    if wanted.task_id:
        query = query.where(table.c.task_id == wanted.task_id)
    if wanted.runtime:
        query = query.where(table.c.runtime == wanted.runtime.value)
    if wanted.created_by is not None:
        theirs = sa.select(t.tasks.c.id).where(t.tasks.c.created_by == wanted.created_by)
        query = query.where(table.c.task_id.in_(theirs))
    return query


def _cursor(sort: str, value: int, row_id: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([sort, value, row_id]).encode()).decode().rstrip("=")


def _position(cursor: str, sort: str) -> tuple[int, str]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        name, value, row_id = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, TypeError, RecursionError) as error:
        raise CursorInvalid(field="cursor") from error
    right = name == sort and type(value) is int and abs(value) < 2**63 and isinstance(row_id, str)
    if not right or "\x00" in row_id or not row_id.isascii():
        raise CursorInvalid("The cursor was issued for another sorting of this list.", field="cursor")
    return value, row_id


def page(
    db: sa.Connection, query: sa.Select[Any], table: sa.Table, sort: str, limit: int, cursor: str | None
) -> tuple[list[sa.RowMapping], str | None]:
    """Rows after the cursor, largest first, and the cursor behind them."""
    key = _sorts(table)[sort]
    query = query.add_columns(key.label("sort_key")).order_by(key.desc(), table.c.id.desc()).limit(limit + 1)
    if cursor:
        value, row_id = _position(cursor, sort)
        query = query.where(sa.or_(key < value, sa.and_(key == value, table.c.id < row_id)))
    found = list(db.execute(query).mappings())
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    return found[:limit], _cursor(sort, last["sort_key"], last["id"])
