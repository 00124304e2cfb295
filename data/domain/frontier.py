"""Cost against success of the ways in which like tasks were done: which are beaten, and which to take.

Tasks of one type and complexity are compared, because the complexity of a task decides which workflow the rule gives
it. A way is the sequence of roles that was planned. What a task cost is told as a mean with a studentised bootstrap
interval (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 12), success as a share with Wilson's.
A way is dominated where another costs no more, succeeds no less often, and is better in one of both; clearly, where
also the intervals of one of both do not meet. Below 20 tasks of a way nothing is said for or against it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from data.domain.shares import Share, wilson

LEAST = 20
"""Tasks of a way, with every reply priced, from which on it is compared."""
MOST = 1_000
"""Of a way the newest tasks are taken."""
RESAMPLES = 2_000
_TAILS = (0.025, 0.975)


@dataclass(frozen=True)
class Trial:
    """One task that completed or failed."""

    task_type: str
    complexity: str
    way: str
    """Roles of its steps, in their order: `builder > tester`."""
    cost_nanousd: int | None
    """None: some of its replies have no known price."""
    succeeded: bool
    """Whether it completed and nothing that is known of it says that its work was not good."""
    judged: bool
    """Whether anything says how good its work was."""


@dataclass(frozen=True)
class Cost:
    """Mean nano-dollars of a task, and from where to where its truth may lie (95 %).

    Of fewer than `LEAST` tasks no interval holds what it says: then it is the least and the most that one cost.
    """

    mean: int
    low: int
    high: int


@dataclass(frozen=True)
class Way:
    """One way of doing tasks of a kind."""

    name: str
    tasks: int
    priced: int
    succeeded: int
    judged: int
    success: Share
    cost: Cost | None
    """None where no task of it is priced."""
    dominated_by: str | None = None
    clearly: bool = False
    """Whether that is more than chance may have made of it."""

    @property
    def enough(self) -> bool:
        return self.priced >= LEAST

    @property
    def each_success(self) -> int | None:
        """Nano-dollars that are spent until one succeeds; None where none did."""
        return round(self.cost.mean / self.success.value) if self.cost and self.succeeded else None


@dataclass(frozen=True)
class Kind:
    """Tasks of one type and complexity, and the ways in which they were done, the most usual first."""

    task_type: str
    complexity: str
    ways: tuple[Way, ...]
    best: Way | None
    """The one to take: of those not dominated the one with the cheapest success; None while too few can be compared."""
    sure: bool = False
    """Whether it clearly dominates every other that can be compared."""

    @property
    def tasks(self) -> int:
        return sum(way.tasks for way in self.ways)


def kinds(trials: Iterable[Trial]) -> tuple[Kind, ...]:
    """Every kind of task, the most frequent first. Trials come with the newest last."""
    members: dict[tuple[str, str], dict[str, list[Trial]]] = {}
    for one in trials:
        members.setdefault((one.task_type, one.complexity), {}).setdefault(one.way, []).append(one)
    found = [_kind(*key, [_way(name, done[-MOST:]) for name, done in ways.items()]) for key, ways in members.items()]
    return tuple(sorted(found, key=lambda kind: (-kind.tasks, kind.task_type, kind.complexity)))


def _kind(task_type: str, complexity: str, ways: Sequence[Way]) -> Kind:
    compared = [way for way in ways if way.enough]
    marked = tuple(
        sorted((_marked(way, compared) if way.enough else way for way in ways), key=lambda way: (-way.tasks, way.name))
    )
    left = [way for way in marked if way.enough and way.dominated_by is None and way.each_success is not None]
    if len(compared) < 2 or not left:
        return Kind(task_type, complexity, marked, None)
    best = min(left, key=lambda way: (way.each_success or 0, way.name))
    others = [way for way in compared if way.name != best.name]
    return Kind(task_type, complexity, marked, best, all(_beats(best, way) and _apart(best, way) for way in others))


def _way(name: str, done: Sequence[Trial]) -> Way:
    costs = [one.cost_nanousd for one in done if one.cost_nanousd is not None]
    succeeded = sum(one.succeeded for one in done)
    return Way(
        name=name,
        tasks=len(done),
        priced=len(costs),
        succeeded=succeeded,
        judged=sum(one.judged for one in done),
        success=wilson(succeeded, len(done)),
        cost=mean_cost(costs) if costs else None,
    )


def mean_cost(costs: Sequence[int]) -> Cost:
    """The mean and its interval; the same costs give the same, in whatever order they come."""
    values = np.sort(np.array(costs, dtype=np.float64))
    number, mean = len(values), float(values.mean())
    exact = round(sum(costs) / number)
    if number < LEAST:
        return Cost(exact, min(costs), max(costs))
    error = float(values.std(ddof=1)) / number**0.5
    if error == 0:
        return Cost(exact, exact, exact)
    seed = int.from_bytes(hashlib.sha256(values.tobytes()).digest()[:8])
    drawn = np.random.default_rng(seed).integers(number, size=(RESAMPLES, number))
    resampled = values[drawn]
    errors = resampled.std(axis=1, ddof=1) / number**0.5
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (resampled.mean(axis=1) - mean) / errors
    t = t[np.isfinite(t)]
    if not len(t):
        return Cost(exact, exact, exact)
    below, above = np.quantile(t, _TAILS)
    low, high = mean - error * float(above), mean - error * float(below)
    return Cost(exact, min(exact, max(0, round(low))), max(exact, round(high)))


def _marked(way: Way, compared: Sequence[Way]) -> Way:
    """The way with the one by which it is dominated most clearly, if there is any."""
    over = [other for other in compared if other.name != way.name and _beats(other, way)]
    if not over:
        return way
    by = min(over, key=lambda other: (not _apart(other, way), other.each_success or 0, other.name))
    return replace(way, dominated_by=by.name, clearly=_apart(by, way))


def _beats(one: Way, other: Way) -> bool:
    """Whether it costs no more, succeeds no less often, and is better in one of both."""
    assert one.cost is not None
    assert other.cost is not None
    cheaper, better = one.cost.mean - other.cost.mean, one.success.value - other.success.value
    return cheaper <= 0 <= better and (cheaper < 0 or better > 0)


def _apart(one: Way, other: Way) -> bool:
    """Whether the intervals of cost, or those of success, do not meet, to the advantage of the first."""
    assert one.cost is not None
    assert other.cost is not None
    return one.cost.high < other.cost.low or one.success.low > other.success.high
