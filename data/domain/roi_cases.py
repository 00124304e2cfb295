"""What the worth of an ANALYST is judged from: tasks that came to their end, and the figures that are compared."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from data.domain.assignment import AssignedBy

SIZES = (20, 50, 150)
"""Words of a description at which a size ends."""


class Certainty(StrEnum):
    """What the difference may be called."""

    OBSERVED = "observed"
    """The rule or people decided: what they looked at and nobody recorded may be behind it."""
    CAUSAL = "causal"
    """A lot decided, so nothing else can be behind it."""


class Metric(StrEnum):
    """What is compared."""

    COST = "cost"
    SUCCESS = "success"
    REWORK = "rework"
    TIME = "time"

    @property
    def rate(self) -> bool:
        return self in (Metric.SUCCESS, Metric.REWORK)


@dataclass(frozen=True)
class Case:
    """One task that came to its end here."""

    id: str
    included: bool
    by: AssignedBy
    probability: float | None
    task_type: str
    complexity: str
    borderline: bool
    folder: str
    words: int
    created_ms: int
    cost_usd: float | None
    """None: some of its replies have no known price."""
    good: bool | None
    reworked: bool
    seconds: float | None
    analyst_usd: float = 0.0

    @property
    def band(self) -> str:
        return f"{self.complexity}, borderline" if self.borderline else self.complexity

    @property
    def size(self) -> str:
        """By the words of the description: known before anybody worked, so no consequence of the ANALYST."""
        return ("short", "medium", "long", "very long")[sum(self.words >= least for least in SIZES)]


def value(metric: Metric, case: Case) -> float:
    """Not a number where it is not known."""
    match metric:
        case Metric.COST:
            found: float | None = case.cost_usd
        case Metric.SUCCESS:
            found = None if case.good is None else float(case.good)
        case Metric.REWORK:
            found = float(case.reworked)
        case Metric.TIME:
            found = case.seconds
    return float("nan") if found is None else found
