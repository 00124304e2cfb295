"""What the spending of any window and filters would have cost otherwise, as of one moment: the sums, not the words.

The same arithmetic as `data/domain/what_if.py` has for the replies of one task, reply by reply in whole nano-dollars.
Models that are not in our own table are priced without steps for long prompts, as in the figure of the price table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from data.domain import price_rows
from data.domain.prices import book
from data.warehouse import costs
from data.warehouse.costs import Cut, Total
from data.warehouse.warehouse import Reader

SAME, PLAIN, ONCE = "same", "plain", "once"
"""The prompt as it was; all of it as plain input; without what came from the cache, as plain input."""
DATE, CACHE = "date", "cache"
_COLUMNS = ("way", "label", "from_ms", "until_ms", "above", "upto")
_KINDS = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")


@dataclass(frozen=True)
class Way:
    """What one way to count adds up to, of the replies that can be priced so."""

    replies: int
    paid_nanousd: int
    """What these did cost."""
    low_nanousd: int
    high_nanousd: int


@dataclass(frozen=True)
class Sums:
    """Everything that is asked of a window, of one moment."""

    total: Total
    ways: dict[str, tuple[Way, ...]]
    """By the full name of a model, `date` and `cache`: each way to count it; none where nothing can be priced so."""
    analyst_tasks: int
    """Tasks whose ANALYST cost anything, what they cost in all, and what their ANALYSTs did."""
    with_analyst_nanousd: int
    analyst_nanousd: int


def sums(reader: Reader, cut: Cut, models: tuple[str, ...], at: datetime) -> Sums:
    """`models`: full names. `at`: whose prices `date` is about."""
    labels = [str(name) for name in reader.frame("what_if", "labels")["label"]]
    asked = [(name, prompt) for name in models for prompt in (SAME, PLAIN)]
    asked += [(DATE, SAME), (CACHE, PLAIN), (CACHE, ONCE)]
    reader.with_rows("ways", pd.DataFrame({"way": range(len(asked)), "prompt": [prompt for _, prompt in asked]}))
    prices = [row for way, (what, _) in enumerate(asked) for row in _prices(way, what, labels, at)]
    reader.with_rows("way_prices", pd.DataFrame(prices, columns=[*_COLUMNS, *_KINDS]).astype(_types()))
    found: dict[str, list[Way]] = {what: [] for what, _ in asked}
    given = cut.given() | _together(labels, models)
    for row in reader.frame("what_if", "otherwise", **given).itertuples(index=False):
        way = Way(int(row.replies), int(row.paid_nanousd), int(row.low_nanousd), int(row.high_nanousd))
        found[asked[int(row.way)][0]].append(way)
    tasks = reader.frame("what_if", "analysts", **cut.given()).iloc[0]
    return Sums(
        costs.total(reader, cut),
        {what: tuple(ways) for what, ways in found.items()},
        int(tasks["tasks"]),
        int(tasks["cost_nanousd"]),
        int(tasks["analyst_nanousd"]),
    )


def _together(labels: list[str], models: tuple[str, ...]) -> dict[str, list[str] | list[int]]:
    """Models of whose replies many can be priced at once, and the sizes of prompts at which prices change."""
    own = book().table
    steps = {price.above_prompt for name in (*labels, *models) if name in own for price in own[name].prices}
    whole = [name for name in labels if name in own] if all(name in own for name in models) else []
    return {"whole": whole, "steps": sorted(steps)}


def _prices(way: int, what: str, labels: list[str], at: datetime) -> Iterator[tuple[int | str, ...]]:
    """What replies of each model cost in this way: by the prices of another, of another day, or of their own."""
    known, at_ms = book(), int(at.timestamp() * 1000)
    for label in labels:
        for begin, until, *rest in price_rows.rows(known, label if what in (DATE, CACHE) else what):
            if what != DATE:
                yield (way, label, begin, until, *rest)
            elif begin <= at_ms < until:
                yield (way, label, 0, price_rows.NEVER_MS, *rest)


def _types() -> dict[str, str]:
    return {name: "str" if name == "label" else "int64" for name in (*_COLUMNS, *_KINDS)}
