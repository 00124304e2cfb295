"""What model replies used, by day and model: the table that a folder of transcripts comes down to."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from data.domain.money import Tokens

UNDATED = "undated"
"""The day of replies without a time that can be read."""


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
