"""What it would take to settle by lot whether an ANALYST is worth its money: how many tasks, how long, how much."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from data.domain import words
from data.domain.fleet import Lottery
from data.domain.roi import Roi, planned
from data.domain.roi_cases import Metric

NANO = 1_000_000_000


@dataclass(frozen=True)
class LotteryPlan:
    """The lottery carried on until it answers."""

    needed: int
    """Drawn tasks that it still takes; 0: it is settled."""
    borderline_a_week: float
    """How many come, of those that the rule or a lot decided."""
    weeks: float | None
    """At the share that is set, or at 100 % while none is; None if no borderline tasks come."""
    put_in: int
    """Tasks that would have an ANALYST although the rule gives them none."""
    left_out: int
    """Tasks that would go without although the rule gives them one."""
    net_usd: float | None
    """What both together cost more than the rule, less than nothing if they save; None: no ANALYST's cost is known."""


def plan(borderline: int, simple: int, found: Roi, lottery: Lottery, days: float) -> LotteryPlan:
    """`borderline` tasks came in these days, `simple` of them such as have no ANALYST by the rule."""
    cost = found.causal.of(Metric.COST)
    needed = planned(Metric.COST) if cost is None else cost.more
    a_week = borderline / max(days, 1) * 7
    share = (lottery.share or 100) / 100
    without = simple / borderline if borderline else 0.5
    put_in = round(needed * without * lottery.chance / 100)
    left_out = round(needed * (1 - without) * (1 - lottery.chance / 100))
    return LotteryPlan(
        needed=needed,
        borderline_a_week=a_week,
        weeks=needed / (a_week * share) if a_week else None,
        put_in=put_in,
        left_out=left_out,
        net_usd=None if found.analyst_usd is None else (put_in - left_out) * found.analyst_usd,
    )


def said(of: LotteryPlan, lottery: Lottery) -> str:
    """The plan for people."""
    if of.needed == 0:
        return "The lottery has answered: it may be switched off."
    told = f"About {of.needed:,} drawn tasks would show a difference of 20 % in cost, if there is one."
    if of.weeks is None:
        return f"{told} No borderline task has come in this time, so nobody can say how long that takes."
    share = f"at a share of {lottery.share} %" if lottery.share else "if all of them were drawn"
    told += f" {of.borderline_a_week:.1f} borderline tasks come in a week: that is {_weeks(of.weeks)} {share}."
    told += f" Against the rule {of.put_in:,} of them would have an ANALYST and {of.left_out:,} would go without one"
    if of.net_usd is None:
        return f"{told}; what an ANALYST costs here is not known yet."
    money = words.dollars(round(abs(of.net_usd) * NANO))
    return f"{told}: {money} {'more' if of.net_usd >= 0 else 'less'} than by the rule."


def _weeks(number: float) -> str:
    return "less than a week" if number <= 1 else f"about {ceil(number):,} weeks"
