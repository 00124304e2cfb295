"""What the replies of transcripts cost, and the table by day and model that they come down to.

Apart from the reading of lines, which needs no prices: a process that only reads begins in half the time.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple

from data.domain.money import Tokens
from data.domain.prices import Price, PriceBook
from data.domain.transcript_lines import NO_MODEL, CostMode, Reply, Row, reply_of
from data.domain.usage import UNDATED, Usage, UsageRow

SURCHARGED = ("claude-sonnet-4-0", "claude-sonnet-4-5")
LONG = 200_000
_DAY_MS = 86_400_000
_QUARTER_MS = 900_000
"""Every zone's offset is a whole number of quarters of an hour."""
_PLAIN_SPEEDS = ("standard", "")
_UNASKED: Any = object()


class Cost(NamedTuple):
    """What a reply cost; web searches stand apart, because most other readers leave them out."""

    tokens_nanousd: int | None
    """None: no price is known for the model at that time."""
    searches_nanousd: int = 0

    @property
    def nanousd(self) -> int | None:
        return None if self.tokens_nanousd is None else self.tokens_nanousd + self.searches_nanousd


def cost(reply: Reply, book: PriceBook, mode: CostMode, otherwise_ms: int) -> Cost:
    """What a reply cost at the prices of its time; one without a time is priced at `otherwise_ms`."""
    if mode is CostMode.DISPLAY:
        return Cost(reply.stated_nanousd or 0)
    if mode is CostMode.AUTO and reply.stated_nanousd is not None:
        return Cost(reply.stated_nanousd)
    when = datetime.fromtimestamp((otherwise_ms if reply.at_ms is None else reply.at_ms) / 1000, UTC)
    found = book.cost_nanousd(reply.model, reply.tokens, when, speed=reply.speed, geo=reply.geo)
    return Cost(found, 0 if found is None else reply.web_searches * book.per_web_search)


def surcharge_nanousd(reply: Reply, book: PriceBook, otherwise_ms: int) -> int:
    """What some price lists add for the tokens of one kind beyond 200,000; Claude Code itself adds nothing."""
    row = book.table.get(name := book.canonical(reply.model))
    when = datetime.fromtimestamp((otherwise_ms if reply.at_ms is None else reply.at_ms) / 1000, UTC)
    price = row.price(0, when) if row is not None and name in SURCHARGED else None
    if price is None or reply.stated_nanousd is not None:
        return 0
    beyond = Tokens(*(max(0, count - LONG) for count in reply.tokens.as_dict().values()))
    return price.nanousd(beyond) - price.output * beyond.output // 2


class Pricer:
    """The cost of many replies: the row of the price list that holds for most is looked up once a day and model."""

    def __init__(self, book: PriceBook, mode: CostMode = CostMode.AUTO) -> None:
        self._book, self._mode = book, mode
        self._rows: dict[tuple[str, int], Price | None] = {}

    def cost(self, reply: Reply, otherwise_ms: int) -> Cost:
        """As `cost` has it."""
        plain = reply.speed in _PLAIN_SPEEDS and reply.geo != "us" and not reply.web_searches
        if plain and self._mode is not CostMode.DISPLAY and reply.stated_nanousd is None:
            day = (otherwise_ms if reply.at_ms is None else reply.at_ms) // _DAY_MS
            if (row := self.row(reply.model, day)) is not None:
                return Cost(row.nanousd(reply.tokens))
        return cost(reply, self._book, self._mode, otherwise_ms)

    def row(self, model: str, day: int) -> Price | None:
        """The one row for all plain requests of that day; None if there is none, or the size of the prompt matters.

        `day` counts from 1970, in UTC.
        """
        found: Price | None = self._rows.get((model, day), _UNASKED)
        if found is _UNASKED:
            found = self._rows[model, day] = self._looked_up(model, day)
        return found

    def _looked_up(self, model: str, day: int) -> Price | None:
        known = self._book.table.get(self._book.canonical(model))
        if known is None or any(price.above_prompt for price in known.prices):
            return None
        return known.price(0, datetime.fromtimestamp(day * _DAY_MS / 1000, UTC))


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


class _Cells:
    """The table while it is being added up."""

    def __init__(self) -> None:
        self._cells: dict[tuple[str, str], list[int]] = {}

    def add(self, day: str, model: str, replies: int, used: Iterable[int], cost: Cost, surcharge: int = 0) -> None:
        cell = self._cells.setdefault((day, model), [0] * 9)
        cell[0] += replies
        for number, count in enumerate(used, 1):
            cell[number] += count
        cell[6] += (cost.tokens_nanousd or 0) + surcharge
        cell[7] += cost.searches_nanousd
        cell[8] += cost.tokens_nanousd is None

    def rows(self) -> tuple[UsageRow, ...]:
        return tuple(
            UsageRow(day, model, cell[0], Tokens(*cell[1:6]), cell[6], cell[7], cell[8])
            for (day, model), cell in sorted(self._cells.items())
        )


def table(
    found: Iterable[Row], book: PriceBook, *, zone: tzinfo, mode: CostMode, now_ms: int, surcharge: bool = False
) -> Usage:
    """Fold replies, each once, into the table; one without a time is priced as of now.

    Plain replies of a model and a day have one price, a whole number for each token: their tokens are added up first.
    """
    days, pricer, cells, errors, undated = _Days(zone), Pricer(book, mode), _Cells(), 0, 0
    plain: dict[tuple[str, str, int], list[int] | None] = {}
    odd: list[Row] = []
    alone = surcharge or mode is CostMode.DISPLAY
    for row in found:
        _, _, model, at, used, searches, speed, geo, stated, _ = row
        if model == NO_MODEL:
            errors += 1
            continue
        undated += at is None
        if alone or searches or stated is not None or speed not in _PLAIN_SPEEDS or geo == "us":
            odd.append(row)
            continue
        key = (days.of(at), model, (now_ms if at is None else at) // _DAY_MS)
        sums = plain.get(key, _UNASKED)
        if sums is _UNASKED:
            sums = plain[key] = None if pricer.row(model, key[2]) is None else [0] * 6
        if sums is None:
            odd.append(row)
            continue
        sums[0] += 1
        sums[1] += used[0]
        sums[2] += used[1]
        sums[3] += used[2]
        sums[4] += used[3]
        sums[5] += used[4]
    for (day, model, utc_day), sums in plain.items():
        price = pricer.row(model, utc_day)
        if sums is not None and price is not None:
            cells.add(day, model, sums[0], sums[1:], Cost(price.nanousd(Tokens(*sums[1:]))))
    for row in odd:
        reply = reply_of(row)
        more = surcharge_nanousd(reply, book, now_ms) if surcharge and mode is not CostMode.DISPLAY else 0
        model = f"{reply.model}-fast" if reply.speed == "fast" else reply.model
        cells.add(days.of(reply.at_ms), model, 1, row[4], pricer.cost(reply, now_ms), more)
    return Usage(cells.rows(), errors, undated)
