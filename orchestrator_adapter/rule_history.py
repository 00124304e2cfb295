"""Rules of alerts over history: what one would have told, asked before it is switched on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from data.domain import firing
from data.domain.alert_rules import LONGEST_S, USUAL, AlertRule, Metric, checked, tidied
from data.domain.errors import InvalidField
from data.domain.firing import QUARTER_MS, Point
from data.store import Board, Store, ruling, spending
from data.store.rows import ms
from data.warehouse import Warehouse, alerts_history
from data.warehouse.alerts_history import Asked, Failure

DAYS = 90
MOST_DAYS = 366


@dataclass(frozen=True)
class Backtest:
    """What a rule would have told."""

    begin: datetime
    end: datetime
    fired: tuple[Point, ...]
    """The oldest first."""
    says: str
    """What the answer leaves out, as a sentence; empty if nothing."""


class Failures:
    """Failures of tasks, read forward with the clock: whoever asks again looks at what is new only."""

    def __init__(self) -> None:
        self._clock, self._since_ms, self._found = 0, 0, list[Failure]()

    def since(self, board: Board, since_ms: int) -> tuple[Failure, ...]:
        """All from that time (ms) on, in the order they were written."""
        clock = board.clock()
        if clock < self._clock or since_ms < self._since_ms:  # a store that was restored, a clock that was set back
            self._clock, self._found = 0, []
        new = ruling.failures(board.connection, since_ms, self._clock, clock)
        self._found = [one for one in self._found if one.at_ms >= since_ms] + [Failure(*one) for one in new]
        self._clock, self._since_ms = clock, since_ms
        return tuple(self._found)


def asked(board: Board, rule: AlertRule, begin_ms: int, end_ms: int, failures: Failures | None = None) -> Asked:
    """The question about a rule and a stretch of time, with what only the store knows."""
    budgets = spending.budgets(board.connection) if rule.metric is Metric.BUDGET else []
    found: tuple[Failure, ...] = ()
    if rule.metric is Metric.FAILURES:
        found = (failures or Failures()).since(board, begin_ms - LONGEST_S * 1000)
    return Asked(rule, begin_ms, end_ms, tuple(budgets), found)


def ahead(now: datetime) -> int:
    """The end of the quarter of an hour that is running (ms)."""
    return (ms(now) // QUARTER_MS + 1) * QUARTER_MS


def points(
    warehouse: Warehouse, board: Board, rule: AlertRule, now: datetime, failures: Failures | None = None
) -> tuple[Point, ...]:
    """The quarters of the last days in which the rule's condition holds."""
    end = ahead(now)
    begin = end - DAYS * firing.DAY * QUARTER_MS
    return warehouse.ask(alerts_history.points, asked(board, rule, begin, end, failures))


def backtest(store: Store, warehouse: Warehouse, rule: AlertRule, days: int = DAYS) -> Backtest:
    """What the rule would have told over the last days, had it been on.

    Raises AlertRuleInvalid, InvalidField, StoreUnavailable, QuestionTooLong.
    """
    rule = checked(tidied(rule))
    if not 1 <= days <= MOST_DAYS:
        raise InvalidField(f"days must be from 1 to {MOST_DAYS}.", field="days")
    now = store.now()
    end_ms = ahead(now)
    begin_ms = end_ms - days * firing.DAY * QUARTER_MS
    with store.read() as board:
        question = asked(board, rule, begin_ms, end_ms)
    found = firing.fired(warehouse.ask(alerts_history.points, question), rule.cooldown_s * 1000, {})
    begin = datetime.fromtimestamp(begin_ms / 1000, UTC)
    return Backtest(begin, now, tuple(found), _left_out(warehouse, question, begin))


def _left_out(warehouse: Warehouse, question: Asked, begin: datetime) -> str:
    rule = question.rule
    if rule.metric is Metric.STUCK:
        return "Standing still is judged while agents work; history keeps only the alerts it raised."
    if rule.metric is Metric.BUDGET:
        return (
            "Budgets are taken as they are now, those of single agents left out."
            if question.budgets
            else ("There is no budget.")
        )
    if rule.metric not in USUAL:
        return ""
    since_ms = warehouse.ask(alerts_history.reach, question)
    if not since_ms:
        return "Nothing has been spent yet, so nothing is usual."
    since = datetime.fromtimestamp(since_ms / 1000, UTC)
    able = since + timedelta(days=firing.LEAST_DAYS)
    if able <= begin:
        return ""
    return f"History begins {since:%Y-%m-%d}; what is usual is known from {able:%Y-%m-%d} on."
