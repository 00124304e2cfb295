"""What model replies used, by day and model: the table that a folder of transcripts comes down to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from data.domain.money import Tokens
from data.domain.prices import PriceBook
from data.domain.transcript_lines import CostMode, Pricer, Reply, surcharge_nanousd

UNDATED = "undated"
"""The day of replies without a time that can be read."""
_QUARTER_MS = 900_000
"""Every zone's offset is a whole number of quarters of an hour."""


@dataclass(frozen=True)
class UsageRow:
    """One day with one model."""

    day: str
    model: str
    """With `-fast` behind the name for what was asked for in fast mode."""
    replies: int
    tokens: Tokens
    nanousd: int
    """Without web searches."""
    searches_nanousd: int
    unpriced: int
    """Replies whose price is not known; their cost is missing."""


@dataclass(frozen=True)
class Usage:
    """The whole table, the first day first."""

    rows: tuple[UsageRow, ...]
    errors: int
    """Messages that Claude Code wrote itself in place of a reply; no model is behind them."""
    undated: int

    @property
    def unpriced_models(self) -> list[str]:
        return sorted({row.model for row in self.rows if row.unpriced})

    def total(self) -> UsageRow:
        tokens = Tokens()
        for row in self.rows:
            tokens += row.tokens
        sums = (sum(getattr(row, name) for row in self.rows) for name in ("nanousd", "searches_nanousd", "unpriced"))
        return UsageRow("total", "", sum(row.replies for row in self.rows), tokens, *sums)

    def as_dict(self) -> dict[str, Any]:
        return {"rows": [asdict(row) for row in self.rows], "errors": self.errors, "undated": self.undated}

    @classmethod
    def of(cls, kept: dict[str, Any]) -> Usage:
        """A table as `as_dict` gave it."""
        rows = (UsageRow(**{**row, "tokens": Tokens(**row["tokens"])}) for row in kept["rows"])
        return cls(tuple(rows), kept["errors"], kept["undated"])


class _Days:
    """The day of a moment in one zone; the calendar is asked once for each quarter of an hour."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._known: dict[int, str] = {}

    def of(self, at_ms: int | None) -> str:
        if at_ms is None:
            return UNDATED
        quarter = at_ms // _QUARTER_MS
        day = self._known.get(quarter)
        if day is None:
            start = datetime.fromtimestamp(quarter * _QUARTER_MS / 1000, UTC)
            day = self._known[quarter] = start.astimezone(self._zone).strftime("%Y-%m-%d")
        return day


def table(
    found: Iterable[Reply], book: PriceBook, *, zone: tzinfo, mode: CostMode, now_ms: int, surcharge: bool = False
) -> Usage:
    """Fold replies, each once, into the table; one without a time is priced as of now."""
    days, pricer, errors, undated = _Days(zone), Pricer(book, mode), 0, 0
    cells: dict[tuple[str, str], list[int]] = {}
    for reply in found:
        if reply.is_error:
            errors += 1
            continue
        undated += reply.at_ms is None
        model = f"{reply.model}-fast" if reply.speed == "fast" else reply.model
        cell = cells.get(key := (days.of(reply.at_ms), model)) or cells.setdefault(key, [0] * 9)
        spent, used = pricer.cost(reply, now_ms), reply.tokens
        cell[0] += 1
        cell[1] += used.input
        cell[2] += used.output
        cell[3] += used.cache_read
        cell[4] += used.cache_write_5m
        cell[5] += used.cache_write_1h
        cell[6] += spent.tokens_nanousd or 0
        if surcharge and mode is not CostMode.DISPLAY:
            cell[6] += surcharge_nanousd(reply, book, now_ms)
        cell[7] += spent.searches_nanousd
        cell[8] += spent.tokens_nanousd is None
    rows = (
        UsageRow(day, model, cell[0], Tokens(*cell[1:6]), cell[6], cell[7], cell[8])
        for (day, model), cell in sorted(cells.items())
    )
    return Usage(tuple(rows), errors, undated)
