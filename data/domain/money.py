"""Tokens and money: integer nano-dollars, so that every list price per token is a whole number."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path

PRICES = Path(__file__).with_name("prices.toml")
"""The price list; `prices` reads it."""
NANO = 1_000_000_000
"""Nano-dollars in one dollar."""
AXIS = "$,.3~r"
"""How charts write dollars at an axis, in the notation of d3-format: `s` would call five cents `$50m`, for milli."""


class TokenKind(StrEnum):
    """The five kinds of tokens that are priced apart."""

    INPUT = "input"
    OUTPUT = "output"
    CACHE_READ = "cache_read"
    CACHE_WRITE_5M = "cache_write_5m"
    CACHE_WRITE_1H = "cache_write_1h"


@dataclass(frozen=True)
class Tokens:
    """Token counts by kind; `input` excludes everything read from or written to the cache."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def __sub__(self, other: Tokens) -> Tokens:
        return Tokens(*(getattr(self, f.name) - getattr(other, f.name) for f in fields(self)))

    @property
    def prompt(self) -> int:
        """Tokens the model read: what fills the context window before the reply."""
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h

    @property
    def total(self) -> int:
        return self.prompt + self.output

    def as_dict(self) -> dict[str, int]:
        return {f.name: getattr(self, f.name) for f in fields(self)}


def to_usd(nanousd: int) -> float:
    """Dollars with at most six decimals, as the API gives them."""
    return round(nanousd / NANO, 6)


def from_usd(usd: float) -> int:
    return round(usd * NANO)


def dollars(nanousd: int) -> str:
    """Money in three bands: below a cent four decimals, from there two (and thousands parted).

    >>> dollars(1_200_000), dollars(230_000_000), dollars(1_234_500_000_000), dollars(0)
    ('$0.0012', '$0.23', '$1,234.50', '$0.00')
    """
    sign, amount = ("-", -nanousd) if nanousd < 0 else ("", nanousd)
    if amount == 0:
        return "$0.00"
    if amount < NANO // 100:
        shown = f"{amount / NANO:.4f}"
        return f"{sign}<$0.0001" if shown == "0.0000" else f"{sign}${shown}"
    return f"{sign}${amount / NANO:,.2f}"
