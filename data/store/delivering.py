"""Deliveries in the store: put down with the alert itself, taken by one process at a time, and what became of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from data.domain import deliveries as d
from data.domain import events as e
from data.domain.alerts import Alert, AlertStatus
from data.domain.deliveries import About, Delivery, DeliveryStatus
from data.store import alerting, rows, ruling
from data.store import channels as channel_rows
from data.store import tables as t
from data.store.tables_delivery import channels, deliveries

_WAITS = deliveries.c.next_at_ms.is_not(None)


@dataclass(frozen=True)
class Claim:
    """What one try is about; nobody else takes it meanwhile."""

    channel_id: str
    about: About
    at_ms: int
    """Of a report: when it was due."""
    subjects: tuple[str, ...]


def put_down(db: sa.Connection, rev: int, at_ms: int, about: About, subject_id: str, to: Iterable[str]) -> None:
    """Deliver this to each of the channels that is there, as soon as may be."""
    known = set(db.execute(sa.select(channels.c.id).where(channels.c.removed_at_ms.is_(None))).scalars())
    row = {"subject_id": subject_id, "at_ms": at_ms, "rev": rev, "about": about.value, "tries": 0, "said": ""}
    row |= {"status": DeliveryStatus.WAITING.value, "next_at_ms": at_ms}
    made = [row | {"channel_id": channel_id} for channel_id in dict.fromkeys(to) if channel_id in known]
    if made:
        db.execute(sa.insert(deliveries), made)


def fold(db: sa.Connection, rev: int, at_ms: int, event: e.ChannelSet | e.ChannelRemoved | e.DeliveryMoved) -> None:
    """Raises ChannelNotFound."""
    match event:
        case e.DeliveryMoved():
            _move(db, rev, at_ms, event)
        case e.ChannelSet():
            channel_rows.fold(db, rev, at_ms, event)
        case e.ChannelRemoved():
            channel_rows.fold(db, rev, at_ms, event)
            ends = {"rev": rev, "status": DeliveryStatus.GIVEN_UP.value, "next_at_ms": None}
            where = (deliveries.c.channel_id == event.channel_id) & _WAITS
            db.execute(sa.update(deliveries).where(where).values(**ends, said="The channel was removed."))


def _move(db: sa.Connection, rev: int, at_ms: int, event: e.DeliveryMoved) -> None:
    """What was sent stays sent, whatever a process says that was taken for dead."""
    c = deliveries.c
    where = [c.channel_id == event.channel_id, c.subject_id.in_(event.subjects), c.status != DeliveryStatus.SENT.value]
    if event.about is About.REPORT:
        where.append(c.at_ms == event.due_ms)
    ends = {"rev": rev, "said": event.said, "next_at_ms": None}
    if event.to != "failed":
        db.execute(sa.update(deliveries).where(*where).values(status=event.to, **ends))
        return
    tried = db.execute(sa.select(c.tries).where(*where).distinct()).scalars().all()
    for tries in tried:
        again = d.next_ms(at_ms, tries)
        status = DeliveryStatus.GIVEN_UP if again is None else DeliveryStatus.FAILED
        values = ends | {"status": status.value, "next_at_ms": again}
        db.execute(sa.update(deliveries).where(*where, c.tries == tries).values(**values))


def due_ms(db: sa.Connection, gap_ms: int) -> int | None:
    """When the next try may be made (ms), which may be over; None if nothing waits."""
    c = deliveries.c
    first = sa.func.min(c.next_at_ms)
    query = sa.select(first, channels.c.tried_at_ms).join(channels, channels.c.id == c.channel_id)
    found = db.execute(query.where(_WAITS).group_by(c.channel_id, channels.c.tried_at_ms))
    return min((max(first, tried + gap_ms) if tried else first for first, tried in found), default=None)


def claim(db: sa.Connection, now_ms: int, gap_ms: int, hold_ms: int = 1000 * d.HOLD_S) -> Claim | None:
    """Take what may be tried now of the channel that has waited longest, and count the try.

    The try is held for `hold_ms`: if its process dies it is made again then. Alerts of one channel go together.
    """
    c = deliveries.c
    free = sa.or_(channels.c.tried_at_ms.is_(None), channels.c.tried_at_ms <= now_ms - gap_ms)
    query = sa.select(c.channel_id, c.about, c.at_ms, c.subject_id).join(channels, channels.c.id == c.channel_id)
    due = query.where(c.next_at_ms <= now_ms, free).order_by(c.next_at_ms, c.at_ms, c.subject_id)
    first = db.execute(due.limit(1)).first()
    if first is None:
        return None
    about, where = About(first.about), [c.channel_id == first.channel_id, c.about == first.about]
    if about is About.REPORT:
        where += [c.subject_id == first.subject_id, c.at_ms == first.at_ms]
    found = db.execute(due.where(*where).limit(d.MOST_AT_ONCE)).all()
    subjects = tuple(row.subject_id for row in found)
    mine = [c.channel_id == first.channel_id, c.subject_id.in_(subjects), c.next_at_ms <= now_ms, *where]
    held = {"tries": c.tries + 1, "tried_at_ms": now_ms, "next_at_ms": now_ms + hold_ms}
    db.execute(sa.update(deliveries).where(*mine).values(**held))
    db.execute(sa.update(channels).where(channels.c.id == first.channel_id).values(tried_at_ms=now_ms))
    return Claim(first.channel_id, about, first.at_ms, subjects)


def over(db: sa.Connection, now_ms: int) -> list[e.DeliveryMoved]:
    """What is due and will not be tried: alerts that ask for nobody any more, and what was lost in its last try."""
    c, a = deliveries.c, t.alerts.c
    query = sa.select(c.channel_id, c.subject_id, a.status, a.answered_by).join(t.alerts, a.id == c.subject_id)
    asks = a.status != AlertStatus.OPEN.value
    found = db.execute(query.where(c.next_at_ms <= now_ms, c.about == About.ALERT.value, asks).limit(_MOST_OVER))
    out: dict[tuple[str, str, int, str], list[str]] = {}
    for row in found:
        why = _WHY[AlertStatus(row.status)].format(row.answered_by or "somebody")
        out.setdefault((row.channel_id, About.ALERT.value, 0, why), []).append(row.subject_id)
    lost = sa.select(c.channel_id, c.subject_id, c.about, c.at_ms)
    for row in db.execute(lost.where(c.next_at_ms <= now_ms, c.tries >= d.MOST_TRIES).limit(_MOST_OVER)):
        due = row.at_ms if row.about == About.REPORT else 0
        out.setdefault((row.channel_id, row.about, due, _LOST), []).append(row.subject_id)
    return [
        e.DeliveryMoved(
            task_id="",
            about=About(about),
            subjects=tuple(subjects),
            due_ms=due,
            channel_id=channel_id,
            to="given_up",
            said=why,
        )
        for (channel_id, about, due, why), subjects in out.items()
    ]


_MOST_OVER = 1_000
_LOST = "The server ended while it was being sent for the last time."
_WHY = {
    AlertStatus.ACKNOWLEDGED: "Not sent: {} had taken the alert on.",
    AlertStatus.SNOOZED: "Not sent: {} waits with the alert.",
    AlertStatus.RESOLVED: "Not sent: the alert was settled before.",
}


@dataclass(frozen=True)
class DeliveryFilter:
    """Which deliveries to list; a field that is None does not filter."""

    about: About | None = None
    status: DeliveryStatus | None = None
    channel_id: str | None = None
    subject_id: str | None = None


Place = tuple[int, str, str]
"""When, subject and channel of a delivery: where a list goes on."""


def listed(db: sa.Connection, wanted: DeliveryFilter, limit: int, before: Place | None = None) -> list[Delivery]:
    """Deliveries, the newest first; those behind a place."""
    c = deliveries.c
    query = sa.select(deliveries, channels.c.name).join(channels, channels.c.id == c.channel_id)
    given: dict[str, str | None] = {"about": wanted.about, "status": wanted.status}
    given |= {"channel_id": wanted.channel_id, "subject_id": wanted.subject_id}
    query = query.where(*[c[name] == value for name, value in given.items() if value is not None])
    if before is not None:
        query = query.where(sa.tuple_(c.at_ms, c.subject_id, c.channel_id) < sa.tuple_(*before))
    query = query.order_by(c.at_ms.desc(), c.subject_id.desc(), c.channel_id.desc()).limit(limit)
    return [_delivery(row) for row in db.execute(query).mappings()]


def _delivery(row: rows.Row) -> Delivery:
    return Delivery(
        about=About(row["about"]),
        subject_id=row["subject_id"],
        at=rows.at(row["at_ms"]),
        channel_id=row["channel_id"],
        channel=row["name"],
        status=DeliveryStatus(row["status"]),
        tries=row["tries"],
        said=row["said"],
        tried_at=rows.maybe_at(row["tried_at_ms"]),
        next_at=rows.maybe_at(row["next_at_ms"]),
    )


@dataclass(frozen=True)
class Told:
    """An alert with what a message says beside it."""

    alert: Alert
    simulated: bool
    """Whether it is about a demo, or demo money."""
    task: str
    """What the task is about; empty for what concerns the whole fleet."""


def told(db: sa.Connection, alert_ids: Iterable[str]) -> list[Told]:
    """The alerts in the order in which they were raised."""
    simulated_rules = {rule.id for rule in ruling.rules(db) if rule.simulated}
    found = sorted((alerting.get(db, alert_id) for alert_id in alert_ids), key=lambda one: (one.raised_at, one.id))
    c = t.tasks.c
    query = sa.select(c.id, c.simulated, c.description).where(c.id.in_({one.task_id for one in found if one.task_id}))
    tasks = {row.id: row for row in db.execute(query)}
    out = []
    for alert in found:
        task = tasks.get(alert.task_id or "")
        simulated = bool(task and task.simulated) or alert.rule_id in simulated_rules
        out.append(Told(alert, simulated, task.description if task else ""))
    return out
