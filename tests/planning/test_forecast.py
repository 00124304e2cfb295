"""The preview of a draft: everything at once, and an interval with its basis."""

import pytest

from data.domain.agents import Role, Runtime
from data.domain.experience import Experience, Past, Wish
from data.domain.money import NANO
from data.domain.tasks import AnalystChoice, Complexity, Draft, TaskType
from data.domain.workflows import Step
from orchestrator_adapter.planning import preview, typical

CENT = NANO // 100
TYPO = Draft("Fix typo in error message")


def past(cost_cents: int, task_type: TaskType = TaskType.BUG_FIX, analyst: bool = False, folder: str = "") -> Past:
    wish = Wish(task_type.value, "simple", analyst, "claude", folder=folder)
    return Past(wish, 0, 1, cost_cents * CENT, cost_cents * 10_000, (("builder", cost_cents * CENT),))


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
    assert simple.basis == "no task like it has ended yet, and 9 are needed: a rule of thumb by role"
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


def test_nine_tasks_like_it_say_more() -> None:
    seen = preview(TYPO, Experience(past(cents) for cents in range(1, 12)))
    assert (seen.cost_nanousd_low, seen.cost_nanousd_high) == (1 * CENT, 11 * CENT)
    assert (seen.duration_s_low, seen.duration_s_high) == (10.0, 110.0)
    assert seen.basis == (
        "80 % range, from the last 11 tasks of the same type, complexity, ANALYST, runtime, model and folder"
    )
    assert seen.expected is not None
    builder, tester = seen.steps
    assert (builder.key, builder.cost_nanousd_low, builder.cost_nanousd_high, builder.steps) == (
        "builder",
        CENT,
        11 * CENT,
        11,
    )
    assert (tester.cost_nanousd_low, tester.cost_nanousd_high, tester.steps) == (3 * CENT, 9 * CENT, 0)


@pytest.mark.parametrize(
    ("count", "words"), [(1, "only one task like it has ended yet"), (8, "only 8 tasks like it have ended yet")]
)
def test_fewer_do_not(count: int, words: str) -> None:
    seen = preview(TYPO, Experience([past(900)] * count))
    assert seen.cost_nanousd_high == 15 * CENT
    assert seen.basis == f"{words}, and 9 are needed: a rule of thumb by role"
    assert seen.expected is None


def test_where_tasks_of_its_own_kind_are_few_wider_ones_answer_and_are_named() -> None:
    others = [past(50, folder="/elsewhere")] * 4 + [past(80, TaskType.TESTING)] * 9
    seen = preview(TYPO, Experience(others))
    assert seen.basis.endswith("of the same complexity, ANALYST, runtime and model, whatever the type and folder")
    assert (seen.cost_nanousd_low, seen.cost_nanousd_high) == (50 * CENT, 80 * CENT)
    assert preview(TYPO, Experience([past(900, analyst=True)] * 9)).expected is None


def test_a_planner_agent_decides_about_the_analyst_only_later() -> None:
    draft = Draft("Refactor the payment system", TaskType.REFACTORING, ai_planner=True)
    wish = Wish("refactoring", "complex", False, "claude", ai_planner=True)
    seen = preview(draft, Experience([Past(wish, 0, 1, 7 * CENT, 1_000)] * 9))
    assert (seen.cost_nanousd_low, seen.cost_nanousd_high) == (7 * CENT, 7 * CENT)
    assert "planner agent" in seen.basis


def test_a_demo_says_that_it_is_simulated() -> None:
    wish = Wish("bug_fix", "simple", False, "demo", folder="/scratch")
    draft = Draft(TYPO.description, runtime=Runtime.DEMO)
    seen = preview(draft, Experience([Past(wish, 0, 1, 2 * CENT, 30_000)] * 9))
    assert seen.simulated
    assert "the last 9 simulated tasks of the same" in seen.basis


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
    assert blind.basis == "the store cannot be reached, so earlier tasks are left out: a rule of thumb by role"
    assert blind.cost_nanousd_low == fresh.cost_nanousd_low
