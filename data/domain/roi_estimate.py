"""Two groups compared like with like: weighted means, their difference, and intervals that hold what they say.

Tasks are compared within strata (tasks of one kind), and strata are put together by overlap weights: a task counts by
the probability that it had been in the other group. Those weights are bounded by 1, so no rare task can outweigh all
others, as it can with inverse probabilities, stabilised or not; within each stratum the groups are balanced exactly;
and of all weights that balance, these give the difference the least variance (Li, Morgan and Zaslavsky, "Balancing
Covariates via Propensity Score Weighting", Journal of the American Statistical Association 113, 2018, 390-400). They
estimate the difference among tasks for which both ways were taken in earnest. Where a lot decided, the probability is
the one that was in force; elsewhere it is the share of the stratum, estimated anew in each resample.

Intervals are studentised bootstrap intervals (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter
12) by task. Costs have heavy tails, for which percentile intervals are too short: `python -m benchmarks roi` has both.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import exp, factorial
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

RESAMPLES = 2_000
LEVEL = 0.95
_CHUNK = 1_000
"""Tasks whose resamples lie in memory at once."""


def _poisson() -> npt.NDArray[np.uint8]:
    """How often a task comes in a resample, by a number of 16 bits: 20 million draws are then one look into a table."""
    steps = np.cumsum([exp(-1) / factorial(k) for k in range(12)])
    return np.searchsorted(steps, (np.arange(65_536) + 0.5) / 65_536).astype(np.uint8)


_OFTEN = _poisson()


@dataclass(frozen=True)
class Sample:
    """What one figure is estimated from: a value, a group and a stratum for each task of which it is known."""

    value: Floats
    treated: Flags
    stratum: Ints
    """From 0 on; each has tasks of both groups unless `probability` is given."""
    probability: Floats | None = None
    """By stratum: with which probability a lot put its tasks into the treated group; None: by the share of each."""

    @property
    def strata(self) -> int:
        return int(self.stratum.max()) + 1 if len(self.stratum) else 0


@dataclass(frozen=True)
class Interval:
    """An estimate, and from where to where it may lie."""

    value: float
    low: float
    high: float

    @property
    def settled(self) -> bool:
        """Whether it says on which side of no difference the truth is."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Estimated:
    """Both means, how they differ, and how sure that is."""

    treated: float
    control: float
    difference: Interval
    log_ratio: Interval | None
    """None where a mean is not above 0."""
    error: float
    """Standard error of the difference."""
    log_error: float


@dataclass(frozen=True)
class Sums:
    """Number, sum and sum of squares by stratum (last axis), of the treated and of the others."""

    n1: Floats
    s1: Floats
    q1: Floats
    n0: Floats
    s0: Floats
    q0: Floats


@dataclass(frozen=True)
class Point:
    """Both means, and the variance of their difference and of the logarithm of their ratio."""

    m1: Floats
    m0: Floats
    v_difference: Floats
    v_log: Floats


def estimate(sample: Sample, seed: int, resamples: int = RESAMPLES) -> Estimated:
    """The comparison with its intervals; the same sample and seed give the same."""
    scale = float(np.abs(sample.value).mean()) or 1.0  # so that sums in single precision stay exact enough
    scaled = Sample(sample.value / scale, sample.treated, sample.stratum, sample.probability)
    whole = point(sums_of(scaled), scaled.probability)
    drawn = point(resampled(scaled, seed, resamples), scaled.probability)
    difference = _interval(whole.m1 - whole.m0, whole.v_difference, drawn.m1 - drawn.m0, drawn.v_difference)
    ratio, positive = None, bool(whole.m1 > 0 and whole.m0 > 0)
    if positive:
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log(drawn.m1) - np.log(drawn.m0)
        ratio = _interval(np.log(whole.m1) - np.log(whole.m0), whole.v_log, logs, drawn.v_log)
    return Estimated(
        treated=float(whole.m1) * scale,
        control=float(whole.m0) * scale,
        difference=Interval(difference.value * scale, difference.low * scale, difference.high * scale),
        log_ratio=ratio,
        error=float(np.sqrt(whole.v_difference)) * scale,
        log_error=float(np.sqrt(whole.v_log)) if positive else float("nan"),
    )


def weights(sample: Sample) -> Floats:
    """What each task counts: the probability that it had been in the other group."""
    treated = _share(sample) if sample.probability is None else sample.probability
    mine = treated[sample.stratum]
    return np.where(sample.treated, 1 - mine, mine)


def effective(weight: Floats) -> float:
    """As many tasks of equal weight would say as much (Kish, "Survey Sampling", 1965)."""
    return float(weight.sum() ** 2 / (weight**2).sum()) if (weight > 0).any() else 0.0


def _share(sample: Sample) -> Floats:
    both = np.bincount(sample.stratum, minlength=sample.strata)
    treated = np.bincount(sample.stratum, sample.treated.astype(float), minlength=sample.strata)
    return np.asarray(treated / np.maximum(both, 1), dtype=np.float64)


def _columns(value: Floats) -> Floats:
    return np.stack([np.ones_like(value), value, value * value], axis=1)


