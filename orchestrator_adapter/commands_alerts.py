"""What people do about alerts: wait, settle, judge."""

from __future__ import annotations

from datetime import timedelta

from data.domain import events as e
from data.domain.alerts import Alert, AlertStatus
from data.domain.errors import InvalidField
from data.store import alerting, settings
from orchestrator_adapter.access import Actor, require
from orchestrator_adapter.deck import Deck

MOST_MINUTES = 7 * 24 * 60
MOST_NOTE = 2000


def snooze_alert(deck: Deck, actor: Actor, alert_id: str, *, minutes: int | None = None, note: str = "") -> Alert:
    """Wait: the alert opens again after so many minutes if nothing has changed; by itself after the fleet's patience.

    Raises AlertNotFound, or TooLate if it is resolved.
    """
    require(actor, "snooze_alert")
    if minutes is not None and not 1 <= minutes <= MOST_MINUTES:
        raise InvalidField(f"minutes must be 1 to {MOST_MINUTES}.", field="minutes")
    with deck.store.read() as board:
        patience = settings.patience(board.connection)
    pause = timedelta(seconds=patience.silent_s) if minutes is None else timedelta(minutes=minutes)
    return _answer(deck, actor, alert_id, AlertStatus.SNOOZED, note, pause)


def acknowledge_alert(deck: Deck, actor: Actor, alert_id: str, *, note: str = "") -> Alert:
    """Take the alert on: it stands until it is resolved, and asks for nobody any more."""
    require(actor, "acknowledge_alert")
    return _answer(deck, actor, alert_id, AlertStatus.ACKNOWLEDGED, note, None)


def resolve_alert(deck: Deck, actor: Actor, alert_id: str, *, note: str = "") -> Alert:
    """The alert is settled; the same standstill raises no other."""
    require(actor, "resolve_alert")
    return _answer(deck, actor, alert_id, AlertStatus.RESOLVED, note, None)


def _answer(deck: Deck, actor: Actor, alert_id: str, to: AlertStatus, note: str, pause: timedelta | None) -> Alert:
    with deck.store.write() as ledger:
        alert = alerting.get(ledger.connection, alert_id)
        until = None if pause is None else ledger.now() + pause
        ids = {"task_id": alert.task_id or "", "alert_id": alert_id}
        ledger.append(e.AlertAnswered(**ids, to=to, until=until, note=note.strip()[:MOST_NOTE], by=actor.name))
        return alerting.get(ledger.connection, alert_id)


def judge_alert(deck: Deck, actor: Actor, alert_id: str, *, right: bool) -> Alert:
    """Say whether the alert was right; saying it again changes one's mind."""
    require(actor, "judge_alert")
    with deck.store.write() as ledger:
        alert = alerting.get(ledger.connection, alert_id)
        ids = {"task_id": alert.task_id or "", "alert_id": alert_id}
        ledger.append(e.AlertJudged(**ids, right=right, by=actor.name))
        return alerting.get(ledger.connection, alert_id)
