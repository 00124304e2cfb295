"""Which agents work on a task, and what a person's choice about the ANALYST changes."""

import itertools

import pytest

from data.domain.agents import Role
from data.domain.errors import PlanRefused
from data.domain.tasks import AnalystChoice, Complexity, TaskType
from data.domain.workflows import Step, Workflow, checked, sequence
from orchestrator_adapter.planning import choose_workflow, has_analyst, with_choice

SIMPLE, COMPLEX = Complexity.SIMPLE, Complexity.COMPLEX
FULL = "analyst planner builder tester reviewer"

TABLE = [
    (TaskType.FEATURE_IMPLEMENTATION, SIMPLE, "builder tester", ""),
    (TaskType.FEATURE_IMPLEMENTATION, COMPLEX, FULL, ""),
    (TaskType.BUG_FIX, SIMPLE, "builder tester", ""),
    (TaskType.BUG_FIX, COMPLEX, FULL, ""),
    (
        TaskType.CODE_REVIEW,
        SIMPLE,
        "reviewer tester",
        "a simple task skips the ANALYST, whatever its type, and needs no plan",
    ),
    (TaskType.CODE_REVIEW, COMPLEX, "analyst planner reviewer tester", ""),
    (
        TaskType.DOCUMENTATION,
        SIMPLE,
        "documenter reviewer",
        "a simple task skips the ANALYST, whatever its type, and needs no plan",
    ),
    (TaskType.DOCUMENTATION, COMPLEX, "analyst planner documenter reviewer", ""),
    (TaskType.REFACTORING, SIMPLE, "builder tester", ""),
    (TaskType.REFACTORING, COMPLEX, FULL, ""),
    (TaskType.TESTING, SIMPLE, "builder tester", ""),
    (TaskType.TESTING, COMPLEX, FULL, ""),
    (
        TaskType.INVESTIGATION,
        SIMPLE,
        "custom reviewer",
        "nothing is built; a TESTER who reproduces the fault would count as failed",
    ),
    (TaskType.INVESTIGATION, COMPLEX, "analyst planner custom reviewer", "as above"),
    (TaskType.CUSTOM, SIMPLE, "builder tester", ""),
    (TaskType.CUSTOM, COMPLEX, FULL, ""),
]


def roles(workflow: Workflow) -> str:
    return " ".join(step.role.value for step in workflow)


@pytest.mark.parametrize(("task_type", "complexity", "expected", "why"), TABLE)
def test_roles_by_type_and_complexity(task_type: TaskType, complexity: Complexity, expected: str, why: str) -> None:
    assert roles(choose_workflow("", task_type, complexity).workflow) == expected, why


def test_the_table_is_complete() -> None:
    assert {row[:2] for row in TABLE} == set(itertools.product(TaskType, Complexity))


EVERY = list(itertools.product(TaskType, Complexity, AnalystChoice))


@pytest.mark.parametrize(("task_type", "complexity", "choice"), EVERY)
def test_every_plan_can_be_run_one_step_after_the_other(
    task_type: TaskType, complexity: Complexity, choice: AnalystChoice
) -> None:
    plan = choose_workflow("", task_type, complexity, choice)
    assert checked(plan.workflow) == plan.workflow
    assert [step.depends_on for step in plan.workflow] == [(), *((step.key,) for step in plan.workflow[:-1])]
    assert all(step.scope.endswith(".") for step in plan.workflow)
    assert plan.analyst_included == has_analyst(plan.workflow)


@pytest.mark.parametrize("task_type", TaskType)
def test_force_puts_the_analyst_first_in_a_simple_task(task_type: TaskType) -> None:
    rule = choose_workflow("", task_type, SIMPLE)
    forced = choose_workflow("", task_type, SIMPLE, AnalystChoice.FORCE)
    assert roles(forced.workflow) == f"analyst {roles(rule.workflow)}"
    assert forced.workflow[1].depends_on == ("analyst",)
    assert forced.analyst_reason == "You asked for the ANALYST"


@pytest.mark.parametrize("task_type", TaskType)
def test_skip_removes_the_analyst_from_a_complex_task(task_type: TaskType) -> None:
    rule = choose_workflow("", task_type, COMPLEX)
    skipped = choose_workflow("", task_type, COMPLEX, AnalystChoice.SKIP)
    assert roles(rule.workflow) == f"analyst {roles(skipped.workflow)}"
    assert skipped.workflow[0].depends_on == ()
    assert skipped.analyst_reason == "You asked to skip the ANALYST"


def test_the_rule_says_why() -> None:
    assert choose_workflow("", TaskType.BUG_FIX, SIMPLE).analyst_reason == "Simple task: skipping ANALYST"
    assert choose_workflow("", TaskType.BUG_FIX, COMPLEX).analyst_reason == "Complex task: ANALYST goes first"


def test_what_is_not_given_comes_from_the_description() -> None:
    assert roles(choose_workflow("Update README with installation instructions").workflow) == "documenter reviewer"
    assert roles(choose_workflow("Refactor the payment system").workflow) == FULL
    assert roles(choose_workflow("Refactor the payment system", complexity=SIMPLE).workflow) == "builder tester"


def test_a_review_that_finds_issues_is_a_review_that_succeeded() -> None:
    for step in choose_workflow("", TaskType.CODE_REVIEW, COMPLEX).workflow:
        judging = any("PASS" in constraint for constraint in step.constraints)
        assert judging == (step.role in (Role.REVIEWER, Role.TESTER))


def test_who_waited_for_the_analyst_waits_for_what_it_waited_for() -> None:
    workflow = checked(
        [
            Step("planner", Role.PLANNER, "Plan."),
            Step("analyst", Role.ANALYST, "Look.", ("planner",)),
            Step("analyst-2", Role.ANALYST, "Look closer.", ("analyst",)),
            Step("builder", Role.BUILDER, "Build.", ("analyst-2", "planner")),
            Step("tester", Role.TESTER, "Test.", ("analyst", "builder")),
        ]
    )
    left = with_choice(workflow, TaskType.CUSTOM, AnalystChoice.SKIP)
    assert {step.key: step.depends_on for step in left} == {
        "planner": (),
        "builder": ("planner",),
        "tester": ("planner", "builder"),
    }


def test_a_forced_analyst_goes_before_every_first_step() -> None:
    workflow = checked([Step("analyst", Role.BUILDER, "Build."), Step("b", Role.DOCUMENTER, "Write.")])
    forced = with_choice(workflow, TaskType.CUSTOM, AnalystChoice.FORCE)
    assert [(s.key, s.role, s.depends_on) for s in forced] == [
        ("analyst-2", Role.ANALYST, ()),
        ("analyst", Role.BUILDER, ("analyst-2",)),
        ("b", Role.DOCUMENTER, ("analyst-2",)),
    ]
    assert with_choice(forced, TaskType.CUSTOM, AnalystChoice.FORCE) == forced


def test_a_workflow_of_analysts_alone_cannot_skip_them() -> None:
    with pytest.raises(PlanRefused, match="only ANALYST steps"):
        with_choice(sequence([(Role.ANALYST, "Look.")]), TaskType.CUSTOM, AnalystChoice.SKIP)
