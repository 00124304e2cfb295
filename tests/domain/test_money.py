"""Tokens add up kind by kind; money is shown in three bands and never rounded away to nothing."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest
import vl_convert
from hypothesis import given, settings
from hypothesis import strategies as st

from data.domain.money import AXIS, NANO, TokenKind, Tokens, dollars, from_usd, to_usd

CENT = NANO // 100
amounts = st.integers(1, 10**18)
tokens = st.builds(Tokens, *[st.integers(0, 10**9)] * 5)


@pytest.mark.parametrize(
    ("nanousd", "shown"),
    [
        (0, "$0.00"),
        (1, "<$0.0001"),
        (49_999, "<$0.0001"),
        (50_001, "$0.0001"),
        (1_200_000, "$0.0012"),
        (9_940_000, "$0.0099"),
        (CENT, "$0.01"),
        (230_000_000, "$0.23"),
        (NANO, "$1.00"),
        (12_340_000_000, "$12.34"),
        (1_234_500_000_000, "$1,234.50"),
        (-1_200_000, "-$0.0012"),
        (-1, "-<$0.0001"),
        (-2 * NANO, "-$2.00"),
    ],
)
def test_money_is_shown_in_three_bands(nanousd: int, shown: str):
    assert dollars(nanousd) == shown


@settings(deadline=None)
@given(amounts)
def test_an_amount_is_never_shown_as_nothing(nanousd: int):
    assert re.search(r"[1-9]", dollars(nanousd))


@settings(deadline=None)
@given(amounts)
def test_decimals_follow_the_band(nanousd: int):
    decimals = len(dollars(nanousd).partition(".")[2])
    assert decimals == (4 if nanousd < CENT else 2)


@settings(deadline=None)
@given(st.integers(100_000, 10**15))
def test_what_is_shown_is_within_half_of_its_last_digit(nanousd: int):
    shown = Decimal(dollars(nanousd).lstrip("$").replace(",", ""))
    last_digit = Decimal("0.0001") if nanousd < CENT else Decimal("0.01")
    assert abs(shown - Decimal(nanousd) / NANO) <= last_digit / 2


@settings(deadline=None)
@given(amounts)
def test_a_debt_is_the_amount_with_a_minus(nanousd: int):
    assert dollars(-nanousd) == "-" + dollars(nanousd)


@settings(deadline=None)
@given(st.integers(0, 10**15))
def test_the_api_gives_at_most_six_decimals_and_loses_less_than_a_microdollar(nanousd: int):
    usd = to_usd(nanousd)
    assert usd == round(usd, 6)
    assert abs(from_usd(usd) - nanousd) <= 500


@settings(deadline=None)
@given(tokens, tokens)
def test_tokens_add_and_subtract_kind_by_kind(a: Tokens, b: Tokens):
    assert (a + b) - b == a
    assert (a + b).total == a.total + b.total
    assert (a + b).as_dict() == {kind: a.as_dict()[kind] + b.as_dict()[kind] for kind in TokenKind}


@settings(deadline=None)
@given(tokens)
def test_the_prompt_is_everything_but_the_reply(some: Tokens):
    assert some.prompt + some.output == some.total == sum(some.as_dict().values())


def test_an_axis_of_cents_is_not_read_as_millions():
    """Drawn by Vega itself, which pages and the report draw with."""
    axis = {"format": AXIS, "values": [0.05, 1_500]}
    x = {"field": "usd", "type": "quantitative", "axis": axis, "scale": {"type": "log"}}
    chart = {"data": {"values": [{"usd": 0.05}, {"usd": 1_500}]}, "mark": "point", "encoding": {"x": x}}
    drawn = vl_convert.vegalite_to_svg(chart)
    assert "$0.05<" in drawn
    assert "$1,500<" in drawn


def test_no_chart_writes_dollars_with_the_prefixes_of_units():
    root = Path(__file__).parents[2]
    files = [*root.glob("pages/**/*.py"), *root.glob("orchestrator_adapter/**/*.py")]
    assert [path.name for path in files if "$~s" in path.read_text(encoding="utf-8")] == []
