"""Prices: the measured table row by row, dates, steps, surcharges, and what happens to names nobody knows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.domain.errors import SettingInvalid
from data.domain.money import PRICES, TokenKind, Tokens
from data.domain.prices import book, load
from data.domain.transcript_lines import NO_MODEL

NOW = datetime(2026, 11, 1, tzinfo=UTC)
MILLION = 1_000_000

# Dollars per million: input, output, 5-minute write, 1-hour write, read; then the context window.
MEASURED = {
    "claude-fable-5-2": (8, 40, 10, 16, 0.20, 1_000_000),
    "claude-fable-5-1": (10, 50, 12.5, 20, 0.25, 1_000_000),
    "claude-fable-5": (10, 50, 12.5, 20, 1.00, 1_000_000),
    "claude-mythos-5": (10, 50, 12.5, 20, 1.00, 1_000_000),
    "claude-opus-5-5": (4, 20, 5, 8, 0.20, 1_000_000),
    "claude-opus-5": (5, 25, 6.25, 10, 0.50, 1_000_000),
    "claude-opus-4-8": (5, 25, 6.25, 10, 0.50, 1_000_000),
    "claude-opus-4-7": (5, 25, 6.25, 10, 0.50, 1_000_000),
    "claude-opus-4-6": (5, 25, 6.25, 10, 0.50, 200_000),
    "claude-opus-4-5": (5, 25, 6.25, 10, 0.50, 200_000),
    "claude-opus-4-1": (15, 75, 18.75, 30, 1.50, 200_000),
    "claude-opus-4-0": (15, 75, 18.75, 30, 1.50, 200_000),
    "claude-sonnet-5-5": (2, 10, 2.5, 4, 0.10, 1_000_000),
    "claude-sonnet-5": (2, 10, 2.5, 4, 0.20, 1_000_000),
    "claude-sonnet-4-6": (3, 15, 3.75, 6, 0.30, 200_000),
    "claude-sonnet-4-5": (3, 15, 3.75, 6, 0.30, 200_000),
    "claude-sonnet-4-0": (3, 15, 3.75, 6, 0.30, 200_000),
    "claude-3-7-sonnet": (3, 15, 3.75, 6, 0.30, 200_000),
    "claude-haiku-5-5": (0.10, 0.50, 0.125, 0.20, 0.01, 1_000_000),
    "claude-haiku-4-5": (1, 5, 1.25, 2, 0.10, 200_000),
    "claude-3-5-haiku": (0.8, 4, 1, 1.6, 0.08, 200_000),
}
KINDS = ("input", "output", "cache_write_5m", "cache_write_1h", "cache_read")


def cost(model: str, tokens: Tokens, at: datetime = NOW, **more: object) -> int | None:
    return book().cost_nanousd(model, tokens, at, **more)


def test_the_table_holds_exactly_the_measured_models():
    assert set(book().models()) == set(MEASURED)


@pytest.mark.parametrize("model", MEASURED)
def test_each_model_costs_what_was_measured(model: str):
    *prices, window = MEASURED[model]
    for kind, usd_per_million in zip(KINDS, prices, strict=True):
        # A hundred tokens stay below the step of the one model that has a step.
        assert cost(model, Tokens(**{kind: 100})) == round(usd_per_million * 1000) * 100, kind
    assert book().context_window(model) == window


def test_the_five_kinds_are_priced_apart():
    assert [cost("claude-opus-5-5", Tokens(**{kind: 1})) for kind in TokenKind] == [4_000, 20_000, 200, 5_000, 8_000]


def test_a_sum_is_exact_to_the_nanodollar():
    assert cost("claude-opus-5-5", Tokens(input=3, output=5, cache_read=7, cache_write_5m=11, cache_write_1h=13)) == (
        3 * 4_000 + 5 * 20_000 + 7 * 200 + 11 * 5_000 + 13 * 8_000
    )


def test_a_price_changes_on_its_day():
    change = datetime(2026, 10, 7, tzinfo=UTC)
    read = Tokens(cache_read=MILLION)
    assert cost("claude-sonnet-5-5", read, change - timedelta(microseconds=1)) == 200_000_000
    assert cost("claude-sonnet-5-5", read, change) == 100_000_000


@pytest.mark.parametrize(
    "prompt",
    [Tokens(input=100_000), Tokens(cache_read=100_000), Tokens(input=1, cache_read=49_999, cache_write_5m=50_000)],
    ids=["input", "read", "mixed"],
)
def test_one_token_over_the_step_prices_the_whole_request(prompt: Tokens):
    below = cost("haiku", prompt)
    above = cost("haiku", prompt + Tokens(input=1))
    assert below is not None
    assert above == 5 * below + 500


def test_the_reply_does_not_count_towards_the_step():
    assert cost("haiku", Tokens(input=100_000, output=100_000)) == 100_000 * (100 + 500)


@pytest.mark.parametrize(
    ("alias", "model"),
    [
        ("fable", "claude-fable-5-2"),
        ("opus", "claude-opus-5-5"),
        ("default", "claude-opus-5-5"),
        ("sonnet", "claude-sonnet-5-5"),
        ("haiku", "claude-haiku-5-5"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("claude-opus-4-1-20250805", "claude-opus-4-1"),
        ("claude-sonnet-4-20250514", "claude-sonnet-4-0"),
        ("claude-3-5-haiku-20241022", "claude-3-5-haiku"),
        ("claude-3-7-sonnet-latest", "claude-3-7-sonnet"),
        ("opus[1m]", "claude-opus-5-5"),
    ],
)
def test_other_names_lead_to_the_model(alias: str, model: str):
    assert book().canonical(alias) == model
    assert cost(alias, Tokens(input=7, output=9)) == cost(model, Tokens(input=7, output=9))


def test_the_long_context_suffix_widens_the_window():
    assert book().context_window("claude-sonnet-4-5") == 200_000
    assert book().context_window("claude-sonnet-4-5[1m]") == 1_000_000


@pytest.mark.parametrize(
    ("model", "factor"),
    [("claude-opus-5-5", 2), ("claude-fable-5-2", 2), ("claude-opus-4-6", 6), ("claude-sonnet-5", 1)],
)
def test_fast_mode_multiplies(model: str, factor: int):
    tokens = Tokens(1, 2, 3, 4, 5)
    standard = cost(model, tokens)
    assert standard is not None
    assert cost(model, tokens, speed="fast") == factor * standard


def test_a_us_only_request_costs_a_tenth_more_rounded_once():
    assert cost("opus", Tokens(input=1), geo="us") == 4_400
    # One 5-minute write is 125 nano-dollars, so 137.5 with the surcharge.
    assert cost("haiku", Tokens(cache_write_5m=1), geo="us") == 138
    assert cost("haiku", Tokens(cache_write_5m=2), geo="us") == 275
    assert cost("opus", Tokens(input=1), geo="global") == 4_000


def test_a_web_search_costs_a_cent_whatever_the_surcharges():
    assert cost("opus", Tokens(), web_searches=3) == 30_000_000
    assert cost("opus", Tokens(), web_searches=1, speed="fast", geo="us") == 10_000_000


@pytest.mark.parametrize("model", ["no-such-model", "claude-opus-9", "", NO_MODEL])
def test_an_unknown_model_has_no_price_rather_than_costing_nothing(model: str):
    assert cost(model, Tokens(input=10)) is None
    assert cost(model, Tokens()) is None
    assert not book().knows(model, NOW)
    assert book().context_window(model) is None


def test_a_speed_nobody_measured_has_no_price():
    assert cost("opus", Tokens(input=1), speed="ludicrous") is None


def test_before_its_first_row_a_model_has_no_price():
    assert not book().knows("opus", datetime(2020, 1, 1, tzinfo=UTC))


def test_models_outside_the_table_come_from_the_price_list_package():
    tokens = Tokens(input=1, output=10, cache_read=100, cache_write_5m=1_000, cache_write_1h=10_000)
    expected = 15_000 + 10 * 75_000 + 100 * 1_500 + 1_000 * 18_750 + 10_000 * 30_000
    assert cost("claude-3-opus-20240229", tokens) == expected
    assert book().knows("claude-3-opus-20240229", NOW)
    assert book().context_window("claude-3-opus-20240229") == 200_000
    assert cost("claude-3-opus-20240229", tokens, speed="fast") is None


# The package counts sonnet-4-5 dearer above 200,000 tokens; Claude Code, whose bill we follow, does not.
@pytest.mark.parametrize("model", sorted(set(MEASURED) - {"claude-mythos-5"}))
def test_the_table_agrees_with_the_price_list_package(model: str):
    from genai_prices import Usage, calc_price

    for kind in KINDS:
        tokens = Tokens(**{kind: 1_000})
        usage = Usage(
            input_tokens=tokens.prompt,
            output_tokens=tokens.output,
            cache_read_tokens=tokens.cache_read,
            cache_write_tokens=tokens.cache_write_5m + tokens.cache_write_1h,
            cache_write_1h_tokens=tokens.cache_write_1h,
        )
        assert calc_price(usage, model, genai_request_timestamp=NOW).total_price * 10**9 == cost(model, tokens), kind


small = st.builds(Tokens, *[st.integers(0, 10_000)] * 5)
large = st.builds(Tokens, *[st.integers(0, 2 * MILLION)] * 5)
models = st.sampled_from(sorted(MEASURED))
times = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


@settings(deadline=None)
@given(models, small, small, times)
def test_cost_adds_up_below_a_step(model: str, a: Tokens, b: Tokens, at: datetime):
    assert cost(model, a + b, at) == (cost(model, a, at) or 0) + (cost(model, b, at) or 0)


@settings(deadline=None)
@given(models, large, times, st.sampled_from(["standard", "fast"]), st.sampled_from(["", "us"]))
def test_cost_is_never_negative_and_only_nothing_costs_nothing(model, tokens, at, speed, geo):
    amount = cost(model, tokens, at, speed=speed, geo=geo)
    assert amount is not None
    assert (amount > 0) == (tokens.total > 0)


@settings(deadline=None)
@given(models, large, st.sampled_from(list(TokenKind)), st.integers(1, MILLION), st.sampled_from(["", "us"]))
def test_more_tokens_never_cost_less(model: str, tokens: Tokens, kind: TokenKind, more: int, geo: str):
    dearer = replace(tokens, **{kind: getattr(tokens, kind) + more})
    assert cost(model, dearer, geo=geo) > cost(model, tokens, geo=geo)


TORN = {
    "0.1255 dollars for 1000000 is not a whole": ("0.125,", "0.1255,"),
    "must be a number of dollars": ("input = 8,", 'input = "8",'),
    "Infinity": ("input = 8,", "input = inf,"),
    "-8 dollars": ("input = 8,", "input = -8,"),
    "claude-fable-5-2.prices.0.input: Field required": ("input = 8,", ""),
    "claude-fable-5-2.fst: Extra": ("fast = 2", "fst = 2"),
    "two prices hold from the same date": ("above_prompt = 100_000, ", ""),
    "no price for small prompts from 2024-01-01": (
        "2024-01-01, input = 8,",
        "2024-01-01, above_prompt = 9, input = 8,",
    ),
    "the alias opus names a model": ('opus = "claude-opus-5-5"', 'opus = "claude-opus-9"'),
    "not TOML": ("[models.claude-fable-5-2]", "[models"),
}


@pytest.mark.parametrize("sentence", TORN)
def test_a_torn_table_is_refused_with_one_sentence(sentence: str):
    text = PRICES.read_text(encoding="utf-8")
    good, bad = TORN[sentence]
    assert good in text
    with pytest.raises(SettingInvalid, match="The price table is") as refusal:
        load(text.replace(good, bad))
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)
