"""Rows for the warehouse: what changed after a clock, as columns, as fast as the database can tell it.

Each row is written as one line of CSV by the database itself and read by Arrow: five times as fast as taking rows
apart in Python.
"""

from __future__ import annotations

import io
from collections.abc import Generator, Iterable, Iterator
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from pyarrow import csv

from data.store import tables as t
from data.store.look import Look

STRETCH = 100_000
"""Rows that are told at once."""
_HEAD = 200
"""Characters of a description; all of it stands in the store."""
_BYTES = 8 * 1024 * 1024
Columns = dict[str, sa.ColumnElement[Any]]

_task, _agent, _reply, _gone, _event = t.tasks.c, t.agents.c, t.messages.c, t.messages_gone.c, t.events.c
_WAY = (
    sa.select(sa.func.aggregate_strings(t.steps.c.role, " > ").over(order_by=t.steps.c.position, rows=(None, None)))
    .where(t.steps.c.task_id == _task.id)
    .limit(1)
    .scalar_subquery()
)
"""The roles of a task's steps as planned, in their order."""

_REPLIES: Columns = {
    "message_id": _reply.message_id,
    "request_id": _reply.request_id,
    "agent_id": _reply.agent_id,
    "model": _reply.model,
    "at_ms": _reply.at_ms,
    "tokens_input": _reply.tokens_input,
    "tokens_output": _reply.tokens_output,
    "tokens_cache_read": _reply.tokens_cache_read,
    "tokens_cache_write_5m": _reply.tokens_cache_write_5m,
    "tokens_cache_write_1h": _reply.tokens_cache_write_1h,
    "cost_nanousd": _reply.cost_nanousd,
    "simulated": _reply.simulated,
    "web_searches": _reply.web_searches,
}
_GONE: Columns = {"message_id": _gone.message_id, "request_id": _gone.request_id}
_AGENTS: Columns = {
    "id": _agent.id,
    "task_id": _agent.task_id,
    "step": _agent.step,
    "role": _agent.role,
    "name": _agent.name,
    "model": _agent.model,
    "status": _agent.status,
    "runtime": _agent.runtime,
    "simulated": _agent.simulated,
    "created_at_ms": _agent.created_at_ms,
    "started_at_ms": _agent.started_at_ms,
    "ended_at_ms": _agent.ended_at_ms,
    "tool_calls": _agent.tool_calls,
    "reported_nanousd": _agent.reported_nanousd,
    "transcript_nanousd": _agent.transcript_nanousd,
}
_TASKS: Columns = {
    "id": _task.id,
    "description": sa.func.substr(_task.description, 1, _HEAD, type_=sa.Text),
    "task_type": _task.task_type,
    "status": _task.status,
    "complexity": _task.complexity,
    "analyst_choice": _task.analyst_choice,
    "analyst_included": _task.analyst_included,
    "analyst_reason": _task.analyst_reason,
    "folder": _task.working_directory,
    "runtime": _task.runtime,
    "simulated": _task.simulated,
    "model": sa.func.coalesce(_task.model, ""),
    "created_by": _task.created_by,
    "created_at_ms": _task.created_at_ms,
    "started_at_ms": _task.started_at_ms,
    "ended_at_ms": _task.ended_at_ms,
    "archived_at_ms": _task.archived_at_ms,
    "deleted_at_ms": _task.deleted_at_ms,
    "tool_calls": _task.tool_calls,
    "reported_nanousd": _task.reported_nanousd,
    "run": _task.run,
    "rerun_of": sa.func.coalesce(_task.rerun_of, ""),
    "priority": _task.priority,
    "analyst_by": _task.analyst_by,
    "analyst_percent": sa.cast(sa.func.round(_task.analyst_probability * 100), sa.BigInteger),
    "borderline": _task.borderline,
    "good": _task.good,
    "reworked": _task.reworked,
    "words": sa.func.length(_task.description, type_=sa.Integer)
    - sa.func.length(sa.func.replace(_task.description, " ", ""), type_=sa.Integer)
    + 1,
    "way": sa.func.coalesce(_WAY, "", type_=sa.Text),
}


def _body(name: str, *, sqlite: bool) -> sa.ColumnElement[Any]:
    """A field of an event's body as text; empty if it has none."""
    if sqlite:
        found: sa.ColumnElement[Any] = sa.func.json_extract(_event.body, f"$.{name}")
    else:
        found = sa.cast(_event.body, sa.dialects.postgresql.JSONB)[name].astext
    return sa.func.coalesce(sa.cast(found, sa.Text), "")


