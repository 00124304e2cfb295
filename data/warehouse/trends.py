"""How money, work and success change over time, and when in the week the fleet is busy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pandas as pd

from data.domain.firing import QUARTER_MS
from data.domain.windows import QUARTER, Grain, Window
from data.warehouse import costs
from data.warehouse.costs import Cut
from data.warehouse.warehouse import Reader

SPANS = (30, 60, 90)
"""Days of which the spending is compared with as many days before."""
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Span:
    """What was spent in so many days up to the end of the window, and in as many before."""

    days: int
    cost_nanousd: int
    before_nanousd: int
    unpriced: int


@dataclass(frozen=True)
class Trends:
    """The Trends page as of one moment; `at` is when a bar begins, in milliseconds."""

    spans: tuple[Span, ...]
    spend: pd.DataFrame
    """Cost, unpriced replies, tokens and replies by step of time."""
    created: pd.DataFrame
    """Tasks and agents that were made, by step of time."""
    ended: pd.DataFrame
    """Tasks that ended by step of time: completed, failed, cancelled, p50 and p95 of how long, cost of all of them."""
    hours: pd.DataFrame
    """Replies, new tasks and cost by weekday (0 is Monday) and hour of the zone."""
    lengths: pd.DataFrame
    """Completed tasks by type and class of length, see `performance.edge_s`."""
    workflows: pd.DataFrame
    """Tasks by step of time and the roles that worked on them."""

    @property
    def empty(self) -> bool:
        return not (len(self.spend) or len(self.created) or len(self.ended))


def page(reader: Reader, cut: Cut, grain: Grain) -> Trends:
    """Everything at once, of one moment. Raises WindowInvalid."""
    given = cut.given()
    times = {"begin": given["begin"], "end": given["end"]}
    chosen(reader, cut)
    spend = costs.over_time(reader, cut, grain)  # its edges serve the next questions, too
    return Trends(
        spans=spans(reader, cut),
        spend=spend.drop(columns="name"),
        created=reader.frame("trends", "created", **times, role=cut.role, model=cut.model),
        ended=reader.frame("trends", "ended", **times),
        hours=hours(reader, cut),
        lengths=reader.frame("trends", "lengths", **times),
        workflows=reader.frame("trends", "workflows", **times),
    )


def chosen(reader: Reader, cut: Cut) -> None:
    """Leave the tasks that the filters let through for the next questions of this look."""
    given = cut.without_roles()
    reader.run("trends", "chosen_tasks", **{name: given[name] for name in given if name not in ("begin", "end")})


def hours(reader: Reader, cut: Cut) -> pd.DataFrame:
    offsets = cut.window.offsets()
    reader.with_rows(
        "offsets",
        pd.DataFrame(
            {
                "quarter": [int(at.timestamp()) // 900 for at, _ in offsets],
                "ahead": [ahead // QUARTER for _, ahead in offsets],
            }
        ),
    )
    return reader.frame("trends", "hours", **cut.given())


def spans(reader: Reader, cut: Cut) -> tuple[Span, ...]:
    """What was spent in each of SPANS, all ending where the window ends, however long that is."""
    end = cut.window.end
    windows = [Window(end - timedelta(days=days), end, cut.window.zone) for days in SPANS]
    rows = {
        "days": SPANS,
        "begin_ms": [window.begin_ms for window in windows],
        "before_ms": [window.before().begin_ms for window in windows],
    }
    reader.with_rows("spans", pd.DataFrame(rows))
    marks = [*rows["begin_ms"], *rows["before_ms"]]
    given = cut.given() | {"begin": min(marks), "cuts": [mark // QUARTER_MS for mark in marks if mark % QUARTER_MS]}
    found = reader.frame("trends", "spans", **given)
    return tuple(
        Span(int(row.days), int(row.cost_nanousd), int(row.before_nanousd), int(row.unpriced))
        for row in found.itertuples(index=False)
    )
