"""A share of successes, and from where to where the truth behind it may lie."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

Z95 = 1.959964
"""Standard deviations to both sides that hold 95 % of a normal distribution."""


@dataclass(frozen=True)
class Share:
    """Between 0 and 1."""

    value: float
    low: float
    high: float


def wilson(held: int, of: int, z: float = Z95) -> Share:
    """A share with its score interval (Wilson, Journal of the American Statistical Association 22, 1927, 209-212).

    Unlike the textbook interval it never leaves 0 to 1, and says something where nothing or everything succeeded.
    Raises ValueError for a share of nothing.
    """
    if not 0 <= held <= of or of == 0:
        raise ValueError(f"{held} of {of} is no share")
    p, z2 = held / of, z * z
    middle = (p + z2 / (2 * of)) / (1 + z2 / of)
    reach = z / (1 + z2 / of) * sqrt(p * (1 - p) / of + z2 / (4 * of * of))
    return Share(p, min(p, max(0.0, middle - reach)), max(p, min(1.0, middle + reach)))
