"""Cost against success by workflow: what is dominated, what is recommended, and when nothing is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from random import Random
from statistics import fmean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.domain.frontier import LEAST, Cost, Kind, Trial, kinds, mean_cost
from data.domain.frontier_words import recommended, standing

CENT = 10_000_000
SHORT, LONG = "builder > tester", "analyst > planner > builder > tester > reviewer"


def trials(way: str, number: int, cents: int, good: int, *, kind: str = "bug_fix", spread: int = 3) -> list[Trial]:
    """So many tasks of a way around a cost, of which so many of hundred succeed."""
    off = [spread, -spread]
    return [
        Trial(kind, "simple", way, (cents + off[n % 2]) * CENT, n * 100 < good * number, True) for n in range(number)
    ]


def one(found: Iterable[Trial]) -> Kind:
    (kind,) = kinds(found)
    return kind


def test_a_way_that_costs_more_and_succeeds_less_is_clearly_dominated() -> None:
    kind = one(trials(SHORT, 60, 10, 95) + trials(LONG, 40, 90, 70))
    assert kind.best is not None
    assert (kind.best.name, kind.sure, kind.tasks) == (SHORT, True, 100)
    short, long = kind.ways
    assert (short.dominated_by, long.dominated_by, long.clearly) == (None, SHORT, True)
    assert standing(long, kind) == "clearly dominated by builder → tester"
    said = recommended(kind)
    assert said.startswith("For the type simple bug fix take builder → tester at $0.10 a task (")
    assert "95 % of 60 succeed" in said
    assert not re.search(r"\([^)]*\(", said), "no parenthesis within another"
    assert "clearly better than analyst → planner" in said


def test_what_costs_more_and_succeeds_more_is_a_choice() -> None:
    kind = one(trials(SHORT, 60, 10, 60) + trials(LONG, 60, 90, 98))
    assert [way.dominated_by for way in kind.ways] == [None, None]
    assert kind.best is not None
    assert (kind.best.name, kind.sure) == (SHORT, False)
    assert "it is a choice between cost and success against analyst" in recommended(kind)
    assert {standing(way, kind) for way in kind.ways} == {"recommended", "not dominated"}


def test_a_small_lead_is_called_one_that_chance_may_have_made() -> None:
    kind = one(trials(SHORT, 26, 50, 84, spread=40) + trials(LONG, 26, 55, 80, spread=40))
    assert kind.best is not None
    assert not kind.sure
    assert any(way.dominated_by and not way.clearly for way in kind.ways)
    assert "not clearly: chance may have made the difference" in recommended(kind)


@pytest.mark.parametrize("number", [1, LEAST - 1])
def test_below_the_minimum_nothing_is_recommended_nor_called_dominated(number: int) -> None:
    few = one(trials(SHORT, number, 10, 95) + trials(LONG, number, 90, 10))
    assert few.best is None
    assert all(way.dominated_by is None for way in few.ways)
    assert f"no workflow has {LEAST} priced tasks that ended" in recommended(few)
    half = one(trials(SHORT, 40, 10, 95) + trials(LONG, number, 90, 10))
    assert half.best is None
    assert "only one workflow has 20 tasks that ended, builder → tester at" in recommended(half)
    assert standing(half.ways[1], half) == f"too few tasks ({number} of 20)"


def test_without_a_success_nothing_is_recommended() -> None:
    kind = one(trials(SHORT, 30, 10, 0) + trials(LONG, 30, 90, 0))
    assert kind.best is None
    assert [way.each_success for way in kind.ways] == [None, None]
    assert "no workflow that can be compared has had a success" in recommended(kind)


def test_kinds_are_never_compared_with_each_other() -> None:
    found = kinds(trials(SHORT, 30, 10, 95) + trials(LONG, 50, 90, 50, kind="testing"))
    assert [(kind.task_type, kind.best) for kind in found] == [("testing", None), ("bug_fix", None)]


def test_unpriced_tasks_tell_of_success_alone() -> None:
    unpriced = [Trial("bug_fix", "simple", SHORT, None, True, False)] * 30
    (way,) = one(unpriced).ways
    assert (way.tasks, way.priced, way.cost, way.enough, way.succeeded) == (30, 0, None, False, 30)
    assert "cost not known" in recommended(one(unpriced + trials(SHORT, 0, 1, 1))) or way.each_success is None


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 10**11), min_size=1, max_size=60), st.randoms())
def test_the_interval_of_a_mean_holds_it_and_does_not_depend_on_the_order(costs: list[int], chance: Random) -> None:
    found = mean_cost(costs)
    assert 0 <= found.low <= found.mean <= found.high
    assert found.mean == round(sum(costs) / len(costs))
    shuffled = list(costs)
    chance.shuffle(shuffled)
    assert mean_cost(shuffled) == found


def test_of_few_tasks_it_is_the_least_and_the_most() -> None:
    assert mean_cost([5]) == Cost(5, 5, 5)
    assert mean_cost([1, 2, 9]) == Cost(4, 1, 9)
    assert mean_cost([7] * LEAST) == Cost(7, 7, 7)


def test_the_interval_of_a_heavy_tailed_mean_holds_the_truth_about_as_often_as_it_says() -> None:
    """200 samples of 60 log-normal costs: 95 % are meant; fewer than 88 % would be too few even for such tails."""
    rng, truth, held = Random(11), 1_000_000 * 1.6487212707, 0
    for _ in range(200):
        found = mean_cost([round(1_000_000 * rng.lognormvariate(0, 1)) for _ in range(60)])
        held += found.low <= truth <= found.high
    assert 0.88 <= held / 200 <= 0.99


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 500), st.integers(0, 100)), min_size=2, max_size=5))
def test_what_is_recommended_is_never_dominated(ways: list[tuple[int, int]]) -> None:
    found = [t for n, (cents, good) in enumerate(ways) for t in trials(f"builder > {n}", 20, cents, good, spread=0)]
    kind = one(found)
    if kind.best is not None:
        assert kind.best.dominated_by is None
        for way in kind.ways:
            assert way.cost is not None
            better = way.cost.mean <= kind.best.cost.mean and way.success.value >= kind.best.success.value  # type: ignore[union-attr]
            assert not better or (way.cost, way.succeeded) == (kind.best.cost, kind.best.succeeded)
    assert fmean(way.tasks for way in kind.ways) == 20
