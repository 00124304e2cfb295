"""Rules of alerts by the clock of the engine: found, told once, and closed when they are over."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from data.domain import events as e
from data.domain.agents import AgentStatus
from data.domain.alert_rules import MEASURES, AlertRule, Metric
from data.domain.alerts import Alert, AlertStatus
from data.domain.errors import AgentNotFound, AlertRuleNotFound, StoreUnavailable, TooLate
from data.domain.firing import QUARTER_MS, Point, fired
from data.store import Board, Ledger, Store, alerting, ruling, spending
from data.store.rows import ms
from data.warehouse import Warehouse
from data.warehouse.alerts_history import period_ms
from orchestrator_adapter import rule_history
from orchestrator_adapter.engine.watch import BY, stage_stem

log = structlog.get_logger("engine")
EVERY_S = 15.0
LATE = timedelta(hours=1)
"""What was found longer ago, as before a start, alerts nobody any more."""
_OF_AGENTS = frozenset({Metric.CONTEXT, Metric.AGENT_COST})
_BY_THEMSELVES = frozenset({Metric.STUCK})
"""Metrics that the guard of the engine measures, event by event."""


class AlertClock:
    """Evaluates the rules that are on; as many processes as like may do so at once."""

    def __init__(self, store: Store, warehouse: Warehouse) -> None:
        self._store, self._warehouse, self._failures = store, warehouse, rule_history.Failures()

    def look(self, now: datetime) -> None:
        """Tell what is new, close what is over."""
        with self._store.read() as board:
            rules = {rule.id: rule for rule in ruling.rules(board.connection)}
            standing = [alert for alert in board.alerts_standing() if alert.rule_id]
        found: dict[str, tuple[Point, ...]] = {}
        for rule in rules.values():
            if rule.enabled and rule.metric not in _BY_THEMSELVES:
                try:
                    with self._store.read() as board:
                        points = rule_history.points(self._warehouse, board, rule, now, self._failures)
                    self._tell(rule, points, now)
                except StoreUnavailable:
                    raise
                except Exception:  # one rule that cannot be judged must not silence the others
                    log.exception("alert_rule_failed", rule=rule.id)
                    continue
                found[rule.id] = points
        for alert in standing:
            if (why := self._over(alert, rules.get(alert.rule_id), found, now)) is not None:
                self._resolve(alert, why)

    def _tell(self, rule: AlertRule, points: Sequence[Point], now: datetime) -> None:
        """What is due is decided once more where it is written down, after whatever others wrote first."""
        with self._store.read() as board:
            if not _due(board, rule, points, now):
                return
        with self._store.write(durable=True) as ledger:
            board = Board(ledger.connection)
            with contextlib.suppress(TooLate, AlertRuleNotFound):
                if ruling.rule(ledger.connection, rule.id) == rule:
                    for point in _due(board, rule, points, now):
                        self._raise(ledger, rule, point)

    def _raise(self, ledger: Ledger, rule: AlertRule, point: Point) -> None:
        ledger.append(
            e.AlertRaised(
                task_id=point.task_id,
                alert_id=_name(rule, point),
                about=rule.measure.kind,
                agent_id=point.agent_id,
                words=point.words,
                evidence=point.evidence | {"Rule": rule.name},
                rule_id=rule.id,
                rule_version=rule.version,
                subject=point.subject,
                bucket_ms=point.bucket_ms,
            )
        )

    def _over(
        self, alert: Alert, rule: AlertRule | None, found: dict[str, tuple[Point, ...]], now: datetime
    ) -> str | None:
        """Why an alert is settled by itself; None while it stands."""
        if rule is None:
            return "The rule was removed."
        if not rule.enabled:
            return "The rule was switched off."
        if MEASURES[rule.metric].kind is not alert.kind:
            return "The rule was changed."
        if rule.metric in _OF_AGENTS:
            return "The agent has ended." if self._ended(alert) else None
        if rule.metric is Metric.BUDGET:
            return None  # the guard closes it with the period, or when the budget is changed
        if rule.id not in found:
            return None  # it could not be judged this time
        last = max((point.bucket_ms for point in found[rule.id] if point.subject == alert.subject), default=0)
        if rule.metric is Metric.DRIFT:
            return None if last else "The figures agree."
        return "It is over." if last < ms(now) // QUARTER_MS * QUARTER_MS - QUARTER_MS else None

    def _ended(self, alert: Alert) -> bool:
        with self._store.read() as board:
            try:
                agent = board.agent(alert.agent_id or "")
            except AgentNotFound:
                return True
        return agent.status is AgentStatus.DELETED or not agent.live

    def _resolve(self, alert: Alert, why: str) -> None:
        with contextlib.suppress(TooLate), self._store.write() as ledger:
            event = e.AlertAnswered(
                task_id=alert.task_id or "", alert_id=alert.id, to=AlertStatus.RESOLVED, note=why, by=BY
            )
            ledger.append(event)


def _due(board: Board, rule: AlertRule, points: Sequence[Point], now: datetime) -> list[Point]:
    if rule.metric is Metric.BUDGET:
        return _crossed(board, rule, points, now)
    since = ms(now - LATE)
    if rule.changed_at is not None:
        since = max(since, ms(rule.changed_at))
    last = alerting.last_found(board.connection, rule.id)
    return fired(points, rule.cooldown_s * 1000, last, since // QUARTER_MS * QUARTER_MS)


def _crossed(board: Board, rule: AlertRule, points: Sequence[Point], now: datetime) -> list[Point]:
    """Shares of budgets whose period runs, however long ago they were reached, that nothing has told since then.

    A budget that was lowered is told at once, one that was raised when it comes to the share again; a stage of the
    budget at the same share counts as told.
    """
    budgets = {budget.id: budget for budget in spending.budgets(board.connection)}
    out = []
    for point in points:
        budget_id, _, period = point.subject.rpartition(":")
        if budget_id in budgets and period_ms(budgets[budget_id], ms(now)) == int(period):
            stem = stage_stem(budget_id, int(period), f"{rule.threshold:g}")
            if not alerting.begins_like(board.connection, stem, point.bucket_ms):
                out.append(point)
    return out


def _name(rule: AlertRule, point: Point) -> str:
    """The same in every process that finds the same."""
    if rule.metric is Metric.BUDGET:
        budget_id, _, period = point.subject.rpartition(":")
        return f"{stage_stem(budget_id, int(period), f'{rule.threshold:g}')}-{_digest('')[:6]}-{point.bucket_ms}"
    return f"rule-{_digest(rule.id)}-{_digest(point.subject)}-{point.bucket_ms // 1000:x}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:14]
