"""What was spent, when, by whom and on what: the questions of the Costs page, each as of one moment."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import pandas as pd

from data.domain.money import Tokens
from data.domain.windows import Grain, Window
from data.warehouse.warehouse import Reader

DEAREST = 10
DRIFT_PERCENT = 5.0
"""Figures of one run that are further apart than this are worth a look."""


class By(StrEnum):
    """What spending is parted by."""

    ROLE = "role"
    MODEL = "model"
    TASK_TYPE = "task_type"
    FOLDER = "folder"
    USER = "user"
    ANALYST = "analyst"
    TOKEN_KIND = "token_kind"


KINDS = {
    "input": "Input",
    "output": "Output",
    "cache_read": "Cache read",
    "cache_write_5m": "Cache write 5 min",
    "cache_write_1h": "Cache write 1 h",
    "searches": "Web searches",
}
OTHER_KIND = "Surcharges and other prices"
"""What a reply cost more or less than the price table says: fast mode, a region, a price told by its transcript."""


@dataclass(frozen=True)
class Cut:
    """Which spending is asked for; None asks for nothing."""

    window: Window
    simulated: bool = False
    role: str | None = None
    model: str | None = None
    task_type: str | None = None
    folder: str | None = None
    user: str | None = None
    analyst: bool | None = None

    def given(self) -> dict[str, Any]:
        """As parameters of a statement."""
        return {
            "begin": self.window.begin_ms,
            "end": self.window.end_ms,
            "simulated": self.simulated,
            "role": self.role,
            "model": self.model,
            "task_type": self.task_type,
            "folder": self.folder,
            "person": self.user,
            "analyst": self.analyst,
        }

    def without_roles(self) -> dict[str, Any]:
        """For questions about whole tasks."""
        given = self.given()
        return {name: given[name] for name in given if name not in ("role", "model")}


@dataclass(frozen=True)
class Total:
    """Everything that was spent, in one line."""

    cost_nanousd: int
    tokens: Tokens
    replies: int
    unpriced: int
    """Replies without a known price: their cost is missing."""
    tasks: int
    analyst_nanousd: int
    """What ANALYST agents cost."""
    kinds: dict[str, int] = field(hash=False)
    """Nano-dollars by kind of token; together they are the cost."""
    uncached_nanousd: int
    """What the tokens that the cache gave or took would have cost as plain input."""

    @property
    def cached_nanousd(self) -> int:
        """What the tokens that the cache gave or took did cost."""
        return sum(self.kinds[name] for name in ("cache_read", "cache_write_5m", "cache_write_1h"))

    @property
    def saved_nanousd(self) -> int:
        """What the cache saved: the same tokens as plain input, less what reading and writing them cost."""
        return self.uncached_nanousd - self.cached_nanousd

    def per_thousand_tokens(self) -> int | None:
        return round(self.cost_nanousd * 1000 / self.tokens.total) if self.tokens.total else None


@dataclass(frozen=True)
class Costs:
    """The Costs page as of one moment: all of it adds up."""

    total: Total
    before: Total
    """Of the stretch of the same length before."""
    simulated_nanousd: int
    """Simulated money of the same time, whatever the filters; it is in nothing else."""
    over_time: pd.DataFrame
    parts: dict[By, pd.DataFrame]
    tasks: pd.DataFrame
    agents: pd.DataFrame
    tools: pd.DataFrame
    analyst: pd.DataFrame
    drifting: int
    """Runs of the window, whatever the filters, of which two figures are DRIFT_PERCENT or more apart."""

    @property
    def completed(self) -> int:
        """Tasks of this fleet that were completed in the window."""
        return int(self.analyst["completed"].sum())

    def per_success_nanousd(self) -> int | None:
        """What tasks that ended in the window cost in all, failed ones too, by each that was completed."""
        return round(int(self.analyst["cost_nanousd"].sum()) / self.completed) if self.completed else None


def page(reader: Reader, cut: Cut, grain: Grain, split: By) -> Costs:
    """Everything at once, of one moment."""
    given = cut.given()
    return Costs(
        total=(now := total(reader, cut)),
        before=total(reader, replace(cut, window=cut.window.before())),
        simulated_nanousd=int(
            reader.frame("costs", "simulated", begin=given["begin"], end=given["end"])["cost_nanousd"].iloc[0]
        ),
        over_time=over_time(reader, cut, grain, split),
        parts=_parts(reader, cut, now),
        tasks=dearest_tasks(reader, cut),
        agents=dearest_agents(reader, cut),
        tools=reader.frame("costs", "dearest_tools", **given, most=DEAREST),
        analyst=reader.frame("costs", "analyst", **cut.without_roles()),
        drifting=drifting(reader, cut),
    )


def total(reader: Reader, cut: Cut) -> Total:
    row = reader.frame("costs", "total", **cut.given()).iloc[0]
    kinds = {kind: int(row[f"{kind}_nanousd"]) for kind in KINDS}
    cost = int(row["cost_nanousd"])
    tokens = Tokens(*(int(row[f"tokens_{kind}"]) for kind in Tokens().as_dict()))
    return Total(
        cost_nanousd=cost,
        tokens=tokens,
        replies=int(row["replies"]),
        unpriced=int(row["unpriced"]),
        tasks=int(row["tasks"]),
        analyst_nanousd=int(row["analyst_nanousd"]),
        kinds=kinds | {"other": cost - sum(kinds.values())},
        uncached_nanousd=int(row["uncached_nanousd"]),
    )


def by(reader: Reader, cut: Cut, what: By) -> pd.DataFrame:
    """Name, cost, unpriced replies, tokens, replies and tasks; the dearest first."""
    if what is By.TOKEN_KIND:
        return _by_kind(total(reader, cut))
    return reader.frame("costs", "by", **cut.given(), by=what.value)


def _parts(reader: Reader, cut: Cut, now: Total) -> dict[By, pd.DataFrame]:
    """The same as `by` of everything, without the number of tasks."""
    found = reader.frame("costs", "parts", **cut.given())
    rows = {one: found[found["part"] == one.value].drop(columns="part").reset_index(drop=True) for one in By}
    return rows | {By.TOKEN_KIND: _by_kind(now)}


def over_time(reader: Reader, cut: Cut, grain: Grain, split: By | None = None) -> pd.DataFrame:
    """When a bar begins (ms), name of the part, cost, unpriced replies, tokens, replies. Raises WindowInvalid."""
    reader.with_edges(cut.window.edges(grain))
    part = "" if split in (None, By.TOKEN_KIND) else str(split)
    return reader.frame("costs", "over_time", **cut.given(), by=part)


def dearest_tasks(reader: Reader, cut: Cut, most: int = DEAREST) -> pd.DataFrame:
    return reader.frame("costs", "dearest_tasks", **cut.given(), most=most)


def dearest_agents(reader: Reader, cut: Cut, most: int = DEAREST) -> pd.DataFrame:
    return reader.frame("costs", "dearest_agents", **cut.given(), most=most)


def names(reader: Reader) -> dict[str, list[str]]:
    """What filters can be set to: models, folders, users."""
    found = reader.frame("costs", "names")
    return {kind: list(found["name"][found["kind"] == kind]) for kind in ("model", "folder", "user")}


def runs(reader: Reader, cut: Cut, most: int = DEAREST) -> pd.DataFrame:
    """Figures of each run of the window: those of which `drifting` tells, then the others, the furthest apart first."""
    given = {name: cut.given()[name] for name in ("begin", "end", "simulated")}
    return reader.frame("costs", "runs", **given, limit=DRIFT_PERCENT, most=most)


def drifting(reader: Reader, cut: Cut) -> int:
    """How many runs of the window have figures that are DRIFT_PERCENT or more apart."""
    given = {name: cut.given()[name] for name in ("begin", "end", "simulated")}
    return int(reader.frame("costs", "drifting", **given, limit=DRIFT_PERCENT)["runs"].iloc[0])


def _by_kind(found: Total) -> pd.DataFrame:
    tokens = found.tokens.as_dict()
    rows = [
        {"name": kind, "cost_nanousd": cost, "unpriced": 0, "tokens": tokens.get(kind, 0), "replies": found.replies}
        for kind, cost in found.kinds.items()
        if cost or tokens.get(kind)
    ]
    columns = ["name", "cost_nanousd", "unpriced", "tokens", "replies", "tasks"]
    frame = pd.DataFrame([row | {"tasks": found.tasks} for row in rows], columns=columns)
    return frame.sort_values(["cost_nanousd", "name"], ascending=[False, True], ignore_index=True)
