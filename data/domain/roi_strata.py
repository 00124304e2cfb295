"""Tasks of one kind: strata within which tasks with and without an ANALYST are alike, and how alike they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np

from data.domain.roi_cases import Case, Certainty, Metric, value
from data.domain.roi_estimate import Flags, Floats, Ints, Sample, weights

LEAST_IN_STRATUM = 3
"""Tasks of each group that a stratum needs; those of smaller ones are compared in a wider stratum."""


@dataclass(frozen=True)
class Balance:
    """How far the groups are apart in something that was known before, in standard deviations."""

    name: str
    before: float
    after: float


@dataclass(frozen=True)
class Stratum:
    """Tasks of one kind."""

    name: str
    treated: int
    control: int
    treated_usd: float | None
    control_usd: float | None


def both(included: Flags) -> tuple[int, int]:
    return int(included.sum()), int((~included).sum())


def strata(certainty: Certainty, cases: Sequence[Case], included: Flags) -> tuple[Ints, list[str], Floats | None]:
    """Which stratum each task is in, -1 for none; the names; with a lottery, the probability of each."""
    if certainty is Certainty.CAUSAL:
        chances = sorted({case.probability or 0.0 for case in cases})
        at = np.array([chances.index(case.probability or 0.0) for case in cases], dtype=np.int64)
        return at, [f"chance of {round(100 * chance)} %" for chance in chances], np.array(chances)
    groups, names = np.full(len(cases), -1, dtype=np.int64), list[str]()
    for key in _KINDS:
        free = np.flatnonzero(groups < 0)
        members: dict[str, list[int]] = {}
        for place in map(int, free):
            members.setdefault(key(cases[place]), []).append(place)
        for name in sorted(members):
            inside = members[name]
            treated = int(included[inside].sum())
            if min(treated, len(inside) - treated) >= LEAST_IN_STRATUM:
                groups[inside] = len(names)
                names.append(name)
    return groups, names, None


def _finest(case: Case) -> str:
    return f"{_middle(case)}, in {case.folder or 'no folder'}"


def _middle(case: Case) -> str:
    return f"{_widest(case)}, {case.size}"


def _widest(case: Case) -> str:
    return f"{case.task_type.replace('_', ' ')}, {case.band}"


_KINDS = (_finest, _middle, _widest)
"""From the narrowest kind of task to the widest: a task is compared in the first that has enough of both groups.

Type and complexity are never given up, because the rule decides by complexity. Only what was known before the task
began makes a kind, so no consequence of the ANALYST is compared away.
"""


def sample_of(values: Floats, included: Flags, groups: Ints, odds: Floats | None) -> Sample | None:
    """The tasks of which the figure is known, in strata that have both groups among them; None if there are none."""
    known = np.isfinite(values) & (groups >= 0)
    if odds is None:
        size = int(groups.max()) + 1
        treated = np.bincount(groups[known & included], minlength=size)
        others = np.bincount(groups[known & ~included], minlength=size)
        known &= np.isin(groups, np.flatnonzero((treated > 0) & (others > 0)))
    if not (known & included).any() or not (known & ~included).any():
        return None
    found, at = np.unique(groups[known], return_inverse=True)
    return Sample(values[known], included[known], at.astype(np.int64), None if odds is None else odds[found])


def balance(cases: Sequence[Case], included: Flags, groups: Ints, odds: Floats | None) -> tuple[Balance, ...]:
    """Standardised mean differences; below 0.1 counts as balanced (Austin, Statistics in Medicine 28, 2009, 3083-3107).

    The spread is that of the groups before weighting, so that both figures are on the same scale.
    """
    kinds = sorted({case.task_type for case in cases})
    folders = sorted({case.folder for case in cases}, key=lambda f: -sum(case.folder == f for case in cases))[:5]
    traits: dict[str, list[float]] = {
        "complex": [float(case.complexity == "complex") for case in cases],
        "borderline": [float(case.borderline) for case in cases],
        "words of the description (log)": [log(1 + case.words) for case in cases],
        "when it was asked for": [case.created_ms / 86_400_000 for case in cases],
    }
    traits |= {f"type {kind.replace('_', ' ')}": [float(case.task_type == kind) for case in cases] for kind in kinds}
    traits |= {f"folder {folder or 'none'}": [float(case.folder == folder) for case in cases] for folder in folders}
    sample = sample_of(np.zeros(len(cases)), included, groups, odds)
    if sample is None:
        return ()
    weight, inside = weights(sample), groups >= 0
    out = []
    for name, told in traits.items():
        trait = np.array(told)
        spread = np.sqrt((_variance(trait[included]) + _variance(trait[~included])) / 2)
        if spread > 0:
            before = trait[included].mean() - trait[~included].mean()
            ours = trait[inside]
            after = np.average(ours[sample.treated], weights=weight[sample.treated]) - np.average(
                ours[~sample.treated], weights=weight[~sample.treated]
            )
            out.append(Balance(name, float(before / spread), float(after / spread)))
    return tuple(sorted(out, key=lambda one: -abs(one.before)))


def _variance(trait: Floats) -> float:
    return float(trait.var()) if len(trait) else 0.0


def told_of(cases: Sequence[Case], included: Flags, groups: Ints, names: Sequence[str]) -> tuple[Stratum, ...]:
    cost = np.array([value(Metric.COST, case) for case in cases])
    out = []
    for place, name in enumerate(names):
        inside = groups == place
        out.append(
            Stratum(
                name,
                *both(included[inside]),
                _mean(cost[inside & included]),
                _mean(cost[inside & ~included]),
            )
        )
    return tuple(sorted(out, key=lambda one: (-min(one.treated, one.control), one.name)))


def _mean(values: Floats) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None
