"""Which agents work on a task, in which order, and whether an ANALYST is among them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from data.domain.agents import Role
from data.domain.assignment import AssignedBy, Assignment, Draw
from data.domain.errors import PlanRefused
from data.domain.tasks import AnalystChoice, Complexity, TaskType
from data.domain.workflows import Step, Workflow, checked, sequence
from orchestrator_adapter.planning.complexity import estimate
from orchestrator_adapter.planning.task_types import guess_type

Steps = tuple[tuple[Role, str], ...]


@dataclass(frozen=True)
class Template:
    """The steps for one type of task."""

    analyst: str
    planner: str
    simple: Steps
    complex: Steps
    """What follows ANALYST and PLANNER in a complex task."""
    judging: tuple[str, ...] = ()
    """Constraints for the steps that end with a verdict."""


@dataclass(frozen=True)
class Plan:
    """The workflow of a task, and why the ANALYST is in it or not."""

    workflow: Workflow
    analyst_included: bool
    analyst_reason: str
    assignment: Assignment


TEMPLATES: dict[TaskType, Template] = {
    TaskType.FEATURE_IMPLEMENTATION: Template(
        analyst="Find out what the feature has to do and which parts of the code it touches.",
        planner="Plan the feature as steps, each small enough to be checked on its own.",
        simple=(
            (Role.BUILDER, "Build what the task asks for."),
            (Role.TESTER, "Check that it does what the task asks for."),
        ),
        complex=(
            (Role.BUILDER, "Build the feature step by step, following the plan."),
            (Role.TESTER, "Cover the feature with tests and run them."),
            (Role.REVIEWER, "Judge whether the result fulfils the task and is fit to be kept."),
        ),
    ),
    TaskType.BUG_FIX: Template(
        analyst="Reproduce the fault and find its root cause.",
        planner="Plan the smallest change that removes the cause, and how to prove it.",
        simple=(
            (Role.BUILDER, "Find and fix the fault."),
            (Role.TESTER, "Check that the fault is gone and nothing else broke."),
        ),
        complex=(
            (Role.BUILDER, "Fix the fault at its cause, following the plan."),
            (Role.TESTER, "Check the fix and add a test that fails without it."),
            (Role.REVIEWER, "Judge whether the cause is removed and not only its symptom."),
        ),
    ),
    TaskType.CODE_REVIEW: Template(
        analyst="Map the code under review: what it does, what changed, where the risks are.",
        planner="Set the points to review, the riskiest first.",
        simple=(
            (Role.REVIEWER, "Review the code for correctness, security and clarity."),
            (Role.TESTER, "Run the tests and say what they leave uncovered."),
        ),
        complex=(
            (Role.REVIEWER, "Review the code point by point for correctness, security and clarity."),
            (Role.TESTER, "Run the tests and say what they leave uncovered."),
        ),
        judging=(
            "Change no source file: the review is the result.",
            "Your verdict is about the review: PASS once it is complete, however many issues it names.",
        ),
    ),
    TaskType.DOCUMENTATION: Template(
        analyst="Find out how the thing to be documented really behaves, from its code.",
        planner="Outline the documentation: for whom, which parts, in which order.",
        simple=(
            (Role.DOCUMENTER, "Write what the task asks for, true to the code."),
            (Role.REVIEWER, "Check every statement against the code."),
        ),
        complex=(
            (Role.DOCUMENTER, "Write the documentation along the outline, with examples that run."),
            (Role.REVIEWER, "Check the documentation against the code for truth and gaps."),
        ),
    ),
    TaskType.REFACTORING: Template(
        analyst="Map the code to be changed: who uses it, which tests hold its behaviour.",
        planner="Plan the change as steps after each of which everything still works.",
        simple=(
            (Role.BUILDER, "Change the structure without changing what the code does."),
            (Role.TESTER, "Check that everything behaves as before."),
        ),
        complex=(
            (Role.BUILDER, "Change the structure step by step, following the plan, without changing behaviour."),
            (Role.TESTER, "Run the tests and add what is missing to prove that behaviour is unchanged."),
            (Role.REVIEWER, "Judge whether the code is easier to read and still does the same."),
        ),
    ),
    TaskType.TESTING: Template(
        analyst="Find out what is tested today and which behaviour is at risk.",
        planner="Choose the cases worth a test, the riskiest first.",
        simple=(
            (Role.BUILDER, "Write the tests the task asks for."),
            (Role.TESTER, "Run the tests and check that each can fail."),
        ),
        complex=(
            (Role.BUILDER, "Write the tests case by case, following the plan."),
            (Role.TESTER, "Run all tests and check that each new one can fail."),
            (Role.REVIEWER, "Judge whether the tests would catch the faults that matter."),
        ),
    ),
    TaskType.INVESTIGATION: Template(
        analyst="Gather the evidence: code, logs, history, a way to reproduce.",
        planner="List the possible explanations and how each can be ruled out.",
        simple=(
            (Role.CUSTOM, "Find the answer and the evidence for it; change no source file."),
            (Role.REVIEWER, "Check that the evidence supports the answer."),
        ),
        complex=(
            (Role.CUSTOM, "Follow each explanation until one holds; change no source file."),
            (Role.REVIEWER, "Check that the evidence supports the answer and excludes the others."),
        ),
    ),
    TaskType.CUSTOM: Template(
        analyst="Find out what the task needs and what is already there.",
        planner="Plan the work as steps that can be checked.",
        simple=(
            (Role.BUILDER, "Do what the task asks for."),
            (Role.TESTER, "Check that the result is what the task asks for."),
        ),
        complex=(
            (Role.BUILDER, "Do the work step by step, following the plan."),
            (Role.TESTER, "Check the result by tests or by trying it out."),
            (Role.REVIEWER, "Judge whether the task is fulfilled."),
        ),
    ),
}

REASONS = {
    (AnalystChoice.AUTO, Complexity.SIMPLE): "Simple task: skipping ANALYST",
    (AnalystChoice.AUTO, Complexity.COMPLEX): "Complex task: ANALYST goes first",
    (AnalystChoice.FORCE, Complexity.SIMPLE): "You asked for the ANALYST",
    (AnalystChoice.FORCE, Complexity.COMPLEX): "You asked for the ANALYST",
    (AnalystChoice.SKIP, Complexity.SIMPLE): "You asked to skip the ANALYST",
    (AnalystChoice.SKIP, Complexity.COMPLEX): "You asked to skip the ANALYST",
}

JUDGES = frozenset({Role.TESTER, Role.REVIEWER})
"""Roles whose answer ends with a verdict."""


def choose_workflow(
    description: str,
    task_type: TaskType | None = None,
    complexity: Complexity | None = None,
    analyst: AnalystChoice = AnalystChoice.AUTO,
) -> Plan:
    """The workflow for a task; type and complexity come from the description where they are not given."""
    task_type = task_type or guess_type(description)
    complexity = complexity or estimate(description).complexity
    workflow = with_choice(_by_rule(task_type, complexity), task_type, analyst)
    return Plan(workflow, has_analyst(workflow), REASONS[analyst, complexity], _assigned(workflow, analyst))


def _assigned(workflow: Workflow, analyst: AnalystChoice) -> Assignment:
    if analyst is AnalystChoice.AUTO:
        return Assignment(AssignedBy.RULE, float(has_analyst(workflow)))
    return Assignment(AssignedBy.PERSON)


def by_lot(plan: Plan, task_type: TaskType, borderline: str, drawn: Draw) -> Plan:
    """The same plan after a lot has decided about the ANALYST."""
    choice = AnalystChoice.FORCE if drawn.included else AnalystChoice.SKIP
    workflow = with_choice(plan.workflow, task_type, choice)
    reason = (
        f"Borderline task ({borderline}): a lot put the ANALYST {'in' if drawn.included else 'out'}; "
        f"the chance of one was {round(100 * drawn.probability)} %"
    )
    return Plan(workflow, has_analyst(workflow), reason, Assignment(AssignedBy.LOTTERY, drawn.probability))


def with_choice(workflow: Workflow, task_type: TaskType, analyst: AnalystChoice) -> Workflow:
    """The same workflow after a person's choice about the ANALYST, whoever planned it.

    Raises PlanRefused if nothing but the ANALYST would be left to skip.
    """
    match analyst:
        case AnalystChoice.AUTO:
            return workflow
        case AnalystChoice.FORCE:
            return with_analyst(workflow, TEMPLATES[task_type].analyst)
        case AnalystChoice.SKIP:
            if all(step.role is Role.ANALYST for step in workflow):
                raise PlanRefused("The plan has only ANALYST steps, and you asked to skip the ANALYST.")
            return without_analyst(workflow)


def has_analyst(workflow: Workflow) -> bool:
    return any(step.role is Role.ANALYST for step in workflow)


def with_analyst(workflow: Workflow, scope: str) -> Workflow:
    """An ANALYST before everything else, unless there is one already."""
    if has_analyst(workflow):
        return workflow
    keys = {step.key for step in workflow}
    key = next(k for n in range(len(keys) + 1) if (k := f"analyst-{n + 1}" if n else "analyst") not in keys)
    rest = (step if step.depends_on else replace(step, depends_on=(key,)) for step in workflow)
    return checked((Step(key, Role.ANALYST, scope), *rest))


def without_analyst(workflow: Workflow) -> Workflow:
    """No ANALYST; who waited for it now waits for what it waited for."""
    gone = {step.key: step.depends_on for step in workflow if step.role is Role.ANALYST}

    def relinked(keys: tuple[str, ...]) -> tuple[str, ...]:
        linked = (k for key in keys for k in (relinked(gone[key]) if key in gone else (key,)))
        return tuple(dict.fromkeys(linked))

    return checked(replace(step, depends_on=relinked(step.depends_on)) for step in workflow if step.key not in gone)


def _by_rule(task_type: TaskType, complexity: Complexity) -> Workflow:
    template = TEMPLATES[task_type]
    first = ((Role.ANALYST, template.analyst), (Role.PLANNER, template.planner))
    steps = template.simple if complexity is Complexity.SIMPLE else (*first, *template.complex)
    return tuple(
        replace(step, constraints=template.judging) if step.role in JUDGES else step for step in sequence(steps)
    )
