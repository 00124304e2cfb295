"""Claude sessions that others run: what is known of each, and how much was received by which way."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from data.domain import observed
from data.domain.agents import AgentStatus, Runtime
from data.domain.tasks import TaskStatus
from data.store import tables as t
from data.store.look import Look
from data.store.rows import at, ms

_OURS = [Runtime.CLAUDE.value, Runtime.DEMO.value, Runtime.SCRIPTED.value]
MOST_NAMES = 400
"""Different names that are counted; what comes beyond is counted together."""
OTHER = "other"
MOST_SINCE = 2_000
_SINCE = (
    sa.select(t.events.c.task_id, t.events.c.kind).where(t.events.c.id > sa.bindparam("after")).limit(MOST_SINCE + 1)
)
_NOTE = sa.text("INSERT INTO received_requests (mark, at_ms) VALUES (:mark, :at_ms) ON CONFLICT (mark) DO NOTHING")


@dataclass(frozen=True)
class Session:
    """One Claude session as it is known."""

    id: str
    task_id: str
    stored: bool = False
    """Whether the store knows it."""
    life: int = 1
    """How often it was opened."""
    ours: bool = False
    """Whether an agent of this product has it: then it is shown already."""
    described: bool = False
    hooked: bool = False
    """Whether hooks tell of it: what they tell, telemetry does not tell again."""
    transcript: str = ""
    read_to: Mapping[str, int] = field(default_factory=dict)
    """How far each of its files was read."""
    told_nanousd: int = 0
    """What its telemetry said that its requests cost."""
    metered_nanousd: int = 0
    """What its telemetry's metrics said in all."""
    series: Mapping[str, int] = field(default_factory=dict)
    """The last running total of each series of its metrics, if they come as running totals."""
    ended: bool = False
    task_status: TaskStatus | None = None
    """None: it has no task yet."""
    deleted: bool = False
    """Whether a person took its task off every list."""
    agents: Mapping[str, AgentStatus] = field(default_factory=dict)
    model: str = ""
    """That of its main agent."""
    reported: Mapping[str, int] = field(default_factory=dict)
    """What each of its agents was reported to cost."""

    @property
    def agent_id(self) -> str:
        return observed.agent_id(self.id, life=self.life)

    def subagent(self, name: str) -> str:
        return observed.agent_id(self.id, name, self.life)


@dataclass(frozen=True)
class Received:
    """How often something was received."""

    source: str
    name: str
    number: int
    last: datetime


def sessions(db: sa.Connection, ids: Collection[str]) -> dict[str, Session]:
    """What is known of these sessions; of a new one nothing but whether it is ours."""
    c = t.observed_sessions.c
    rows = {row["id"]: row for row in db.execute(sa.select(t.observed_sessions).where(c.id.in_(ids))).mappings()}
    ours = set(_ours(db, ids))
    found = {one: _session(rows[one]) if one in rows else Session(one, observed.task_id(one)) for one in ids}
    task_ids = [one.task_id for one in found.values()]
    tasks, agents = _tasks(db, task_ids), _agents(db, task_ids)
    out = {}
    for one in found.values():
        status, deleted = tasks.get(one.task_id, (None, False))
        if one.id not in rows and status is not None:  # somebody imported it before it went on
            one = replace(one, life=2, described=True)
        mine = agents.get(one.task_id, [])
        out[one.id] = replace(
            one,
            task_status=status,
            deleted=deleted,
            agents={row["id"]: AgentStatus(row["status"]) for row in mine},
            model=next((row["model"] for row in mine if row["id"] == one.agent_id), ""),
            reported={row["id"]: row["reported_nanousd"] for row in mine if row["reported_nanousd"]},
            ours=one.id in ours,
        )
    return out


def written_about(db: sa.Connection, after: int) -> set[str] | None:
    """The tasks of which something was written after a clock.

    None: there was too much of it, or an agent began a session, which may be any of those that are known.
    """
    found = db.execute(_SINCE, {"after": after}).all()
    if len(found) > MOST_SINCE or any(row.kind == "session_started" for row in found):
        return None
    return {row.task_id for row in found}


