"""Whether an invoice agrees with what was counted: day by day, as of one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from data.domain import windows
from data.domain.invoices import Billed
from data.domain.windows import Grain
from data.warehouse import costs
from data.warehouse.costs import DRIFT_PERCENT, Cut
from data.warehouse.warehouse import Reader


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
class Compared:
    """An invoice beside what was counted from its first day to its last."""

    days: tuple[Day, ...]
    """Those on which anything was billed or counted."""
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
    def drift(self) -> float | None:
        return drift(self.billed_nanousd, self.counted_nanousd)

    @property
    def beyond(self) -> bool:
        """Whether they are so far apart that somebody should look."""
        if self.drift is None:
            return self.billed_nanousd != 0
        return abs(self.drift) >= self.limit_percent


def drift(billed: int, counted: int) -> float | None:
    return 100 * (billed - counted) / counted if counted else None


def compared(reader: Reader, billed: tuple[Billed, ...], limit_percent: float = DRIFT_PERCENT) -> Compared:
    """Real money of whole days of UTC, as invoices have them. Raises WindowInvalid."""
    cut = Cut(windows.days(billed[0].day, billed[-1].day))
    found = costs.over_time(reader, cut, Grain.DAY)
    told = {one.day: one.nanousd for one in billed}
    counted: dict[date, int] = {}
    for row in found.itertuples(index=False):
        counted[datetime.fromtimestamp(row.at / 1000, UTC).date()] = int(row.cost_nanousd)
    days = tuple(Day(day, told.get(day, 0), counted.get(day, 0)) for day in sorted(told.keys() | counted.keys()))
    return Compared(days, int(found["unpriced"].sum()), limit_percent)
