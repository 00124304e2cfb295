"""What the fleet spent and began today and in the last hours."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from data.domain.agents import Runtime
from data.domain.money import Tokens
from data.store import rows
from data.store import tables as t

HOURS = 24
_HOUR_MS = 3_600_000


@dataclass
class Spent:
    """Since midnight, and in each of the last hours."""

    nanousd: int = 0
    tokens: Tokens = field(default_factory=Tokens)
    unpriced: int = 0
    """Replies without a known price."""
    simulated_nanousd: int = 0
    """Of the demo, which is in none of the others."""
    by_hour: list[int] = field(default_factory=lambda: [0] * HOURS)
    """Nano-dollars, the last hour last."""


def spent(db: sa.Connection, midnight_ms: int, now: datetime) -> Spent:
    """One look over the replies of a day, of which there may be many thousand."""
    c = t.messages.c
    first = rows.ms(now) - HOURS * _HOUR_MS
    hour = ((c.at_ms - first) // _HOUR_MS).label("hour")
    of_today = sa.case((c.at_ms >= midnight_ms, 1), else_=0).label("of_today")
    kinds = (c.tokens_input, c.tokens_output, c.tokens_cache_read, c.tokens_cache_write_5m, c.tokens_cache_write_1h)
    sums = [sa.func.coalesce(sa.func.sum(column), 0) for column in (c.cost_nanousd, *kinds)]
    unpriced = sa.func.count().filter(c.cost_nanousd.is_(None))
    query = sa.select(hour, of_today, c.simulated, *sums, unpriced).where(c.at_ms >= min(first, midnight_ms))
    out = Spent()
    for index, today, simulated, cost, *counts, missing in db.execute(query.group_by("hour", "of_today", c.simulated)):
        if simulated:
            out.simulated_nanousd += int(cost) if today else 0
            continue
        if 0 <= index < HOURS:
            out.by_hour[index] += int(cost)
        if today:
            out.nanousd += int(cost)
            out.tokens += Tokens(*map(int, counts))
            out.unpriced += int(missing)
    return out


def starts_by_hour(db: sa.Connection, now: datetime) -> list[int]:
    """Agents that began in each of the last hours, the last hour last."""
    c = t.agents.c
    first = rows.ms(now) - HOURS * _HOUR_MS
    hour = ((c.created_at_ms - first) // _HOUR_MS).label("hour")
    query = sa.select(hour, sa.func.count()).where(c.created_at_ms > first, c.simulated.is_(False))
    out = [0] * HOURS
    for index, number in db.execute(query.where(c.runtime != Runtime.IMPORTED.value).group_by("hour")):
        if 0 <= index < HOURS:
            out[index] = int(number)
    return out
