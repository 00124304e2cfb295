"""A model's prices as rows: what a million tokens of each kind cost, by time and by the size of the prompt."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time

from data.domain.money import Tokens
from data.domain.prices import PriceBook

MILLION = 1_000_000
NEVER_MS = 2**62
_SAMPLE = 100_000
"""Tokens by which a foreign price list is asked: fewer than any of its steps for long prompts."""
Row = tuple[int, int, int, int, int, int, int, int, int]
"""From, until (ms), above, up to (tokens of the prompt); nano-dollars of input, output, cache read, writes."""


def rows(book: PriceBook, model: str) -> Iterator[Row]:
    """None for a model without a price."""
    name = book.canonical(model)
    known = book.table.get(name)
    if known is None:
        yield from _listed(book, name)
        return
    begins = sorted({price.effective_from for price in known.prices})
    for number, begin in enumerate(begins):
        until = _ms(begins[number + 1]) if number + 1 < len(begins) else NEVER_MS
        steps = sorted((p for p in known.prices if p.effective_from == begin), key=lambda p: p.above_prompt)
        for place, price in enumerate(steps):
            above = price.above_prompt if place else -1
            upto = steps[place + 1].above_prompt if place + 1 < len(steps) else NEVER_MS
            kinds = (price.input, price.output, price.cache_read, price.cache_write_5m, price.cache_write_1h)
            yield (_ms(begin), until, above, upto, *(kind * MILLION for kind in kinds))  # type: ignore[misc]


def _listed(book: PriceBook, name: str) -> Iterator[Row]:
    """What the package's list says now; it does not tell since when."""
    now = datetime.now(UTC)
    samples = (
        Tokens(input=_SAMPLE),
        Tokens(output=_SAMPLE),
        Tokens(cache_read=_SAMPLE),
        Tokens(cache_write_5m=_SAMPLE),
        Tokens(cache_write_1h=_SAMPLE),
    )
    found = [book.cost_nanousd(name, tokens, now) for tokens in samples]
    kinds = [cost * (MILLION // _SAMPLE) for cost in found if cost is not None]
    if len(kinds) == len(samples):
        yield (0, NEVER_MS, -1, NEVER_MS, *kinds)  # type: ignore[misc]


def _ms(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp() * 1000)
