"""Intervals from past tasks: they hold what they say, learn from nothing that came later, and say what they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from statistics import quantiles

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.domain.experience import (
    JUDGED,
    LEAST,
    RECENT,
    SHARE,
    UNTRIED,
    Experience,
    Held,
    Past,
    Record,
    Span,
    Wish,
    alike_words,
    apart_words,
    record_words,
    span,
)

WISH = Wish("bug_fix", "simple", False, "claude", "claude-opus-5-5", "/src/calc")
HOUR = 3_600_000
values = st.lists(st.integers(0, 10**12), min_size=LEAST, max_size=250)


def past(number: int, cost: int, wish: Wish = WISH, duration_ms: int = 60_000) -> Past:
    """Submitted at the hour of its number, ended half an hour later."""
    return Past(wish, number * HOUR, number * HOUR + HOUR // 2, cost, duration_ms, (("builder", cost),))


def stationary(seed: int, tasks: int) -> list[Past]:
    """A fleet whose costs, heavy-tailed, and durations never change in kind; two folders, two models."""
    rng = Random(seed)
    out = []
    for number in range(tasks):
        model = rng.choice(["claude-opus-5-5", None])
        wish = replace(WISH, folder=rng.choice(["/a", "/b"]), model=model)
        scale = 3 if model is None else 1
        cost = round(scale * rng.lognormvariate(18, 1.0))
        out.append(past(number, cost, wish, round(rng.lognormvariate(11, 0.8))))
    return out


@given(values)
def test_the_interval_holds_the_empirical_quantiles(found: list[int]) -> None:
    interval = span(found)
    assert interval is not None
    tenths = quantiles(found, n=10, method="inclusive")
    assert interval.low <= tenths[0]
    assert tenths[-1] <= interval.high
    assert {interval.low, interval.high} <= set(found)


@settings(deadline=None)
@given(values)
def test_the_next_of_exchangeable_values_falls_inside_often_enough(found: list[int]) -> None:
    """Each value in turn is the next one: the mean over all of them is the guarantee itself, with no chance in it."""
    inside = sum(s.holds(one) for place, one in enumerate(found) if (s := span(found[:place] + found[place + 1 :])))
    if len(found) > LEAST:
        assert inside >= len(found) * SHARE / 100


@given(values, st.lists(st.integers(0, 10**9), min_size=250, max_size=250))
def test_dearer_tasks_never_give_a_cheaper_interval(found: list[int], more: list[int]) -> None:
    before, after = span(found), span([a + b for a, b in zip(found, more, strict=False)])
    assert before is not None
    assert after is not None
    assert before.low <= after.low
    assert before.high <= after.high


@pytest.mark.parametrize("number", range(LEAST))
def test_too_few_give_none(number: int) -> None:
    assert span(range(number)) is None
    experience = Experience(past(n, n + 1) for n in range(number))
    assert experience.expect(WISH) is None
    assert experience.like(WISH) == number


def test_nine_give_the_least_and_the_most_of_them() -> None:
    assert span(range(1, 10)) == Span(1, 9)
    assert span(range(1, 101)) == Span(10, 91)


def alike(experience: Experience, wish: Wish = WISH) -> tuple[str, str, int]:
    found = experience.expect(wish)
    assert found is not None
    return alike_words(found, wish), apart_words(found), found.tasks


def test_the_narrowest_group_with_enough_tasks_is_taken_and_named() -> None:
    here = [past(n, 100 + n) for n in range(8)]
    elsewhere = [past(n, 10_000 + n, replace(WISH, folder="/other")) for n in range(4)]
    assert alike(Experience([*here, past(9, 9)])) == (
        "same type, complexity, ANALYST, runtime, model and folder",
        "",
        9,
    )
    assert alike(Experience(here + elsewhere)) == (
        "same type, complexity, ANALYST, runtime and model",
        "whatever the folder",
        12,
    )
    types = [past(n, 5, replace(WISH, task_type="testing", folder=f"/{n}")) for n in range(20)]
    assert alike(Experience(here + types))[1:] == ("whatever the type and folder", 28)
    models = [past(n, 5, replace(WISH, model=None, folder=f"/{n}")) for n in range(20)]
    assert alike(Experience(models))[1:] == ("whatever the type, model and folder", 20)
    planned = replace(WISH, ai_planner=True)
    assert "planner agent" in alike(Experience(past(n, n, planned) for n in range(9)), planned)[0]


@pytest.mark.parametrize("other", [{"complexity": "complex"}, {"analyst": True}, {"ai_planner": True}])
def test_what_decides_how_many_agents_there_are_is_never_given_up(other: dict[str, object]) -> None:
    assert Experience(past(n, n, replace(WISH, **other)) for n in range(50)).expect(WISH) is None


def test_only_the_newest_of_a_group_count() -> None:
    experience = Experience([past(n, 10**9) for n in range(500)] + [past(500 + n, 7) for n in range(RECENT)])
    found = experience.expect(WISH)
    assert found is not None
    assert (found.cost, found.tasks) == (Span(7, 7), RECENT)


def test_nothing_that_ended_later_is_known() -> None:
    experience = Experience(past(n, n + 1) for n in range(20))
    assert experience.expect(WISH, LEAST * HOUR - HOUR // 2) is None, "the ninth ends at that very moment"
    found = experience.expect(WISH, LEAST * HOUR - HOUR // 2 + 1)
    assert found is not None
    assert (found.cost, found.tasks) == (Span(1, 9), LEAST)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32), st.integers(10, 60), st.integers(0, 10**12))
def test_the_record_of_a_past_is_not_changed_by_what_comes_later(seed: int, tasks: int, cost: int) -> None:
    """However the future turns out, every interval made before it stays what it was."""
    before = stationary(seed, tasks)
    as_it_was = [Experience(before).expect(one.wish, one.created_ms) for one in before]
    later = [past(tasks + n, cost, before[n].wish) for n in range(10)]
    assert [Experience(before + later).expect(one.wish, one.created_ms) for one in before] == as_it_was


def test_the_record_is_that_of_predictions_made_one_by_one() -> None:
    """Played forward as a fleet lives it: predict, then learn what came."""
    history = stationary(5, 160)
    held = made = 0
    judged = sorted(history, key=lambda one: one.created_ms)[-JUDGED:]
    for one in judged:
        known = Experience(other for other in history if other.ended_ms < one.created_ms)
        if expected := known.expect(one.wish):
            made += 1
            held += expected.cost.holds(one.cost_nanousd)
    record = Experience(history).record
    assert (record.made, record.cost.held) == (made, held)
    assert record.cost.held + record.cost.below + record.cost.above == record.made == JUDGED


def held_of(seeds: Sequence[int]) -> tuple[int, int, int]:
    records = [Experience(stationary(seed, 300)).record for seed in seeds]
    return sum(r.cost.held for r in records), sum(r.time.held for r in records), sum(r.made for r in records)


def test_in_a_fleet_that_does_not_change_the_intervals_hold_what_they_say() -> None:
    """4,000 intervals: at least 80 %, and not more than the whole steps between few values can add (about 4 points)."""
    cost, time, made = held_of(range(40))
    assert made == 40 * JUDGED
    for held in (cost, time):
        assert 0.78 < held / made < 0.86


def test_a_fleet_that_becomes_dearer_is_told_so() -> None:
    grown = [past(n, round(10**6 * 1.2**n)) for n in range(120)]
    said = record_words(Experience(grown).record)
    assert "too narrow" in said
    assert "tasks were dearer" in said


def test_words_of_records() -> None:
    assert record_words(UNTRIED.record).startswith("No such 80 % range can be checked yet")
    told = record_words(Record(100, Held(83, 8, 9), Held(79, 10, 11)))
    assert told == (
        "Of the last 100 tasks of which one could be drawn, 83 fell inside the 80 % range of cost "
        "and 79 inside that of time, as of their submission."
    )
    assert "wider than they need be" in record_words(Record(100, Held(100), Held(80, 10, 10)))
    assert "too narrow: 40 tasks were slower" in record_words(Record(100, Held(80, 10, 10), Held(60, 0, 40)))


def test_steps_of_a_role_by_the_narrowest_group() -> None:
    experience = Experience(
        [past(n, 100 + n) for n in range(9)] + [past(n, 5, replace(WISH, model=None)) for n in range(9)]
    )
    assert experience.step("builder", WISH) == (Span(100, 108), 9)
    assert experience.step("builder", replace(WISH, task_type="testing", runtime="demo")) == (Span(5, 108), 18)
    assert experience.step("tester", WISH) is None
