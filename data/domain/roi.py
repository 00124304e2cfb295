"""Whether an ANALYST is worth its money: tasks with one against like tasks without, and how sure that is."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isfinite, log

import numpy as np

from data.domain.assignment import AssignedBy
from data.domain.roi_cases import Case, Certainty, Metric, value
from data.domain.roi_estimate import Estimated, Flags, Floats, Interval, Ints, Sample, effective, estimate, weights
from data.domain.roi_strata import Balance, Stratum, balance, both, sample_of, strata, told_of

LEAST = 20
"""Tasks of equal weight that each group must be worth; below, the intervals do not hold what they say."""
RELEVANT_RATIO, RELEVANT_POINTS = 1.2, 0.10
"""The smallest difference worth knowing: 20 % of cost or time, 10 points of success or rework."""
SURE = 1.959964 + 0.841621
"""Standard errors that such a difference must be worth to be shown with 80 % probability at the level of 95 %."""
USUAL_SPREAD = 1.2
"""Standard deviation of costs as a part of their mean, where too few tasks are known to say."""


@dataclass(frozen=True)
class Effect:
    """One figure compared."""

    metric: Metric
    treated: float
    control: float
    difference: Interval
    ratio: Interval | None
    """With an ANALYST as a multiple of without; None for rates, and where a mean is 0."""
    tasks: tuple[int, int]
    """With an ANALYST and without, of which it is known."""
    effective: tuple[float, float]
    enough: bool
    """Whether a verdict may be given."""
    more: int
    """Tasks that would still be needed to show the smallest difference worth knowing, if there is one; 0: settled."""

    @property
    def settled(self) -> bool:
        """Whether it says on which side of no difference the truth is."""
        shown, same = (self.difference, 0) if self.ratio is None else (self.ratio, 1)
        return self.enough and not shown.low <= same <= shown.high


@dataclass(frozen=True)
class Comparison:
    """The tasks of one certainty, compared."""

    certainty: Certainty
    tasks: tuple[int, int]
    """With an ANALYST and without."""
    compared: tuple[int, int]
    """Of those, the ones that have a counterpart."""
    effects: tuple[Effect, ...]
    balance: tuple[Balance, ...]
    strata: tuple[Stratum, ...]

    def of(self, metric: Metric) -> Effect | None:
        return next((effect for effect in self.effects if effect.metric is metric), None)


@dataclass(frozen=True)
class Naive:
    """The raw figures of all tasks with an ANALYST and of all without, which compare unlike with unlike."""

    metric: Metric
    treated: float
    control: float


@dataclass(frozen=True)
class Roi:
    """The whole answer."""

    cases: int
    observed: Comparison
    causal: Comparison
    naive: tuple[Naive, ...]
    decided: tuple[tuple[AssignedBy, int, int], ...]
    """Who decided: how many tasks with an ANALYST, and how many without."""
    analyst_usd: float | None
    """What the ANALYST itself costs where there is one, on average."""

    @property
    def best(self) -> Comparison:
        """The lottery's answer where it has one, else what was observed."""
        cost = self.causal.of(Metric.COST)
        return self.causal if cost is not None and cost.enough else self.observed


def roi(cases: Sequence[Case]) -> Roi:
    """Compare; the same tasks give the same figures, in whatever order they come."""
    known = sorted((case for case in cases if case.by is not AssignedBy.NOBODY), key=lambda case: case.id)
    drawn = [case for case in known if case.by is AssignedBy.LOTTERY and case.probability]
    others = [case for case in known if case.by is not AssignedBy.LOTTERY]
    paid = [case.analyst_usd for case in known if case.included and case.analyst_usd > 0]
    return Roi(
        cases=len(known),
        observed=_compared(Certainty.OBSERVED, others),
        causal=_compared(Certainty.CAUSAL, drawn),
        naive=tuple(_naive(metric, known) for metric in Metric) if known else (),
        decided=tuple(
            (by, sum(c.included for c in known if c.by is by), sum(not c.included for c in known if c.by is by))
            for by in AssignedBy
            if by is not AssignedBy.NOBODY
        ),
        analyst_usd=float(np.mean(paid)) if paid else None,
    )


