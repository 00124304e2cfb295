"""Invoices: what was billed on each day, read from the CSV that a person has of it."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from data.domain.errors import InvalidField
from data.domain.money import NANO

DAY_NAMES = ("usage_date_utc", "usage_date", "date", "day")
COST_NAMES = ("cost_usd", "cost", "amount_usd", "amount", "usd")
GROUPED = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d*)?", re.ASCII)
"""Commas between thousands; anywhere else one may be a decimal comma."""
MOST_LINES = 100_000
MOST_USD = 1_000_000_000


@dataclass(frozen=True)
class Billed:
    """What was billed for one day of UTC, all lines of it together."""

    day: date
    nanousd: int


def read(text: str) -> tuple[Billed, ...]:
    """Days in their order. Raises InvalidField that names the line.

    The first line names the columns; one of DAY_NAMES holds the day, one of COST_NAMES dollars. Others are left alone.
    """
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    sums: dict[date, int] = {}
    try:
        names = [name.strip().lower() for name in next(lines, [])]
        day_at, cost_at = _place(names, DAY_NAMES, "day"), _place(names, COST_NAMES, "cost")
        for number, cells in enumerate(lines, 2):
            if not any(cell.strip() for cell in cells):
                continue
            if number > MOST_LINES:
                raise InvalidField(f"An invoice has at most {MOST_LINES:,} lines.", field="csv")
            if len(cells) <= max(day_at, cost_at):
                raise InvalidField(f"Line {number} of the invoice has no day or no cost.", field="csv")
            day = _day(cells[day_at], number)
            sums[day] = sums.get(day, 0) + _nanousd(cells[cost_at], number)
    except csv.Error as error:
        raise InvalidField(f"The invoice is no CSV: {error}.", field="csv") from error
    if not sums:
        raise InvalidField("The invoice has no line with a day and a cost.", field="csv")
    return tuple(Billed(day, sums[day]) for day in sorted(sums))


def _place(names: list[str], known: tuple[str, ...], what: str) -> int:
    for name in known:
        if name in names:
            return names.index(name)
    raise InvalidField(
        f"The first line of the invoice names no column of the {what}; it may be called {', '.join(known)}.",
        field="csv",
    )


def _day(text: str, number: int) -> date:
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError as error:
        raise InvalidField(
            f"Line {number} of the invoice: {text.strip()[:40]!r} is no day like 2026-11-30.", field="csv"
        ) from error


def _nanousd(text: str, number: int) -> int:
    plain = text.strip().removeprefix("$")
    if "," in plain and not GROUPED.fullmatch(plain):
        raise InvalidField(
            f"Line {number} of the invoice: {text.strip()[:40]!r} has a comma that separates no thousands; "
            "an amount looks like 1,234.56.",
            field="csv",
        )
    try:
        usd = Decimal(plain.replace(",", ""))
    except InvalidOperation as error:
        raise InvalidField(
            f"Line {number} of the invoice: {text.strip()[:40]!r} is no amount of dollars.", field="csv"
        ) from error
    if not usd.is_finite() or abs(usd) > MOST_USD:
        raise InvalidField(f"Line {number} of the invoice: the amount is out of range.", field="csv")
    return int((usd * NANO).to_integral_value())
