"""Alerts in the store: raised, answered, judged, and how often they were right."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from data.domain.alerts import Alert, AlertKind, AlertStatus, Precision
from data.domain.control_events import AlertAnswered, AlertJudged, AlertRaised
from data.domain.errors import AlertNotFound, TooLate
from data.domain.tasks import ENDED
from data.store import rows
from data.store import tables as t
from data.store.ledger import Recorded
from data.store.look import recorded


def fold(db: sa.Connection, rev: int, at_ms: int, event: AlertRaised | AlertAnswered | AlertJudged) -> None:
    match event:
        case AlertRaised():
            _raise(db, rev, at_ms, event)
        case AlertAnswered():
            _answer(db, rev, event)
        case AlertJudged():
            _change(db, event.alert_id, rev, verdict=event.right, judged_by=event.by)


def _raise(db: sa.Connection, rev: int, at_ms: int, event: AlertRaised) -> None:
    """Once: who watches in another process finds the same under the same id."""
    if known(db, event.alert_id):
        raise TooLate("That alert was raised already.", alert_id=event.alert_id)
    db.execute(
        sa.insert(t.alerts).values(
            id=event.alert_id,
            rev=rev,
            kind=event.about.value,
            status=AlertStatus.OPEN.value,
            task_id=event.task_id or None,
            agent_id=event.agent_id,
            words=event.words,
            evidence=json.dumps(event.evidence),
            raised_at_ms=at_ms,
            note="",
            rule_id=event.rule_id or None,
            subject=event.subject or None,
            bucket_ms=event.bucket_ms,
        )
    )


def _answer(db: sa.Connection, rev: int, event: AlertAnswered) -> None:
    if get(db, event.alert_id).status is AlertStatus.RESOLVED:
        raise TooLate("That alert is resolved already.", alert_id=event.alert_id)
    until = None if event.until is None else rows.ms(event.until)
    values = {"status": event.to.value, "until_ms": until, "note": event.note, "answered_by": event.by}
    _change(db, event.alert_id, rev, **values)


def _change(db: sa.Connection, alert_id: str, rev: int, **values: object) -> None:
    if db.execute(sa.update(t.alerts).where(t.alerts.c.id == alert_id).values(rev=rev, **values)).rowcount == 0:
        raise AlertNotFound(f"There is no alert {alert_id}.", alert_id=alert_id)


def _alert(row: rows.Row) -> Alert:
    return Alert(
        id=row["id"],
        kind=AlertKind(row["kind"]),
        status=AlertStatus(row["status"]),
        words=row["words"],
        raised_at=rows.at(row["raised_at_ms"]),
        task_id=row["task_id"],
        agent_id=row["agent_id"],
        evidence=json.loads(row["evidence"]),
        until=rows.maybe_at(row["until_ms"]),
        answered_by=row["answered_by"],
        note=row["note"],
        right=row["verdict"],
        judged_by=row["judged_by"],
        rule_id=row["rule_id"] or "",
        subject=row["subject"] or "",
        bucket_ms=row["bucket_ms"],
    )


def known(db: sa.Connection, alert_id: str) -> bool:
    return db.execute(sa.select(t.alerts.c.id).where(t.alerts.c.id == alert_id)).first() is not None


def stands_for(db: sa.Connection, stem: str) -> bool:
    """Whether an alert stands whose id begins like this."""
    begins = t.alerts.c.id.startswith(f"{stem}-", autoescape=True)
    query = sa.select(t.alerts.c.id).where(begins, t.alerts.c.status != AlertStatus.RESOLVED.value)
    return db.execute(query).first() is not None


def last_found(db: sa.Connection, rule_id: str) -> dict[str, int]:
    """The quarter of an hour that a rule told last, by subject (ms)."""
    c = t.alerts.c
    found = sa.select(c.subject, sa.func.max(c.bucket_ms)).where(c.rule_id == rule_id, c.bucket_ms.is_not(None))
    return {subject: int(at) for subject, at in db.execute(found.group_by(c.subject))}


def begins_like(db: sa.Connection, stem: str, since_ms: int) -> bool:
    """Whether an alert whose id begins like this was raised since then."""
    c = t.alerts.c
    begins = c.id.startswith(f"{stem}-", autoescape=True)
    return db.execute(sa.select(c.id).where(begins, c.raised_at_ms >= since_ms)).first() is not None


def story(db: sa.Connection, alert_id: str) -> list[Recorded]:
    """What became of an alert, from when it was raised on: who did what, and when."""
    c = t.events.c
    kinds = c.kind.in_(("alert_raised", "alert_answered", "alert_judged"))
    named = c.body.contains(json.dumps(alert_id), autoescape=True)
    found = db.execute(sa.select(t.events).where(kinds, named).order_by(c.id)).mappings()
    return [entry for entry in map(recorded, found) if getattr(entry.event, "alert_id", "") == alert_id]


def at_an_end(db: sa.Connection, task_ids: Iterable[str]) -> set[str]:
    """Those of the tasks that have ended or were deleted: nothing about them is urgent any more."""
    c = t.tasks.c
    over = c.status.in_([status.value for status in ENDED]) | c.deleted_at_ms.is_not(None)
    return set(db.execute(sa.select(c.id).where(c.id.in_(list(task_ids)), over)).scalars())


def get(db: sa.Connection, alert_id: str) -> Alert:
    """Raises AlertNotFound."""
    row = db.execute(sa.select(t.alerts).where(t.alerts.c.id == alert_id)).mappings().first()
    if row is None:
        raise AlertNotFound(f"There is no alert {alert_id}.", alert_id=alert_id)
    return _alert(row)


def standing(db: sa.Connection, agent_id: str | None = None) -> list[Alert]:
    """Alerts that are open or snoozed, the newest first."""
    query = sa.select(t.alerts).where(t.alerts.c.status != AlertStatus.RESOLVED.value)
    if agent_id is not None:
        query = query.where(t.alerts.c.agent_id == agent_id)
    newest = query.order_by(t.alerts.c.raised_at_ms.desc(), t.alerts.c.id.desc())
    return [_alert(row) for row in db.execute(newest).mappings()]


@dataclass(frozen=True)
class AlertFilter:
    """Which alerts to list; a field that is None does not filter."""

    status: AlertStatus | None = None
    kind: AlertKind | None = None
    task_id: str | None = None


def listed(db: sa.Connection, wanted: AlertFilter, limit: int, before: tuple[int, str] | None = None) -> list[Alert]:
    """Alerts, the newest first; those behind a place, which is the time and id of an alert."""
    c = t.alerts.c
    query = sa.select(t.alerts).order_by(c.raised_at_ms.desc(), c.id.desc()).limit(limit)
    if wanted.status is not None:
        query = query.where(c.status == wanted.status.value)
    if wanted.kind is not None:
        query = query.where(c.kind == wanted.kind.value)
    if wanted.task_id is not None:
        query = query.where(c.task_id == wanted.task_id)
    if before is not None:
        at_ms, alert_id = before
        query = query.where(sa.or_(c.raised_at_ms < at_ms, sa.and_(c.raised_at_ms == at_ms, c.id < alert_id)))
    return [_alert(row) for row in db.execute(query).mappings()]


def precision(db: sa.Connection) -> dict[AlertKind, Precision]:
    """How often the alerts of each kind were right; kinds that nobody judged are missing."""
    c = t.alerts.c
    right = sa.func.count().filter(c.verdict.is_(True))
    query = sa.select(c.kind, right, sa.func.count()).where(c.verdict.is_not(None)).group_by(c.kind)
    return {AlertKind(kind): Precision(int(good), int(judged)) for kind, good, judged in db.execute(query)}