def sums_of(sample: Sample) -> Sums:
    parts = []
    for group in (sample.treated, ~sample.treated):
        at, columns = sample.stratum[group], _columns(sample.value[group])
        parts += [np.bincount(at, columns[:, k], sample.strata).astype(np.float64) for k in range(3)]
    return Sums(*parts)


def resampled(sample: Sample, seed: int, resamples: int) -> Sums:
    """The sums of each resample: every task comes as often as a Poisson number of mean 1 says."""
    rng, parts = np.random.Generator(np.random.SFC64(seed)), []
    for group in (sample.treated, ~sample.treated):
        out = np.zeros((3, resamples, sample.strata))
        order = np.flatnonzero(group)[np.argsort(sample.stratum[group], kind="stable")]
        bounds = np.searchsorted(sample.stratum[order], np.arange(sample.strata + 1))
        for stratum, (first, last) in enumerate(pairwise(bounds)):
            for start in range(first, last, _CHUNK):
                columns = _columns(sample.value[order[start : min(start + _CHUNK, last)]]).astype(np.float32)
                number = rng.integers(0, 65_536, size=(resamples, len(columns)), dtype=np.uint16)
                out[:, :, stratum] += (_OFTEN[number].astype(np.float32) @ columns).T
        parts += list(out)
    return Sums(*parts)


def point(sums: Sums, probability: Floats | None) -> Point:
    return _overlap(sums) if probability is None else _by_lot(sums, probability)


def _overlap(sums: Sums) -> Point:
    """Strata by the weight n1 n0 / n, which is what overlap weights of their tasks add up to.

    Variances by the influence of each task, through the means of its stratum and through the weight of the stratum.
    """
    n = sums.n1 + sums.n0
    both = (sums.n1 > 0) & (sums.n0 > 0)
    a1, a0 = sums.n1 / np.maximum(n, 1), sums.n0 / np.maximum(n, 1)
    omega = np.where(both, sums.n1 * a0, 0.0)
    whole = np.maximum(omega.sum(-1), 1e-300)
    mean1, mean0 = sums.s1 / np.maximum(sums.n1, 1), sums.s0 / np.maximum(sums.n0, 1)
    m1, m0 = (omega * mean1).sum(-1) / whole, (omega * mean0).sum(-1) / whole
    spread1, spread0 = _spread(sums.n1, sums.s1, sums.q1), _spread(sums.n0, sums.s0, sums.q0)

    def variance(g1: Floats, g0: Floats) -> Floats:
        off = g1[..., None] * (mean1 - m1[..., None]) + g0[..., None] * (mean0 - m0[..., None])
        within = (g1[..., None] * a0) ** 2 * spread1 + (g0[..., None] * a1) ** 2 * spread0
        between = off**2 * (sums.n1 * a0**4 + sums.n0 * a1**4)
        return np.asarray(np.where(both, within + between, 0.0).sum(-1) / whole**2)

    return _both(m1, m0, variance)


def _by_lot(sums: Sums, probability: Floats) -> Point:
    """Tasks by the weight that the lottery in force gives them: known, so nothing about it is estimated."""
    f1, f0 = 1 - probability, probability
    d1, d0 = (f1 * sums.n1).sum(-1), (f0 * sums.n0).sum(-1)
    m1, m0 = (f1 * sums.s1).sum(-1) / np.maximum(d1, 1e-300), (f0 * sums.s0).sum(-1) / np.maximum(d0, 1e-300)

    def spread(n: Floats, s: Floats, q: Floats, f: Floats, m: Floats) -> Floats:
        size = n.sum(-1)
        squares = (f**2 * (q - 2 * m[..., None] * s + m[..., None] ** 2 * n)).sum(-1)
        return np.asarray(squares * size / np.maximum(size - 1, 1))

    v1 = spread(sums.n1, sums.s1, sums.q1, f1, m1) / np.maximum(d1, 1e-300) ** 2
    v0 = spread(sums.n0, sums.s0, sums.q0, f0, m0) / np.maximum(d0, 1e-300) ** 2
    return _both(m1, m0, lambda g1, g0: g1**2 * v1 + g0**2 * v0)


def _spread(n: Floats, s: Floats, q: Floats) -> Floats:
    """Squared deviations from the stratum's mean, made up for the mean being estimated from the same tasks."""
    return np.asarray(np.maximum(q - s * s / np.maximum(n, 1), 0.0) * n / np.maximum(n - 1, 1))


def _both(m1: Floats, m0: Floats, variance: Any) -> Point:
    one = np.ones_like(m1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return Point(np.asarray(m1), np.asarray(m0), variance(one, -one), variance(1 / m1, -1 / m0))


def _interval(value: Floats, variance: Floats, drawn: Floats, drawn_variance: Floats) -> Interval:
    """By how many standard errors resamples miss what they were drawn from, so many the sample may miss the truth."""
    at, error = float(value), float(np.sqrt(variance))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (drawn - at) / np.sqrt(drawn_variance)
    t = t[np.isfinite(t)]
    if not len(t) or error == 0:
        return Interval(at, at, at)
    below, above = np.quantile(t, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(at, at - error * float(above), at - error * float(below))