def _ours(db: sa.Connection, ids: Collection[str]) -> list[str]:
    c = t.agents.c
    query = sa.select(c.session_id).where(c.session_id.in_(ids), c.runtime.in_(_OURS)).distinct()
    return list(db.execute(query).scalars())


def _session(row: sa.RowMapping) -> Session:
    names = ("id", "task_id", "life", "ours", "described", "hooked", "transcript", "ended")
    money = {name: row[name] for name in ("told_nanousd", "metered_nanousd")}
    told = {name: json.loads(row[name]) for name in ("read_to", "series")}
    return Session(**{name: row[name] for name in names}, **money, **told, stored=True)


def _tasks(db: sa.Connection, ids: Collection[str]) -> dict[str, tuple[TaskStatus | None, bool]]:
    query = sa.select(t.tasks.c.id, t.tasks.c.status, t.tasks.c.deleted_at_ms).where(t.tasks.c.id.in_(ids))
    return {row.id: (TaskStatus(row.status), row.deleted_at_ms is not None) for row in db.execute(query)}


def _agents(db: sa.Connection, task_ids: Collection[str]) -> dict[str, list[sa.RowMapping]]:
    c = t.agents.c
    out: dict[str, list[sa.RowMapping]] = {}
    columns = (c.id, c.task_id, c.status, c.model, c.reported_nanousd)
    for row in db.execute(sa.select(*columns).where(c.task_id.in_(task_ids))).mappings():
        out.setdefault(row["task_id"], []).append(row)
    return out


def save(db: sa.Connection, changed: Iterable[Session], heard_at: datetime) -> None:
    """Write down what is known of these sessions now, except for how far their files were read."""
    c = t.observed_sessions.c
    fresh: list[dict[str, Any]] = []
    old: list[dict[str, Any]] = []
    for one in changed:
        (old if one.stored else fresh).append(_row(one, ms(heard_at)))
    if fresh:
        db.execute(sa.insert(t.observed_sessions), [row | {"read_to": "{}"} for row in fresh])
    if old:
        values: dict[str, Any] = {name: sa.bindparam(f"the_{name}") for name in old[0] if name != "id"}
        given = [{f"the_{name}": value for name, value in row.items()} for row in old]
        db.execute(sa.update(t.observed_sessions).where(c.id == sa.bindparam("the_id")).values(**values), given)


def _row(one: Session, heard_at_ms: int) -> dict[str, Any]:
    same = ("id", "task_id", "life", "ours", "described", "hooked", "transcript", "told_nanousd", "metered_nanousd")
    values = {name: getattr(one, name) for name in same}
    return values | {"series": json.dumps(dict(one.series)), "heard_at_ms": heard_at_ms, "ended": one.ended}


def note_read(db: sa.Connection, session_id: str, read_to: Mapping[str, int]) -> None:
    """Write down how far each file of a session was read."""
    c = t.observed_sessions.c
    db.execute(sa.update(t.observed_sessions).where(c.id == session_id).values(read_to=json.dumps(dict(read_to))))


def repeated(db: sa.Connection, marks: Collection[str]) -> set[str]:
    """Those of these requests that were written down before: their sender did not hear the answer."""
    if not marks:
        return set()
    c = t.received_requests.c
    return set(db.execute(sa.select(c.mark).where(c.mark.in_(marks))).scalars())


def note_requests(db: sa.Connection, marks: Collection[str], now: datetime) -> bool:
    """Remember these requests; False if one was written down in this moment by somebody else."""
    if not marks:
        return True
    return db.execute(_NOTE, [{"mark": mark, "at_ms": ms(now)} for mark in marks]).rowcount == len(marks)


def has_requests(db: sa.Connection, before: datetime) -> bool:
    """Whether there are requests that nobody sends again."""
    c = t.received_requests.c
    return db.execute(sa.select(c.mark).where(c.at_ms < ms(before)).limit(1)).first() is not None


