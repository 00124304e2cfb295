"""One line of a transcript, rule by rule: what counts, once or twice, at which price, on which day."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.domain.money import Tokens
from data.domain.prices import book
from data.domain.transcript_costs import cost, surcharge_nanousd
from data.domain.transcript_lines import NO_MODEL, CostMode, Reply, at_ms, parsed, replies

AT = "2026-11-01T10:00:00.000Z"
OPUS = "claude-opus-4-8"


def usage(**more: Any) -> dict[str, Any]:
    return {"input_tokens": 10, "output_tokens": 100, "cache_read_input_tokens": 1000} | more


def line(model: str = OPUS, used: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    message = {"id": "msg_1", "role": "assistant", "model": model, "usage": usage() if used is None else used}
    return {"type": "assistant", "message": message, "requestId": "req_1", "timestamp": AT, "uuid": "u-1"} | more


def told(*lines: dict[str, Any]) -> list[Reply]:
    return [one for number, each in enumerate(lines) for one in replies(each, f"f:{number}")]


def only(each: dict[str, Any]) -> Reply:
    (found,) = told(each)
    return found


def nanousd(reply: Reply, mode: CostMode = CostMode.AUTO) -> int | None:
    return cost(reply, book(), mode, 0).nanousd


def test_a_reply_has_its_ids_model_time_and_tokens() -> None:
    found = only(line())
    assert found.key == ("msg_1", "req_1")
    assert (found.model, found.at_ms, found.tokens) == (OPUS, 1_793_527_200_000, Tokens(10, 100, 1000))
    assert nanousd(found) == 10 * 5_000 + 100 * 25_000 + 1000 * 500


def test_the_largest_of_its_copies_counts() -> None:
    first, last = only(line(used=usage(output_tokens=1))), only(line())
    assert first.key == last.key
    assert last.larger_than(first)
    assert not first.larger_than(last)
    assert not last.larger_than(last)


def test_the_same_message_is_one_without_a_request_and_two_with_another() -> None:
    without = line()
    del without["requestId"]
    assert len({one.key for one in told(without, without)}) == 1
    assert len({one.key for one in told(line(), line(requestId="req_2"))}) == 2


def test_replies_without_an_id_count_each_but_a_copied_line_once() -> None:
    nameless = line(used=usage())
    del nameless["message"]["id"]
    other = nameless | {"uuid": "u-2"}
    bare = {name: value for name, value in nameless.items() if name != "uuid"}
    assert len({one.key for one in told(nameless, other, nameless)}) == 2
    assert len({one.key for one in told(bare, bare)}) == 2


def test_what_claude_code_wrote_itself_is_an_error_and_no_model() -> None:
    assert only(line(NO_MODEL, isApiErrorMessage=True)).is_error
    refused = only(line(isApiErrorMessage=True))
    assert not refused.is_error
    assert nanousd(refused)


@pytest.mark.parametrize(
    ("written", "tokens"),
    [
        ({"cache_creation_input_tokens": 300}, (300, 0)),
        ({"cache_creation_input_tokens": 300, "cache_creation": {"ephemeral_1h_input_tokens": 200}}, (100, 200)),
        ({"cache_creation": {"ephemeral_1h_input_tokens": 200, "ephemeral_5m_input_tokens": 100}}, (100, 200)),
        ({"cache_creation": None}, (0, 0)),
    ],
)
def test_an_hour_of_cache_has_its_own_price_even_if_only_the_split_is_given(
    written: dict[str, Any], tokens: tuple[int, int]
) -> None:
    found = only(line(used=written))
    assert (found.tokens.cache_write_5m, found.tokens.cache_write_1h) == tokens
    assert nanousd(found) == tokens[0] * 6_250 + tokens[1] * 10_000


def test_an_advisor_is_counted_by_its_own_model_and_the_rounds_of_the_reply_are_not() -> None:
    rounds = [
        {"type": "message", "input_tokens": 5, "output_tokens": 50},
        {"type": "advisor_message", "model": "claude-haiku-4-5", "input_tokens": 7, "output_tokens": 3},
        {"type": "compaction", "input_tokens": 9, "output_tokens": 4},
        "torn",
    ]
    whole, advisor, compaction = told(line(used=usage(iterations=rounds)))
    assert whole.tokens.output == 100
    assert (advisor.model, advisor.tokens) == ("claude-haiku-4-5", Tokens(7, 3))
    assert (compaction.model, compaction.tokens) == (OPUS, Tokens(9, 4))
    assert len({whole.key, advisor.key, compaction.key}) == 3
    assert nanousd(advisor) == 7 * 1_000 + 3 * 5_000


def test_progress_of_a_sub_agent_is_counted_with_the_message_inside() -> None:
    inner = line()
    wrapped = {"type": "progress", "data": {"type": "agent_progress", "message": inner}, "timestamp": AT}
    found = only(wrapped)
    assert (found.key, found.subagent) == (("msg_1", "req_1"), True)
    flat = {"type": "progress", "data": {"message": inner["message"]}, "requestId": "req_1", "timestamp": AT}
    assert only(flat).key == found.key


@pytest.mark.parametrize(
    ("mode", "stated", "expected"),
    [
        (CostMode.AUTO, 0.5, 500_000_000),
        (CostMode.AUTO, None, 3_050_000),
        (CostMode.CALCULATE, 0.5, 3_050_000),
        (CostMode.DISPLAY, 0.5, 500_000_000),
        (CostMode.DISPLAY, None, 0),
        (CostMode.AUTO, "a lot", 3_050_000),
    ],
)
def test_three_ways_to_take_a_cost(mode: CostMode, stated: object, expected: int) -> None:
    more = {} if stated is None else {"costUSD": stated}
    assert nanousd(only(line(**more)), mode) == expected


def test_web_searches_are_priced_apart() -> None:
    found = only(line(used=usage(server_tool_use={"web_search_requests": 3})))
    assert cost(found, book(), CostMode.AUTO, 0) == (3_050_000, 30_000_000)


def test_speed_and_place_change_the_price_as_the_command_line_does() -> None:
    assert nanousd(only(line(used=usage(speed="fast")))) == 2 * 3_050_000
    assert nanousd(only(line(used=usage(inference_geo="us")))) == 3_355_000
    assert nanousd(only(line(used=usage(speed="warp")))) is None


def test_a_long_prompt_has_no_surcharge() -> None:
    found = only(line("claude-sonnet-4-5", {"input_tokens": 300_000}))
    assert nanousd(found) == 900_000_000


@pytest.mark.parametrize(
    ("model", "kind", "nanousd"),
    [
        ("claude-sonnet-4-5", "input_tokens", 300_000_000),
        ("claude-sonnet-4-20250514", "output_tokens", 750_000_000),
        ("claude-sonnet-4-5", "cache_read_input_tokens", 30_000_000),
        ("claude-sonnet-4-5", "cache_creation_input_tokens", 375_000_000),
        ("claude-sonnet-4-6", "input_tokens", 0),
        ("claude-of-tomorrow", "input_tokens", 0),
    ],
)
def test_the_surcharge_of_other_lists_is_an_option(model: str, kind: str, nanousd: int) -> None:
    assert surcharge_nanousd(only(line(model, {kind: 300_000})), book(), 0) == nanousd
    assert surcharge_nanousd(only(line(model, {kind: 200_000})), book(), 0) == 0


def test_an_unknown_model_is_unpriced_and_not_free() -> None:
    assert nanousd(only(line("claude-of-tomorrow"))) is None
    nameless = line()
    del nameless["message"]["model"]
    assert (only(nameless).model, nanousd(only(nameless))) == ("unknown", None)


def test_the_running_total_is_no_reply() -> None:
    assert told({"type": "cost-state", "totalCostUSD": 1.5, "modelUsage": {OPUS: {"costUSD": 1.5}}}) == []


def test_a_reply_without_a_time_or_with_missing_figures_is_kept() -> None:
    found = only(line(timestamp=None, used={"input_tokens": 10}))
    assert (found.at_ms, found.tokens) == (None, Tokens(10))
    then = datetime(2026, 9, 1, tzinfo=UTC)
    dear = only(line("claude-sonnet-5-5", {"cache_read_input_tokens": 1000}, timestamp="soon"))
    assert cost(dear, book(), CostMode.AUTO, int(then.timestamp() * 1000)).nanousd == 200_000


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-11-01T19:00:00+09:00", 10),
        ("2026-11-01T10:00:00Z", 10),
        ("2026-11-01T10:00:00.123456Z", 10),
        ("2026-11-01T10:00:00", 10),
        ("yesterday", None),
        ("9999-99-99", None),
        ("1900-01-01T00:00:00Z", None),
        (12, None),
        ({}, None),
    ],
)
def test_times_with_any_offset(text: object, hour: int | None) -> None:
    found = at_ms(text)
    assert (None if found is None else datetime.fromtimestamp(found / 1000, UTC).hour) == hour


def test_json_with_spaces_and_half_an_emoji_is_read_and_a_torn_line_is_not() -> None:
    assert parsed(json.dumps(line(), indent=None, separators=(", ", " : ")).encode()) == line()
    assert parsed(b'{"type":"user","text":"cut \\ud83d"}')
    for torn in (b'{"type":"assist', b"", b"[1]", b"nonsense", b"\xff\xfe", b"[" * 100_000):
        assert parsed(torn) is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=8,
)
KEYS = ("message", "usage", "id", "model", "timestamp", "requestId", "costUSD", "uuid", "type", "data", "iterations")


@given(st.dictionaries(st.sampled_from(KEYS), anything), st.dictionaries(st.sampled_from(KEYS), anything), anything)
def test_whatever_stands_in_a_line_reading_it_raises_nothing(
    outer: dict[str, Any], message: dict[str, Any], iterations: object
) -> None:
    nested = outer | {"message": message | {"usage": outer | {"iterations": iterations}}}
    for one in (outer, nested, {"type": "progress", "data": {"message": nested}}):
        for reply in replies(one, "f:1"):
            assert 0 <= reply.tokens.total < 2**56
            assert len(reply.message_id) <= 120
            cost(reply, book(), CostMode.AUTO, 0)


def test_what_a_person_or_a_tool_says_tells_of_no_reply() -> None:
    """The answer of a sub-agent's call repeats what it used, which its own lines tell already."""
    assert told(line() | {"type": "user"}, {"type": "user", "toolUseResult": {"usage": usage()}}) == []
