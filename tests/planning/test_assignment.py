"""Who decides about the ANALYST: the rule, a person, or a lot that anybody can draw again."""

from __future__ import annotations

import uuid
from random import Random

import pytest

from data.domain.assignment import AssignedBy, draw
from data.domain.fleet import Lottery
from data.domain.tasks import AnalystChoice, Draft
from orchestrator_adapter import planning

BORDERLINE, CLEAR = "Refactor the parser", "Refactor the whole system"
HALF = Lottery(share=100, chance=50)


def ids(number: int) -> list[str]:
    rng = Random(4)
    return [uuid.UUID(int=rng.getrandbits(128), version=4).hex for _ in range(number)]


def test_the_same_task_draws_the_same_lot() -> None:
    assert [draw(task_id, HALF) for task_id in ids(50)] == [draw(task_id, HALF) for task_id in ids(50)]


@pytest.mark.parametrize("lottery", [Lottery(20, 50), Lottery(60, 30), Lottery(100, 90)])
def test_lots_fall_as_often_as_the_setting_says(lottery: Lottery) -> None:
    drawn = [found for task_id in ids(4_000) if (found := draw(task_id, lottery))]
    assert len(drawn) / 4_000 == pytest.approx(lottery.share / 100, abs=0.03)
    assert sum(one.included for one in drawn) / len(drawn) == pytest.approx(lottery.chance / 100, abs=0.04)
    assert {one.probability for one in drawn} == {lottery.chance / 100}


def test_nobody_draws_lots_unless_somebody_wants_it() -> None:
    previewed = planning.preview(Draft(BORDERLINE), lottery=Lottery())
    assert previewed.lottery is None
    assert planning.lot_words(previewed) == ""
    assert planning.settled(previewed, "t1").assignment.by is AssignedBy.RULE


def test_a_lot_may_put_the_analyst_in_or_out_and_says_so() -> None:
    previewed = planning.preview(Draft(BORDERLINE), lottery=HALF)
    plans = [planning.settled(previewed, task_id) for task_id in ids(40)]
    assert {plan.analyst_included for plan in plans} == {True, False}
    for plan in plans:
        assert (plan.assignment.by, plan.assignment.probability) == (AssignedBy.LOTTERY, 0.5)
        assert planning.has_analyst(plan.workflow) is plan.analyst_included
        assert "a lot put the ANALYST " + ("in" if plan.analyst_included else "out") in plan.analyst_reason


def test_a_lot_puts_an_analyst_into_a_simple_task_too() -> None:
    previewed = planning.preview(Draft("Add encryption to the page"), lottery=Lottery(100, 90))
    assert not previewed.plan.analyst_included
    assert any(planning.settled(previewed, task_id).analyst_included for task_id in ids(20))


def test_before_it_is_drawn_the_lot_is_told_in_plain_words() -> None:
    said = planning.lot_words(planning.preview(Draft(BORDERLINE), lottery=Lottery(20, 50)))
    assert "the word 'refactor' alone makes it complex" in said
    assert "20 % are decided by lot" in said


@pytest.mark.parametrize(
    ("draft", "by"),
    [
        (Draft(BORDERLINE, analyst=AnalystChoice.FORCE), AssignedBy.PERSON),
        (Draft(BORDERLINE, analyst=AnalystChoice.SKIP), AssignedBy.PERSON),
        (Draft(BORDERLINE, ai_planner=True), AssignedBy.RULE),
        (Draft(CLEAR), AssignedBy.RULE),
    ],
)
def test_a_person_a_planner_and_a_clear_case_go_before_any_lot(draft: Draft, by: AssignedBy) -> None:
    previewed = planning.preview(draft, lottery=HALF)
    for task_id in ids(20):
        plan = planning.settled(previewed, task_id)
        assert (plan, plan.assignment.by) == (previewed.plan, by)


def test_the_rule_is_certain_and_a_person_is_nobody_to_guess() -> None:
    assert planning.preview(Draft(CLEAR)).plan.assignment.probability == 1.0
    assert planning.preview(Draft("Fix the typo")).plan.assignment.probability == 0.0
    assert planning.preview(Draft(CLEAR, analyst=AnalystChoice.SKIP)).plan.assignment.probability is None