def forget_requests(db: sa.Connection, before: datetime) -> None:
    """Nobody sends so old ones again."""
    db.execute(sa.delete(t.received_requests).where(t.received_requests.c.at_ms < ms(before)))


def silent(db: sa.Connection, before: datetime, limit: int = 100) -> list[str]:
    """Sessions that have not ended and of which nobody has heard since, the longest first."""
    c = t.observed_sessions.c
    query = sa.select(c.id).where(c.ended.is_(False), c.heard_at_ms < ms(before)).order_by(c.heard_at_ms).limit(limit)
    return list(db.execute(query).scalars())


def quiet(db: sa.Connection, before: datetime, limit: int = 100) -> list[str]:
    """Sessions at work that only telemetry tells of, and of which nobody has heard since."""
    c, a = t.observed_sessions.c, t.agents.c
    at_work = sa.exists().where(a.task_id == c.task_id, a.status == AgentStatus.ACTIVE.value)
    where = (c.ended.is_(False), c.hooked.is_(False), c.ours.is_(False), c.heard_at_ms < ms(before), at_work)
    return list(db.execute(sa.select(c.id).where(*where).order_by(c.heard_at_ms).limit(limit)).scalars())


def shift(db: sa.Connection, by: timedelta) -> None:
    """The clock went astray by so much: sessions were heard of so much earlier, or later, as it says now."""
    c = t.observed_sessions.c
    more = round(by.total_seconds() * 1000)
    db.execute(sa.update(t.observed_sessions).where(c.ended.is_(False)).values(heard_at_ms=c.heard_at_ms + more))


def count(db: sa.Connection, numbers: Counter[tuple[str, str]], now: datetime) -> None:
    """Add to how often each was received."""
    c = t.received.c
    add = sa.update(t.received).where(c.source == sa.bindparam("the_source"), c.name == sa.bindparam("the_name"))
    add = add.values(number=c.number + sa.bindparam("more"), last_at_ms=sa.bindparam("at"))
    for (source, name), number in numbers.items():
        given = {"the_source": source, "the_name": name, "more": number, "at": ms(now)}
        if db.execute(add, given).rowcount:
            continue
        if db.execute(sa.select(sa.func.count()).select_from(t.received)).scalar_one() >= MOST_NAMES:
            given["the_name"] = OTHER
            if db.execute(add, given).rowcount:
                continue
        fresh = {"source": source, "name": given["the_name"], "number": number, "last_at_ms": ms(now)}
        db.execute(sa.insert(t.received), fresh)


@dataclass(frozen=True)
class Programs:
    """Orchestrators of others that report here by themselves."""

    now: int
    """Of those that run now."""
    all: int
    last: datetime | None
    """When one last said that it lives."""


class Observing(Look):
    """What the page about connections asks."""

    def observed_received(self) -> list[Received]:
        """How often each was received, the most frequent first."""
        query = sa.select(t.received).order_by(t.received.c.number.desc(), t.received.c.name)
        return [
            Received(row.source, row.name, row.number, at(row.last_at_ms)) for row in self.connection.execute(query)
        ]

    def observed_open(self, heard_within: timedelta, now: datetime) -> int:
        """Sessions that others run and that told something lately."""
        c = t.observed_sessions.c
        query = sa.select(sa.func.count()).where(c.ended.is_(False), c.ours.is_(False))
        return int(self.connection.execute(query.where(c.heard_at_ms >= ms(now - heard_within))).scalar_one())

    def observed_programs(self) -> Programs:
        """Orchestrators that were attached."""
        c = t.attachments.c
        query = sa.select(sa.func.count().filter(c.ended_at_ms.is_(None)), sa.func.count(), sa.func.max(c.beat_at_ms))
        now, known, last_ms = self.connection.execute(query).one()
        return Programs(now, known, None if last_ms is None else at(last_ms))
