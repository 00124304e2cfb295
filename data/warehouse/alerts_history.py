"""What rules of alerts find in history: the same code for the present and for the past.

Every question is about one rule and one stretch of time, and answers the quarters of an hour in which its condition
holds. Which of them are told is decided by `firing.fired`.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.domain import firing, words
from data.domain.alert_rules import USUAL, AlertRule, Metric, RuleScope
from data.domain.budgets import Budget, Scope, Spent, begins
from data.domain.firing import QUARTER_MS, Point, Usual
from data.domain.money import from_usd
from data.domain.prices import book
from data.warehouse.warehouse import Reader

BEFORE_MS = (firing.WEEKS * firing.WEEK + firing.WEEK) * QUARTER_MS
"""History that is read before the time asked for: what is usual, and the longest window."""
PERIOD_MS = 32 * firing.DAY * QUARTER_MS
"""No period of a budget is longer, but for one that has no end."""


@dataclass(frozen=True)
class Failure:
    """A task that failed, whatever became of it afterwards."""

    at_ms: int
    task_id: str
    task_type: str
    folder: str
    user: str


@dataclass(frozen=True)
class Asked:
    """A rule, a stretch of time, and what of it stands in no mirror."""

    rule: AlertRule
    begin_ms: int
    end_ms: int
    budgets: tuple[Budget, ...] = ()
    failures: tuple[Failure, ...] = ()


def points(reader: Reader, asked: Asked) -> tuple[Point, ...]:
    """The quarters of an hour between two moments in which the condition of the rule holds."""
    found = _FINDERS[asked.rule.metric](reader, asked)
    first = asked.begin_ms // QUARTER_MS * QUARTER_MS
    return tuple(point for point in found if first <= point.bucket_ms < asked.end_ms)


def reach(reader: Reader, asked: Asked) -> int:
    """Since when (ms) the history of spending is known; what is usual needs some of it."""
    return _first(reader, asked) * QUARTER_MS


def _of(rule: AlertRule) -> dict[str, Any]:
    """The scope as parameters of a statement."""
    names = {RuleScope.ROLE: "role", RuleScope.TASK_TYPE: "task_type", RuleScope.USER: "person"}
    given: dict[str, Any] = dict.fromkeys(("role", "task_type", "person", "folder"))
    if rule.scope is RuleScope.FOLDER:
        given["folder"] = rule.subject.rstrip("/")
    elif rule.scope is not RuleScope.FLEET:
        given[names[rule.scope]] = rule.subject
    return given


def _first(reader: Reader, asked: Asked) -> int:
    return int(reader.frame("alerts_history", "first", simulated=asked.rule.simulated)["quarter"].iloc[0])


def _series(frame: pd.DataFrame, begin_ms: int, end_ms: int) -> npt.NDArray[np.int64]:
    """Nano-dollars of each quarter from one moment to another, zeros included."""
    start = begin_ms // QUARTER_MS
    out = np.zeros(-(-end_ms // QUARTER_MS) - start, dtype=np.int64)
    np.add.at(out, frame["quarter"].to_numpy(dtype=np.int64) - start, frame["cost_nanousd"].to_numpy(dtype=np.int64))
    return out


def _spending(reader: Reader, asked: Asked) -> Iterator[Point]:
    """Sums over a window that moves on by quarters."""
    rule = asked.rule
    start = max(asked.begin_ms - BEFORE_MS, 0)
    given = {"begin": start, "end": asked.end_ms, "simulated": rule.simulated}
    series = _series(reader.frame("alerts_history", "spend", **given, **_of(rule)), start, asked.end_ms)
    width = rule.window_s * 1000 // QUARTER_MS
    sums = firing.window_sums(series, width)
    if rule.metric in USUAL:
        yield from _unusual(rule, series, start // QUARTER_MS, _first(reader, asked))
        return
    for place in np.flatnonzero(sums > from_usd(rule.threshold)):
        spent = words.dollars(int(sums[place]))
        limit = words.dollars(from_usd(rule.threshold))
        yield Point(
            whom(rule),
            (start // QUARTER_MS + int(place)) * QUARTER_MS,
            float(sums[place]),
            f"{spent} spent {within(rule)}, more than {limit}.",
            evidence={"Spent": spent, "Limit": limit},
        )


def _unusual(rule: AlertRule, series: npt.NDArray[np.int64], start: int, first: int) -> Iterator[Point]:
    width = rule.window_s * 1000 // QUARTER_MS
    places = np.flatnonzero(firing.window_sums(series, width) >= max(from_usd(rule.least_usd), 1))
    usual = firing.usual(series, width, places, max(first - start, 0))
    if rule.metric is Metric.SPIKE:
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.where(usual.median > 0, usual.spent / usual.median, np.nan)
    else:
        value = firing.scores(usual)
    with np.errstate(invalid="ignore"):
        found = np.flatnonzero(usual.known & (value >= rule.threshold))
    for number in found:
        at_ms = (start + int(places[number])) * QUARTER_MS
        yield _unusual_point(rule, at_ms, float(value[number]), usual, int(number))


def _unusual_point(rule: AlertRule, at_ms: int, value: float, usual: Usual, place: int) -> Point:
    normal, spent = words.dollars(round(float(usual.median[place]))), words.dollars(int(usual.spent[place]))
    number = int(usual.samples[place])
    if usual.weekly[place]:
        at = datetime.fromtimestamp(at_ms / 1000, UTC)
        stretch, season = within(rule), f"the same hours of the last {number} {at:%A}s"
    else:
        stretch = within(rule, firing.DAY * QUARTER_MS // 1000)
        season = f"the last {number} days as a whole, because hours have too little history or are usually quiet"
    if rule.metric is Metric.SPIKE:
        much = f"{value:.1f} times the usual {normal}"
    elif value == float("inf"):
        much = f"where nothing at all was spent in {number} days"
    else:
        much = f"{value:.1f} robust deviations above the usual {normal}"
    return Point(
        whom(rule),
        at_ms,
        value,
        f"{spent} spent {stretch}, {much}.",
        evidence={"Spent": spent, "Usual": normal, "Compared with": season},
    )


def within(rule: AlertRule, window_s: int = 0) -> str:
    """`within an hour by the user ana`, with the stretch and the scope of a rule."""
    hours = (window_s or rule.window_s) / 3600
    stretch = "an hour" if hours == 1 else f"{hours:g} h"
    whose = "" if rule.scope is RuleScope.FLEET else f" by the {rule.scope.replace('_', ' ')} {rule.subject}"
    return f"within {stretch}{whose}{' (simulated)' if rule.simulated else ''}"


def whom(rule: AlertRule) -> str:
    return rule.subject or "fleet"


def _agents(reader: Reader, asked: Asked) -> Iterator[Point]:
    rule, limit = asked.rule, from_usd(asked.rule.threshold)
    given = {"begin": asked.begin_ms, "end": asked.end_ms, "simulated": rule.simulated, "threshold": limit}
    said = " (simulated)" if rule.simulated else ""
    for row in reader.frame("alerts_history", "agents", **given, **_of(rule)).itertuples(index=False):
        cost = words.dollars(int(row.cost_nanousd))
        yield Point(
            str(row.id),
            int(row.quarter) * QUARTER_MS,
            float(row.cost_nanousd),
            f"The agent {row.name} has cost {cost}{said}, more than {words.dollars(limit)}.",
            str(row.task_id),
            str(row.id),
            {"Cost": cost, "Limit": words.dollars(limit)},
        )


def _drifting(reader: Reader, asked: Asked) -> Iterator[Point]:
    rule = asked.rule
    given = {"begin": asked.begin_ms, "end": asked.end_ms, "simulated": rule.simulated, "threshold": rule.threshold}
    given |= {name: value for name, value in _of(rule).items() if name != "role"}
    said = " (simulated)" if rule.simulated else ""
    for row in reader.frame("alerts_history", "drifting", **given).itertuples(index=False):
        apart, counted = int(row.apart_nanousd), words.dollars(int(row.counted_nanousd))
        percent = 100 * apart / int(row.counted_nanousd)
        yield Point(
            str(row.id),
            int(row.quarter) * QUARTER_MS,
            percent,
            f"The figures of a run that cost {counted}{said} are {percent:.1f} % apart.",
            str(row.id),
            evidence={"Counted": counted, "Apart": words.dollars(apart), "Limit": f"{rule.threshold:g} %"},
        )


def _contexts(reader: Reader, asked: Asked) -> Iterator[Point]:
    names = [str(name) for name in reader.frame("alerts_history", "models")["name"]]
    sizes = [(name, size) for name in names if (size := book().context_window(name))]
    frame = pd.DataFrame({"name": [name for name, _ in sizes], "size": [size for _, size in sizes]})
    reader.with_rows("windows", frame.astype({"name": "object", "size": "int64"}))
    given = {"begin": asked.begin_ms, "end": asked.end_ms, "threshold": asked.rule.threshold}
    for row in reader.frame("alerts_history", "contexts", **given, **_of(asked.rule)).itertuples(index=False):
        percent = 100 * int(row.tokens) / int(row.size)
        held = f"{words.tokens(int(row.tokens))} of {words.tokens(int(row.size))} tokens"
        yield Point(
            str(row.id),
            int(row.quarter) * QUARTER_MS,
            percent,
            f"The context window of {row.name} is {percent:.0f} % full.",
            str(row.task_id),
            str(row.id),
            {"In the window": held, "Limit": f"{asked.rule.threshold:g} %"},
        )


def _failing(_reader: Reader, asked: Asked) -> Iterator[Point]:
    rule, groups = asked.rule, dict[tuple[str, str], list[Failure]]()
    for one in asked.failures:
        if _concerns(rule, one):
            groups.setdefault((one.task_type, one.folder), []).append(one)
    width = rule.window_s * 1000 // QUARTER_MS
    for (kind, folder), group in groups.items():
        found = sorted((one for one in group if one.at_ms < asked.end_ms), key=lambda one: one.at_ms)
        if not found:
            continue  # what lies ahead, after a clock was set back
        times = [one.at_ms for one in found]
        start = times[0] // QUARTER_MS
        series = np.zeros(asked.end_ms // QUARTER_MS + 1 - start, dtype=np.int64)
        for at_ms in times:
            series[at_ms // QUARTER_MS - start] += 1
        counts = firing.window_sums(series, width)
        for place in np.flatnonzero(counts >= rule.threshold):
            at_ms = (start + int(place)) * QUARTER_MS
            if at_ms < asked.begin_ms:
                continue
            last = found[bisect.bisect_left(times, at_ms + QUARTER_MS) - 1]
            many, where = int(counts[place]), f"{kind.replace('_', ' ')} tasks in {folder or 'no folder'}"
            yield Point(
                f"{kind} {folder}",
                at_ms,
                float(many),
                f"{many} {where} failed {within(rule)}.",
                last.task_id,
                evidence={"Failed": str(many), "The last": last.task_id[:8]},
            )


def _concerns(rule: AlertRule, one: Failure) -> bool:
    match rule.scope:
        case RuleScope.USER:
            return one.user == rule.subject
        case RuleScope.FOLDER:
            folder = rule.subject.rstrip("/")
            return one.folder == folder or one.folder.startswith(f"{folder}/")
        case RuleScope.TASK_TYPE:
            return one.task_type == rule.subject
        case _:
            return True


def spending_of(reader: Reader, budget: Budget, begin_ms: int, end_ms: int) -> pd.DataFrame:
    """Quarter, nano-dollars and tokens that count for a budget. One of single agents has no sum."""
    whose = dict.fromkeys(("task", "folder", "person"))
    names = {Scope.TASK: "task", Scope.FOLDER: "folder", Scope.USER: "person"}
    if budget.scope in names:
        whose[names[budget.scope]] = budget.subject.rstrip("/") if budget.scope is Scope.FOLDER else budget.subject
    given = {"begin": begin_ms, "end": end_ms, "simulated": budget.simulated}
    return reader.frame("alerts_history", "budget", **given, **whose)


def _budgets(reader: Reader, asked: Asked) -> Iterator[Point]:
    """The quarter in which a budget was used to that share, once in each of its periods."""
    for budget in asked.budgets:
        if budget.scope is Scope.AGENT or budget.simulated is not asked.rule.simulated:
            continue
        ever = begins(budget.period, datetime.fromtimestamp(asked.begin_ms / 1000, UTC)) is None
        begin = 0 if ever else max(asked.begin_ms - PERIOD_MS, 0)
        used: dict[int, list[int]] = {}
        told: set[int] = set()
        for row in spending_of(reader, budget, begin, asked.end_ms).itertuples(index=False):
            period = period_ms(budget, int(row.quarter) * QUARTER_MS)
            sums = used.setdefault(period, [0, 0])
            sums[0] += int(row.cost_nanousd)
            sums[1] += int(row.tokens)
            percent = Spent(*sums).percent(budget)
            if percent >= asked.rule.threshold and period not in told:
                told.add(period)
                yield _used(asked.rule, budget, period, int(row.quarter) * QUARTER_MS, percent)


def period_ms(budget: Budget, at_ms: int) -> int:
    """When the period of a budget that a moment lies in began; 0 for one without periods."""
    start = begins(budget.period, datetime.fromtimestamp(at_ms / 1000, UTC))
    return 0 if start is None else int(start.timestamp() * 1000)


def _used(rule: AlertRule, budget: Budget, period: int, at_ms: int, percent: float) -> Point:
    return Point(
        f"{budget.id}:{period}",
        at_ms,
        percent,
        f'Budget "{budget.name}" is used to {percent:.0f} %, which is {rule.threshold:g} % or more.',
        evidence={"Used": f"{percent:.0f} %", "Limit": f"{rule.threshold:g} %"},
    )


def _none(_reader: Reader, _asked: Asked) -> Sequence[Point]:
    return ()


_FINDERS: dict[Metric, Callable[[Reader, Asked], Iterator[Point] | Sequence[Point]]] = {
    Metric.SPEND: _spending,
    Metric.SPIKE: _spending,
    Metric.ANOMALY: _spending,
    Metric.BUDGET: _budgets,
    Metric.CONTEXT: _contexts,
    Metric.FAILURES: _failing,
    Metric.AGENT_COST: _agents,
    Metric.DRIFT: _drifting,
    Metric.STUCK: _none,
}
