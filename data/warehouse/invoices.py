"""Whether an invoice agrees with what was counted: by day, by cell and by run, as of one moment.

An invoice knows days and models, and no runs. So the share of a run is worked out: what was billed for a cell (a day
and a model, or a day alone) is parted among the runs in proportion to what was counted of them within this cell. The
shares of a cell add up to it to the nano-dollar.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

import pandas as pd

from data.domain import invoices, windows
from data.domain.invoices import Billed
from data.warehouse.costs import DRIFT_PERCENT
from data.warehouse.warehouse import Reader

EPOCH = date(1970, 1, 1)
FAR_MS = 2**62
"""A run that was billed was created before this."""


@dataclass(frozen=True)
class Day:
    """What was billed and what was counted for one day of UTC."""

    day: date
    billed_nanousd: int
    counted_nanousd: int

    @property
    def drift(self) -> float | None:
        """Per cent by which the bill is above what was counted; None where nothing was counted."""
        return drift(self.billed_nanousd, self.counted_nanousd)


@dataclass(frozen=True)
class Cell:
    """What was billed and what was counted for a day of UTC and a model."""

    day: date
    model: str
    """Empty: all models of the day, which the invoice does not part."""
    billed_nanousd: int | None
    """None: the invoice has no such cell."""
    counted_nanousd: int
    shares: dict[str, int] = field(hash=False)
    """Of each run by its id; empty where nothing was counted, so that nobody can say whose it is."""

    @property
    def drift(self) -> float | None:
        return None if self.billed_nanousd is None else drift(self.billed_nanousd, self.counted_nanousd)


@dataclass(frozen=True)
class Compared:
    """An invoice beside what was counted from its first day to its last."""

    days: tuple[Day, ...]
    """Those on which anything was billed or counted."""
    cells: tuple[Cell, ...]
    runs: pd.DataFrame = field(compare=False)
    """Figures of each run at work in that time, as `costs.runs` has them, with `share_nanousd` (none: the invoice has
    no cell in which anything was counted of it), `within_nanousd` (what was counted of it in such cells) and
    `share_drifting`; those that are too far apart first."""
    unpriced: int
    """Replies without a known price: what they cost is billed and not counted."""
    limit_percent: float = DRIFT_PERCENT

    @property
    def billed_nanousd(self) -> int:
        return sum(day.billed_nanousd for day in self.days)

    @property
    def counted_nanousd(self) -> int:
        return sum(day.counted_nanousd for day in self.days)

    @property
    def shared_nanousd(self) -> int:
        """What of the bill is the share of a run in `runs`."""
        return int(self.runs["share_nanousd"].sum())

    @property
    def unlisted_nanousd(self) -> int:
        """What of the bill is the share of runs that no list has, as deleted ones."""
        return sum(cell.shares.get("", 0) for cell in self.cells)

    @property
    def unshared_nanousd(self) -> int:
        """What was billed in cells in which nothing was counted."""
        return sum(cell.billed_nanousd or 0 for cell in self.cells if not cell.shares)

    @property
    def drift(self) -> float | None:
        return drift(self.billed_nanousd, self.counted_nanousd)

    @property
    def beyond(self) -> bool:
        """Whether they are so far apart that somebody should look."""
        if self.drift is None:
            return self.billed_nanousd != 0
        return abs(self.drift) >= self.limit_percent

    @property
    def drifting_runs(self) -> int:
        """Runs whose share and count are so far apart."""
        return int(self.runs["share_drifting"].sum())

    def is_drifting(self, cell: Cell) -> bool:
        return cell.drift is not None and abs(cell.drift) >= self.limit_percent


def drift(billed: int, counted: int) -> float | None:
    return 100 * (billed - counted) / counted if counted else None


def compared(reader: Reader, billed: tuple[Billed, ...], limit_percent: float = DRIFT_PERCENT) -> Compared:
    """Real money of whole days of UTC, as invoices have them. Raises WindowInvalid."""
    window = windows.days(billed[0].day, billed[-1].day)
    found = reader.frame("invoices", "cells", begin=window.begin_ms, end=window.end_ms)
    unparted = {one.day for one in billed if not one.model}
    counted: dict[tuple[date, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in found.itertuples(index=False):
        day = EPOCH + timedelta(days=int(row.day))
        counted[day, "" if day in unparted else str(row.model)][str(row.id)] += int(row.cost_nanousd)
    told = {(one.day, one.model): one.nanousd for one in billed}
    cells = tuple(_cell(*key, told.get(key), counted.get(key, {})) for key in sorted(told.keys() | counted.keys()))
    runs = _runs(reader, cells, counted, limit_percent)
    return Compared(_days(cells), cells, runs, int(found["unpriced"].sum()), limit_percent)


def _cell(day: date, model: str, billed: int | None, counted: dict[str, int]) -> Cell:
    shares = {} if billed is None else invoices.shares(billed, {run: cost for run, cost in counted.items() if cost})
    return Cell(day, model, billed, sum(counted.values()), shares)


def _days(cells: tuple[Cell, ...]) -> tuple[Day, ...]:
    sums: dict[date, list[int]] = {}
    for cell in cells:
        billed, counted = sums.setdefault(cell.day, [0, 0])
        sums[cell.day] = [billed + (cell.billed_nanousd or 0), counted + cell.counted_nanousd]
    return tuple(Day(day, *sums[day]) for day in sorted(sums))


def _runs(
    reader: Reader, cells: tuple[Cell, ...], counted: dict[tuple[date, str], dict[str, int]], limit_percent: float
) -> pd.DataFrame:
    shares: dict[str, int] = {}
    within: dict[str, int] = {}
    for cell in cells:
        for run, share in cell.shares.items():
            shares[run] = shares.get(run, 0) + share
            within[run] = within.get(run, 0) + counted[cell.day, cell.model][run]
    ids = sorted({run for sums in counted.values() for run in sums if run})
    named = pd.DataFrame(
        {
            "id": pd.Series(ids, dtype="string"),
            "share_nanousd": pd.array([shares.get(run) for run in ids], dtype="Int64"),
            "within_nanousd": pd.array([within.get(run) for run in ids], dtype="Int64"),
        }
    )
    reader.with_rows("billed_runs", named)
    return reader.frame("invoices", "runs", end=FAR_MS, limit=limit_percent)
