"""How the fleet works: tokens, cache, tools, durations and success, each as of one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from data.domain.windows import Grain
from data.warehouse.costs import Cut
from data.warehouse.warehouse import Reader

KINDS = {
    "input": "Input",
    "output": "Output",
    "cache_read": "Cache read",
    "cache_write_5m": "Cache write 5 min",
    "cache_write_1h": "Cache write 1 h",
}
QUANTILES = ("p5", "p25", "p50", "p75", "p95", "p99")


@dataclass(frozen=True)
class Performance:
    """The Performance page as of one moment; times in milliseconds."""

    tokens: pd.DataFrame
    """One row for each step of time that has replies: when it begins, replies, each kind of token."""
    tools: pd.DataFrame
    """Calls by tool, how many failed or were refused, and how many agents made them; the most called first."""
    by_role: pd.DataFrame
    """Agents that ended: how many, how many failed, quantiles and longest of how long they worked."""
    by_model: pd.DataFrame
    lengths: pd.DataFrame
    """Agents by role and class of length, see `edge_s`."""
    success: pd.DataFrame
    """Tasks that ended, by type: completed, failed, cancelled, judged good or bad, reworked."""
    overall: pd.DataFrame
    """As `by_role`, all of them in one row; empty if none ended."""

    @property
    def empty(self) -> bool:
        return not (len(self.tokens) or len(self.tools) or len(self.by_role) or len(self.success))

    def total(self, kind: str) -> int:
        return int(self.tokens[kind].sum())

    @property
    def prompt(self) -> int:
        """Tokens that were read: all but the output."""
        return sum(self.total(kind) for kind in KINDS if kind != "output")


def page(reader: Reader, cut: Cut, grain: Grain) -> Performance:
    """Everything at once, of one moment. Raises WindowInvalid."""
    given = cut.given()
    found = tokens(reader, cut, grain)
    reader.run("performance", "agents", **given)
    return Performance(
        tokens=found,
        tools=tools(reader, cut),
        by_role=_durations(reader, "role"),
        by_model=_durations(reader, "model"),
        lengths=reader.frame("performance", "lengths"),
        success=success(reader, cut),
        overall=_durations(reader, "all"),
    )


def tokens(reader: Reader, cut: Cut, grain: Grain) -> pd.DataFrame:
    """Each kind of token by step of time. Raises WindowInvalid."""
    reader.with_edges(cut.window.edges(grain))
    return reader.frame("performance", "tokens", **cut.given())


def tools(reader: Reader, cut: Cut) -> pd.DataFrame:
    return reader.frame("performance", "tools", **cut.given())


def durations(reader: Reader, cut: Cut, by: str) -> pd.DataFrame:
    """How long agents worked that ended in the window, by `role`, `model` or `all`."""
    reader.run("performance", "agents", **cut.given())
    return _durations(reader, by)


def success(reader: Reader, cut: Cut) -> pd.DataFrame:
    return reader.frame("performance", "success", **cut.without_roles())


def edge_s(step: int) -> float:
    """Where a class of length begins, in seconds: each second one is twice as long."""
    return 0.0 if step == 0 else float(2 ** (step / 2))


def _durations(reader: Reader, by: str) -> pd.DataFrame:
    found = reader.frame("performance", "durations", by=by)
    values: Any = [[round(one) for one in row] for row in found.pop("quantiles")]
    return found.join(pd.DataFrame(values, columns=[f"{name}_ms" for name in QUANTILES], dtype="int64"))
