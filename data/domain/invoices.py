"""Invoices: what was billed on each day for each model, read from the CSV that a person has of it, and its shares."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from data.domain.errors import InvalidField
from data.domain.money import NANO
from data.domain.prices import book

Key = TypeVar("Key", bound=Hashable)

DAY_NAMES = ("usage_date_utc", "usage_date", "date", "day")
MODEL_NAMES = ("model", "model_name", "model_id")
COST_NAMES = ("cost_usd", "cost", "amount_usd", "amount", "usd")
GROUPED = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d*)?", re.ASCII)
"""Commas between thousands; anywhere else one may be a decimal comma."""
MOST_LINES = 100_000
MOST_USD = 1_000_000_000
"""Of one line, and of all of them together."""


@dataclass(frozen=True)
class Billed:
    """One cell of an invoice: what was billed for a day of UTC and a model, all lines of it together."""

    day: date
    nanousd: int
    model: str = ""
    """Its full name; empty: the invoice does not part this day by models."""


def read(text: str) -> tuple[Billed, ...]:
    """Cells in the order of their days and models. Raises InvalidField that names the line.

    The first line names the columns; one of DAY_NAMES holds the day, one of COST_NAMES dollars, and one of MODEL_NAMES
    the model, if there is one. Others are left alone. A day with a line that names no model is one cell.
    """
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    sums: dict[date, dict[str, int]] = {}
    try:
        names = [name.strip().lower() for name in next(lines, [])]
        day_at, cost_at = _place(names, DAY_NAMES, "day"), _place(names, COST_NAMES, "cost")
        model_at = next((names.index(name) for name in MODEL_NAMES if name in names), len(names))
        for number, cells in enumerate(lines, 2):
            if not any(cell.strip() for cell in cells):
                continue
            if number > MOST_LINES:
                raise InvalidField(f"An invoice has at most {MOST_LINES:,} lines.", field="csv")
            if len(cells) <= max(day_at, cost_at):
                raise InvalidField(f"Line {number} of the invoice has no day or no cost.", field="csv")
            of_day = sums.setdefault(_day(cells[day_at], number), {})
            model = _model(cells[model_at]) if model_at < len(cells) else ""
            of_day[model] = of_day.get(model, 0) + _nanousd(cells[cost_at], number)
    except csv.Error as error:
        raise InvalidField(f"The invoice is no CSV: {error}.", field="csv") from error
    if not sums:
        raise InvalidField("The invoice has no line with a day and a cost.", field="csv")
    if sum(abs(nanousd) for of_day in sums.values() for nanousd in of_day.values()) > MOST_USD * NANO:
        raise InvalidField(f"The invoice adds up to more than ${MOST_USD:,}.", field="csv")
    return tuple(billed for day in sorted(sums) for billed in _cells(day, sums[day]))


def shares(nanousd: int, weights: Mapping[Key, int]) -> dict[Key, int]:
    """Part an amount in proportion to whole weights, so that the parts add up to it; empty where all weights are 0.

    Each part is rounded towards zero; what is left goes, a nano-dollar each, to the largest remainders, of equal ones
    to the first. Raises ValueError for a negative weight.
    """
    if any(weight < 0 for weight in weights.values()):
        raise ValueError("a weight is negative")
    whole, sign = sum(weights.values()), -1 if nanousd < 0 else 1
    if not whole:
        return {}
    parts = {key: divmod(abs(nanousd) * weight, whole) for key, weight in weights.items()}
    left = abs(nanousd) - sum(part for part, _ in parts.values())
    lucky = set(sorted(parts, key=lambda key: -parts[key][1])[:left])
    return {key: sign * (part + (key in lucky)) for key, (part, _) in parts.items()}


def _cells(day: date, sums: dict[str, int]) -> list[Billed]:
    if "" in sums:
        return [Billed(day, sum(sums.values()))]
    return [Billed(day, sums[model], model) for model in sorted(sums)]


def _model(text: str) -> str:
    """The full name of a model, also as people write it: `Claude Opus 5.5`."""
    return book().canonical(re.sub(r"[\s.]+", "-", text.strip().lower()))


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