class Mirrored(Look):
    """What changed after a clock, in columns; ask everything of one look, so that it fits together."""

    def mirrored(self, after: int) -> Generator[tuple[str, pa.Table], None, None]:
        """Tasks, agents, replies that no longer count under their name, replies, calls of tools, calls that failed.

        Close it where it is left early: on PostgreSQL the connection is busy until then.
        Deleted tasks and agents too: what they spent stays spent.
        """
        told = {
            "tasks": self._told(_TASKS, _since(_task.rev, after)),
            "agents": self._told(_AGENTS, _since(_agent.rev, after)),
            "gone": self._told(_GONE, _since(_gone.rev, after)),
            "replies": self._told(_REPLIES, _since(_reply.rev, after)),
            "calls": self._calls(after),
            "troubles": self._troubles(after),
        }
        for name, parts in told.items():
            for part in parts:
                yield name, part

    def _calls(self, after: int) -> Iterator[pa.Table]:
        """Calls of tools, with the reply that made each; it is empty in older logs."""
        sqlite = self.connection.dialect.name == "sqlite"
        columns: Columns = {
            "id": _event.id,
            "agent_id": sa.func.coalesce(_event.agent_id, ""),
            "tool": _body("tool", sqlite=sqlite),
            "message_id": _body("message_id", sqlite=sqlite),
            "tool_use_id": _body("tool_use_id", sqlite=sqlite),
            "at_ms": _event.at_ms,
        }
        return self._told(columns, (_event.kind == "tool_called") & (_event.id > after))

    def _troubles(self, after: int) -> Iterator[pa.Table]:
        """Calls of tools that failed or were refused."""
        sqlite = self.connection.dialect.name == "sqlite"
        refused = _event.kind == "tool_refused"
        columns: Columns = {
            "id": _event.id,
            "agent_id": sa.func.coalesce(_event.agent_id, ""),
            "tool": _body("tool", sqlite=sqlite),
            "tool_use_id": _body("tool_use_id", sqlite=sqlite),
            "at_ms": _event.at_ms,
            "refused": sa.case((refused, 1), else_=0),
        }
        failed = (_event.kind == "tool_returned") & _body("is_error", sqlite=sqlite).in_(("1", "true"))
        return self._told(columns, (refused | failed) & (_event.id > after))

    def mirrored_sign(self, clock: int) -> str:
        """What tells this log from another that has as many events: the event of that number."""
        query = sa.select(_event.at_ms, _event.task_id, _event.kind).where(_event.id == clock)
        return "|".join(map(str, self.connection.execute(query).first() or ("none",)))

    def _told(self, columns: Columns, where: sa.ColumnElement[bool]) -> Iterator[pa.Table]:
        types = {name: pa.string() if _is_text(column) else pa.int64() for name, column in columns.items()}
        if self.connection.dialect.name == "sqlite":
            parts = self._sqlite(columns, where)
        else:
            parts = self._postgresql(columns, where)
        for part in parts:
            yield csv.read_csv(
                pa.BufferReader(part),
                read_options=csv.ReadOptions(column_names=list(types), block_size=max(len(part), 1)),
                parse_options=csv.ParseOptions(newlines_in_values=True),
                convert_options=csv.ConvertOptions(column_types=types, null_values=[""], strings_can_be_null=False),
            )

    def _sqlite(self, columns: Columns, where: sa.ColumnElement[bool]) -> Iterator[bytes]:
        form = ",".join('"%w"' if _is_text(column) else "%s" for column in columns.values())
        query = sa.select(sa.func.printf(form, *columns.values())).where(where)
        driver = self.connection.connection.cursor()
        try:
            driver.execute(_text(query, self.connection))
            while rows := driver.fetchmany(STRETCH):
                yield "\n".join([row[0] for row in rows]).encode()
        finally:
            driver.close()

    def _postgresql(self, columns: Columns, where: sa.ColumnElement[bool]) -> Iterator[bytes]:
        found = [
            sa.cast(column, sa.Integer) if isinstance(column.type, sa.Boolean) else column
            for column in columns.values()
        ]
        query = sa.select(*found).where(where)
        copy = f"COPY ({_text(query, self.connection)}) TO STDOUT (FORMAT csv)"
        driver: Any = self.connection.connection.cursor()
        with driver, driver.copy(copy) as told:
            yield from _gathered(told)


def _since(rev: sa.ColumnElement[int], after: int) -> sa.ColumnElement[bool]:
    """From the beginning the whole table is read as it lies, which takes half as long as by its index."""
    return rev > after if after else sa.true()


def _is_text(column: sa.ColumnElement[Any]) -> bool:
    return isinstance(column.type, sa.String)


def _text(query: sa.Select[Any], connection: sa.Connection) -> str:
    return str(query.compile(connection, compile_kwargs={"literal_binds": True}))


def _gathered(lines: Iterable[Any]) -> Iterator[bytes]:
    """Whole lines in parts of a good size: PostgreSQL sends each row by itself."""
    part = io.BytesIO()
    for line in lines:
        part.write(line)
        if part.tell() >= _BYTES:
            yield part.getvalue()
            part = io.BytesIO()
    if part.tell():
        yield part.getvalue()
