"""What work would have cost otherwise: from how little to how much, and under which assumption.

No one knows what another model would have said, so each answer is a range whose two ends follow exactly from the
replies that were counted, reply by reply at the dated price table, in whole nano-dollars:

- Another model: the same replies, token for token. Low: its cache serves as well as it did here; high: not at all.
- Another date: the same tokens at the prices of that day.
- No cache: high, each reply reads its whole prompt as plain input; low, each token that was written to the cache is
  read once as plain input, and what was read from the cache is never read again.
- No ANALYST: what like tasks cost without one, as the comparison of the ANALYST page says; not known where it gives
  no verdict.

A reply may have cost more or less than the list (fast mode, a region, a price told by its transcript). What that would
be elsewhere is not known either, so both ends allow for it: with the same factor and without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from data.domain.experience import Span
from data.domain.money import Tokens
from data.domain.prices import PriceBook

NO_CACHE, NO_ANALYST = "Without the cache", "Without the ANALYST"
OF_MODEL = (
    "The same replies token for token, at its prices of their day. Low: its cache serves as it did here; high: not at "
    "all. A model that needs more or fewer turns, or other words, lies outside."
)
OF_CACHE = (
    "The same replies of the same models. High: every reply reads its whole prompt anew as plain input; low: what came "
    "from the cache is never read a second time."
)


@dataclass(frozen=True)
class Reply:
    """One reply as it was counted."""

    model: str
    at: datetime
    tokens: Tokens
    web_searches: int
    cost_nanousd: int | None
    """None: it has no known price, and is in none of the sums."""


@dataclass(frozen=True)
class Answer:
    """What it would have cost."""

    what: str
    """`model`, `date`, `cache` or `analyst`."""
    title: str
    cost: Span | None
    """Nano-dollars; None where it is not known."""
    assumption: str
    """On what the range rests, or why there is none."""
    left_out: int = 0
    """Replies that were priced and have no price in this way: they are not in it."""
    against_nanousd: int | None = None
    """What the replies that are in it did cost, where any were left out."""

    @property
    def exact(self) -> bool:
        """Whether nothing in it is uncertain under its assumption."""
        return self.cost is not None and self.cost.low == self.cost.high


def without_cache(tokens: Tokens) -> Tokens:
    """The same prompt as plain input."""
    return Tokens(input=tokens.prompt, output=tokens.output)


def read_once(tokens: Tokens) -> Tokens:
    """The prompt without what came from the cache, as plain input."""
    return Tokens(input=tokens.prompt - tokens.cache_read, output=tokens.output)


def paid(replies: Iterable[Reply]) -> int:
    return sum(reply.cost_nanousd or 0 for reply in replies)


def other_model(book: PriceBook, replies: Sequence[Reply], model: str) -> Answer:
    name = book.canonical(model)
    moved = [replace(reply, model=name) for reply in replies]
    cost = _range(book, replies, [moved, [replace(one, tokens=without_cache(one.tokens)) for one in moved]])
    if cost is None:
        return Answer("model", with_model(name), None, f"{name} has no known price for the time of these replies.")
    return Answer("model", with_model(name), cost, OF_MODEL)


def other_date(book: PriceBook, replies: Sequence[Reply], at: datetime) -> Answer:
    cost = _range(book, replies, [[replace(reply, at=at) for reply in replies]])
    if cost is None:
        return Answer("date", at_prices_of(at), None, "Some of its models have no known price on that day.")
    return Answer("date", at_prices_of(at), cost, of_date(cost))


def no_cache(book: PriceBook, replies: Sequence[Reply]) -> Answer:
    every = [replace(reply, tokens=without_cache(reply.tokens)) for reply in replies]
    once = [replace(reply, tokens=read_once(reply.tokens)) for reply in replies]
    cost = _range(book, replies, [every, once])
    if cost is None:
        return Answer("cache", NO_CACHE, None, "Its replies have no price in the list.")
    return Answer("cache", NO_CACHE, cost, OF_CACHE)


def with_model(name: str) -> str:
    return f"With {name}"


def at_prices_of(at: datetime) -> str:
    return f"At the prices of {at:%Y-%m-%d}"


def of_date(cost: Span) -> str:
    told = "The same tokens of the same models at the price list of that day"
    if cost.low == cost.high:
        return f"{told}. Nothing in it is uncertain under this assumption."
    return f"{told}, with and without the surcharges paid."


def no_analyst(cost_nanousd: int, analyst_nanousd: int, ratio: tuple[float, float] | None, why_not: str) -> Answer:
    """`ratio`: what like tasks with an ANALYST cost as a multiple of those without, from and to; None: no verdict."""
    title, own = NO_ANALYST, "Its own steps are part of the cost; whether the others had then cost more"
    if not analyst_nanousd:
        return Answer("analyst", title, None, "It had none that cost anything.")
    if ratio is None or ratio[0] <= 0:
        return Answer("analyst", title, None, f"Not known. {own}, nobody can say yet: {why_not}")
    low, high = (round(cost_nanousd / Fraction(one)) for one in (ratio[1], ratio[0]))
    told = (
        "As tasks like it cost without one on average, by the 95 % interval of the ANALYST page; a single task varies"
    )
    return Answer("analyst", title, Span(low, high), f"{told} more.")


def _range(book: PriceBook, replies: Sequence[Reply], otherwise: Sequence[Sequence[Reply]]) -> Span | None:
    """The least and the most of several ways to count the priced replies; None where one has no price."""
    ends: list[int] = []
    if all(reply.cost_nanousd is None for reply in replies):
        return None
    for way in otherwise:
        pairs = [(old, new) for old, new in zip(replies, way, strict=True) if old.cost_nanousd is not None]
        found = [_both(book, old, new) for old, new in pairs]
        if any(one is None for one in found):
            return None
        ends += [_sum(found, min), _sum(found, max)]
    return Span(min(ends), max(ends))


def _sum(found: Sequence[tuple[int, int] | None], pick: Callable[[tuple[int, int]], int]) -> int:
    return sum(pick(one) for one in found if one is not None)


def _both(book: PriceBook, old: Reply, new: Reply) -> tuple[int, int] | None:
    """What the new reply costs by the list, and with the factor by which the old one was off the list."""
    listed = _listed(book, new)
    if listed is None or old.cost_nanousd is None:
        return None
    was = _listed(book, old)
    if not was or was == old.cost_nanousd:
        return listed, listed
    return listed, round(Fraction(listed * old.cost_nanousd, was))


def _listed(book: PriceBook, reply: Reply) -> int | None:
    return book.cost_nanousd(reply.model, reply.tokens, reply.at, web_searches=reply.web_searches)
