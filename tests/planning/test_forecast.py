"""The preview of a draft: everything at once, and an interval with its basis."""

import pytest

from data.domain.agents import Role
from data.domain.money import NANO
from data.domain.tasks import AnalystChoice, Complexity, Draft, TaskType
from data.domain.workflows import Step
from orchestrator_adapter.planning import PastCost, preview, typical

CENT = NANO // 100
TYPO = Draft("Fix typo in error message")


def past(cost_cents: int, task_type: TaskType = TaskType.BUG_FIX, analyst: bool = False) -> PastCost:
    return PastCost(task_type, Complexity.SIMPLE, analyst, cost_cents * CENT, cost_cents * 10.0)


def test_a_draft_becomes_type_complexity_and_workflow() -> None:
    seen = preview(TYPO)
    assert (seen.task_type, seen.guessed, seen.complexity) == (TaskType.BUG_FIX, True, Complexity.SIMPLE)
    assert [step.role for step in seen.plan.workflow] == [Role.BUILDER, Role.TESTER]
    assert seen.plan.analyst_reason == "Simple task: skipping ANALYST"
    assert seen.reasons == ("5 words of description, none of which announces more than a small change",)


def test_a_person_overrides_the_type() -> None:
    seen = preview(Draft(TYPO.description, task_type=TaskType.DOCUMENTATION))
    assert (seen.task_type, seen.guessed) == (TaskType.DOCUMENTATION, False)
    assert seen.plan.workflow[0].role is Role.DOCUMENTER


def test_without_history_the_typical_cost_of_the_roles() -> None:
    simple = preview(TYPO)
    assert (simple.cost_nanousd_low, simple.cost_nanousd_high) == (5 * CENT, 15 * CENT)
    assert simple.basis == "no similar task yet: from typical cost of each role"
    five = preview(Draft("Refactor the payment system"))
    assert (five.cost_nanousd_low, five.cost_nanousd_high) == (75 * CENT, 200 * CENT)
    assert 5 * 60 < five.duration_s_low < five.duration_s_high < 30 * 60


def test_a_forced_analyst_costs_more_and_a_skipped_one_less() -> None:
    forced = preview(Draft(TYPO.description, analyst=AnalystChoice.FORCE))
    assert forced.cost_nanousd_low > preview(TYPO).cost_nanousd_low
    hard = "Refactor the payment system"
    skipped = preview(Draft(hard, analyst=AnalystChoice.SKIP))
    assert skipped.cost_nanousd_high < preview(Draft(hard)).cost_nanousd_high


def test_a_planner_agent_is_paid_too() -> None:
    planned = preview(Draft(TYPO.description, ai_planner=True))
    assert planned.cost_nanousd_high > preview(TYPO).cost_nanousd_high
    assert planned.duration_s_low > preview(TYPO).duration_s_low


def test_five_similar_tasks_say_more() -> None:
    history = [past(cents) for cents in range(1, 12)]
    seen = preview(TYPO, history)
    assert (seen.cost_nanousd_low, seen.cost_nanousd_high) == (2 * CENT, 10 * CENT)
    assert (seen.duration_s_low, seen.duration_s_high) == (20.0, 100.0)
    assert seen.basis == "from 11 similar tasks"


@pytest.mark.parametrize(("count", "words"), [(1, "only one similar task yet"), (4, "only 4 similar tasks yet")])
def test_fewer_do_not(count: int, words: str) -> None:
    seen = preview(TYPO, [past(900)] * count)
    assert seen.cost_nanousd_high == 15 * CENT
    assert seen.basis == f"{words}: from typical cost of each role"


def test_other_tasks_are_not_similar() -> None:
    others = [past(900, TaskType.TESTING)] * 9 + [past(900, analyst=True)] * 9
    assert preview(TYPO, others).basis.startswith("no similar task yet")


def test_steps_side_by_side_cost_twice_and_last_once() -> None:
    one = typical((Step("a", Role.BUILDER, "."),), Complexity.SIMPLE)
    two = typical((Step("a", Role.BUILDER, "."), Step("b", Role.BUILDER, ".")), Complexity.SIMPLE)
    row = typical((Step("b", Role.BUILDER, ".", ("a",)), Step("a", Role.BUILDER, ".")), Complexity.SIMPLE)
    assert two.cost_nanousd_low == row.cost_nanousd_low == 2 * one.cost_nanousd_low
    assert two.duration_s_low == one.duration_s_low
    assert row.duration_s_low == 2 * one.duration_s_low


@pytest.mark.parametrize("complexity", Complexity)
@pytest.mark.parametrize("role", Role)
def test_every_role_has_a_typical_cost(role: Role, complexity: Complexity) -> None:
    expected = typical((Step("a", role, "."),), complexity)
    assert 0 < expected.cost_nanousd_low < expected.cost_nanousd_high
    assert 0 < expected.duration_s_low < expected.duration_s_high


def test_without_a_look_at_earlier_tasks_the_preview_says_so():
    blind, fresh = preview(TYPO, None), preview(TYPO)
    assert blind.basis == "the store cannot be reached, so earlier tasks are left out: from typical cost of each role"
    assert blind.cost_nanousd_low == fresh.cost_nanousd_low