def _naive(metric: Metric, cases: Sequence[Case]) -> Naive:
    def mean(included: bool) -> float:
        found = [v for c in cases if c.included is included and isfinite(v := value(metric, c))]
        return float(np.mean(found)) if found else float("nan")

    return Naive(metric, mean(True), mean(False))


def _compared(certainty: Certainty, cases: Sequence[Case]) -> Comparison:
    included = np.array([case.included for case in cases], dtype=bool)
    groups, names, odds = strata(certainty, cases, included)
    inside = groups >= 0
    return Comparison(
        certainty=certainty,
        tasks=both(included),
        compared=both(included[inside]),
        effects=tuple(_effect(metric, cases, included, groups, odds) for metric in Metric) if inside.any() else (),
        balance=balance(cases, included, groups, odds) if inside.any() else (),
        strata=told_of(cases, included, groups, names),
    )


def _effect(metric: Metric, cases: Sequence[Case], included: Flags, groups: Ints, odds: Floats | None) -> Effect:
    values = np.array([value(metric, case) for case in cases])
    sample = sample_of(values, included, groups, odds)
    if sample is None:
        nothing = float("nan")
        none = Interval(nothing, nothing, nothing)
        return Effect(metric, nothing, nothing, none, None, (0, 0), (0.0, 0.0), False, planned(metric))
    found = estimate(sample, _seed(sample))
    weight = weights(sample)
    worth = (effective(weight[sample.treated]), effective(weight[~sample.treated]))
    ratio = None if metric.rate or found.log_ratio is None else _multiple(found.log_ratio)
    difference = _of_three(found.difference, worth) if metric.rate and found.error == 0 else found.difference
    effect = Effect(
        metric,
        found.treated,
        found.control,
        difference,
        ratio,
        both(sample.treated),
        worth,
        enough=min(worth) >= LEAST,
        more=0,
    )
    if effect.settled:
        return effect
    return Effect(**{**vars(effect), "more": _more(metric, found, len(sample.value), worth)})


def _of_three(same: Interval, worth: tuple[float, float]) -> Interval:
    """Where nothing ever differed, what is as rare as 3 in the number of tasks may still be so (the rule of three)."""
    rare = 3 / max(min(worth), 1.0)
    return Interval(same.value, max(-1.0, same.value - rare), min(1.0, same.value + rare))


def _multiple(logs: Interval) -> Interval:
    low, mid, high = (float(np.exp(np.clip(x, -20, 20))) for x in (logs.low, logs.value, logs.high))
    return Interval(mid, low, high)


def _seed(sample: Sample) -> int:
    """From the data, so that the same tasks give the same interval on every page and machine."""
    content = hashlib.sha256()
    for part in (sample.value, sample.treated, sample.stratum):
        content.update(np.ascontiguousarray(part).tobytes())
    return int.from_bytes(content.digest()[:8])


def planned(metric: Metric) -> int:
    """How many tasks in all would settle it, half of them with an ANALYST: n = 2 (z s / d)^2 in each group.

    z: SURE; d: the smallest difference worth knowing; s: the usual spread of costs, or of a rate of one half.
    """
    far = RELEVANT_POINTS if metric.rate else log(RELEVANT_RATIO)
    spread = 0.5 if metric.rate else USUAL_SPREAD
    return 2 * ceil(2 * (SURE * spread / far) ** 2)


def _more(metric: Metric, found: Estimated, tasks: int, worth: tuple[float, float]) -> int:
    """Standard errors fall with the root of the number of tasks, if the tasks to come are like those that were."""
    if min(worth) < LEAST / 2:
        return max(0, planned(metric) - tasks)
    error, far = found.error, RELEVANT_POINTS
    if not metric.rate and isfinite(found.log_error):
        error, far = found.log_error, log(RELEVANT_RATIO)
    times = max((error * SURE / far) ** 2, LEAST / min(worth))
    return max(0, ceil(tasks * (times - 1)))
