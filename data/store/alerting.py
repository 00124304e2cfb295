"""Alerts in the store: raised, answered, judged, and how often they were right."""

from __future__ import annotations

import json

import sqlalchemy as sa

from data.domain.alerts import Alert, AlertKind, AlertStatus
from data.domain.control_events import AlertAnswered, AlertJudged, AlertRaised
from data.domain.errors import AlertNotFound, TooLate
from data.store import rows
from data.store import tables as t


def fold(db: sa.Connection, rev: int, at_ms: int, event: AlertRaised | AlertAnswered | AlertJudged) -> None:
    match event:
        case AlertRaised():
            _raise(db, rev, at_ms, event)
        case AlertAnswered():
            _answer(db, rev, event)
        case AlertJudged():
            _change(db, event.alert_id, rev, verdict=event.right, judged_by=event.by)


def _raise(db: sa.Connection, rev: int, at_ms: int, event: AlertRaised) -> None:
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
    )


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
    return [_alert(row) for row in db.execute(query.order_by(t.alerts.c.raised_at_ms.desc())).mappings()]
