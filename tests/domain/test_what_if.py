"""What work would have cost otherwise: exact ends, and what is not known is said."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from data.domain.experience import Span
from data.domain.money import Tokens
from data.domain.prices import book
from data.domain.what_if import Reply, no_analyst, no_cache, other_date, other_model, paid, read_once, without_cache

AT = datetime(2026, 11, 20, tzinfo=UTC)
OPUS, HAIKU = "claude-opus-5-5", "claude-haiku-5-5"
BOOK = book()
TOKENS = Tokens(input=10, output=200, cache_read=40_000, cache_write_5m=1_000, cache_write_1h=500)
counts = st.integers(0, 200_000)
tokens = st.builds(Tokens, counts, counts, counts, counts, counts)


def reply(of: Tokens = TOKENS, model: str = OPUS, searches: int = 0, cost: int | None = -1) -> Reply:
    listed = BOOK.cost_nanousd(model, of, AT, web_searches=searches)
    return Reply(model, AT, of, searches, listed if cost == -1 else cost)


replies = st.lists(st.builds(reply, tokens, st.sampled_from([OPUS, HAIKU]), st.integers(0, 3)), min_size=1, max_size=8)


def test_another_model_by_hand() -> None:
    """Opus at 4, 20, 0.20, 5 and 8 dollars for a million tokens, by the list."""
    found = other_model(BOOK, [reply(model=HAIKU)], "opus")
    low = 10 * 4_000 + 200 * 20_000 + 40_000 * 200 + 1_000 * 5_000 + 500 * 8_000
    high = (10 + 40_000 + 1_000 + 500) * 4_000 + 200 * 20_000
    assert (found.title, found.cost) == (f"With {OPUS}", Span(low, high))
    assert "token for token" in found.assumption


@given(replies)
def test_the_same_model_and_day_hold_what_was_paid(found: list[Reply]) -> None:
    same = [one for one in found if one.model == OPUS]
    if same:
        cost = other_model(BOOK, same, OPUS).cost
        assert cost is not None
        assert cost.holds(paid(same))
    day = other_date(BOOK, found, AT)
    assert day.cost == Span(paid(found), paid(found))
    assert day.exact
    assert "Nothing in it is uncertain" in day.assumption


@given(replies)
def test_without_a_cache_the_ends_are_exact_and_in_order(found: list[Reply]) -> None:
    cost = no_cache(BOOK, found).cost
    assert cost is not None
    ends = [
        sum(BOOK.cost_nanousd(r.model, way(r.tokens), r.at, web_searches=r.web_searches) or 0 for r in found)
        for way in (read_once, without_cache)
    ]
    assert cost == Span(*ends)


@given(replies, replies)
def test_more_work_never_costs_less(some: list[Reply], more: list[Reply]) -> None:
    for ask in (no_cache, lambda b, r: other_model(b, r, HAIKU), lambda b, r: other_date(b, r, AT)):
        few, many = ask(BOOK, some).cost, ask(BOOK, some + more).cost
        assert few is not None
        assert many is not None
        assert few.low <= many.low
        assert few.high <= many.high


def test_a_surcharge_may_or_may_not_have_been_paid_elsewhere() -> None:
    dear = reply(cost=2 * (BOOK.cost_nanousd(OPUS, TOKENS, AT) or 0))
    found = other_date(BOOK, [dear], AT).cost
    assert found == Span((dear.cost_nanousd or 0) // 2, dear.cost_nanousd or 0)


def test_what_has_no_price_is_in_no_sum_and_what_cannot_be_priced_is_not_known() -> None:
    unpriced = reply(cost=None)
    assert other_model(BOOK, [unpriced], HAIKU).cost is None
    assert other_model(BOOK, [reply(), unpriced], HAIKU).cost == other_model(BOOK, [reply()], HAIKU).cost
    assert other_model(BOOK, [reply()], "nobody-knows-it").cost is None
    told_by_transcript = Reply("nobody-knows-it", AT, TOKENS, 0, 5_000)
    assert no_cache(BOOK, [told_by_transcript]).cost is None
    assert other_date(BOOK, [reply()], datetime(1999, 1, 1, tzinfo=UTC)).cost is None


def test_without_its_analyst_as_like_tasks_or_not_known() -> None:
    found = no_analyst(1_000, 200, (0.8, 1.25), "")
    assert found.cost == Span(800, 1_250)
    assert "95 % interval" in found.assumption
    unknown = no_analyst(1_000, 200, None, "No verdict yet.")
    assert unknown.cost is None
    assert unknown.assumption.endswith("nobody can say yet: No verdict yet.")
    assert no_analyst(1_000, 0, (0.8, 1.25), "").cost is None
