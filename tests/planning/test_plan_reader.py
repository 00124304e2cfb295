"""Reading a planner agent's answer: tolerant where the meaning is clear, refusing where there is no step."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.domain.agents import Role
from data.domain.errors import PlanRefused
from data.domain.tasks import AnalystChoice, Complexity, TaskType
from data.domain.workflows import checked, sequence
from orchestrator_adapter.planning import AiPlan, read_plan, with_choice

BASE = sequence([(Role.BUILDER, "Build it."), (Role.TESTER, "Test it.")])
STEP = {"agent_role": "BUILDER", "scope": "Do it", "constraints": ["small"], "execution_mode": "sequential"}


def plan(*steps: object, **more: object) -> str:
    return json.dumps({"complexity": "simple", "rationale": "r", "workflow": steps, **more})


def links(text: str) -> dict[str, tuple[str, ...]]:
    return {step.key: step.depends_on for step in read_plan(text, BASE).workflow}


def step(role: str, *depends_on: object, mode: str = "sequential") -> dict[str, object]:
    return {**STEP, "agent_role": role, "depends_on": depends_on, "execution_mode": mode}


ACCEPTED = [
    (f" \n {plan(STEP)} \n", "blanks around"),
    (f"```json\n{plan(STEP)}\n```", "a json fence"),
    (f"```\n{plan(STEP)}\n```", "a plain fence"),
    (f"Sure! {plan(STEP)}", "text before the object leaves no doubt about the plan"),
    (f"{plan(STEP)} Done.", "text after it neither"),
    (f"```json\n{plan(STEP)}\n```\nShall I go on?", "nor text after the fence"),
    (f"I use {{braces}} first: {plan(STEP)}", "braces that are no JSON are passed over"),
    (f'{{"note": 1}} {plan(STEP)}', "an object without steps is passed over"),
    (plan({"agent_role": "builder"}), "a role is clear in any case, scope and constraints have defaults"),
    (plan({"agent_role": "Builder "}), "as above"),
    (plan({"role": "Builder Agent"}), "as above"),
    (plan("BUILDER"), "a role alone is a step"),
    (plan({**STEP, "constraints": None}), "constraints may be missing"),
    (plan({"agent_role": "SCOUT"}, STEP, 7, None), "unknown steps are skipped while one is left"),
    (json.dumps({"steps": [STEP]}), "a plan without complexity and rationale can be run"),
]

REFUSED = [
    ("", "answered nothing"),
    (" \n", "answered nothing"),
    ("not json", "no JSON object"),
    ("[]", "no JSON object"),
    ("null", "no JSON object"),
    ("7", "no JSON object"),
    ('{"workflow": [{"agent_role": "BUILDER"', "no JSON object"),
    ("{}", "no list of steps"),
    ('{"complexity": "simple", "rationale": "r"}', "no list of steps"),
    ('{"complexity": "simple", "rationale": "r", "workflow": {}}', "no list of steps"),
    ('{"complexity": "s", "rationale": "r", "workflow": []}', "list of steps is empty"),
    (plan(7), "None of the plan's 1 steps"),
    (plan({"agent_role": "SCOUT"}, {"scope": "x"}), "None of the plan's 2 steps"),
    (plan(*[STEP] * 49), "49 steps; 48 is the most"),
    (plan(step("BUILDER", 1), step("TESTER", 0)), "circle"),
    (plan(step("BUILDER", 0)), "circle"),
    ("{" * 100_000, "no JSON object"),
    ('{"a":' * 100_000, "no JSON object"),
    (f'{{"workflow": {"[" * 100_000}', "no JSON object"),
]


@pytest.mark.parametrize(("text", "why"), ACCEPTED)
def test_a_plan_is_found(text: str, why: str) -> None:
    assert [s.role for s in read_plan(text, BASE).workflow] == [Role.BUILDER], why


@pytest.mark.parametrize(("text", "reason"), REFUSED, ids=range(len(REFUSED)))
def test_an_answer_without_a_plan_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(PlanRefused, match=reason):
        read_plan(text, BASE)


def test_everything_a_plan_says_is_kept() -> None:
    read = read_plan(plan({**STEP, "scope": "Do X", "constraints": ["a", "", 7, "b"]}, complexity="COMPLEX"), BASE)
    assert (read.complexity, read.rationale) == (Complexity.COMPLEX, "r")
    assert (read.workflow[0].scope, read.workflow[0].constraints) == ("Do X", ("a", "b"))


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("simple", Complexity.SIMPLE),
        ("medium", Complexity.COMPLEX),
        ("complex", Complexity.COMPLEX),
        ("s", None),
        (3, None),
    ],
)
def test_complexity_in_the_planners_words(said: object, read: Complexity | None) -> None:
    assert read_plan(plan(STEP, complexity=said), BASE).complexity is read


def test_what_is_missing_comes_from_the_base_workflow() -> None:
    workflow = read_plan(plan("TESTER", "DOCUMENTER"), BASE).workflow
    assert [s.scope for s in workflow] == ["Test it.", "Do the DOCUMENTER's part of the task."]
    assert [s.constraints for s in workflow] == [(), ()]


def test_a_lone_constraint_is_one_sentence() -> None:
    assert read_plan(plan({**STEP, "constraints": "be brief"}), BASE).workflow[0].constraints == ("be brief",)


def test_what_cannot_be_stored_is_cleaned() -> None:
    text = '{"workflow": [{"agent_role": "BUILDER", "scope": "a\\u0000b\\ud800' + "x" * 9_000 + '"}]}'
    scope = read_plan(text, BASE).workflow[0].scope
    assert scope.startswith("ab?x")
    assert len(scope) == 2_000


def test_the_largest_plan_leaves_room_for_a_forced_analyst() -> None:
    workflow = read_plan(plan(*[STEP] * 48), BASE).workflow
    assert len(with_choice(workflow, TaskType.CUSTOM, AnalystChoice.FORCE)) == 49


def test_a_role_that_comes_twice_gets_a_number() -> None:
    assert list(links(plan("BUILDER", "TESTER", "builder"))) == ["builder", "tester", "builder-2"]


def test_sequential_steps_run_one_after_the_other() -> None:
    assert links(plan(step("ANALYST"), step("BUILDER"), step("TESTER"))) == {
        "analyst": (),
        "builder": ("analyst",),
        "tester": ("builder",),
    }


def test_parallel_steps_run_side_by_side_and_the_next_waits_for_all() -> None:
    text = plan(
        step("ANALYST"), step("BUILDER", mode="parallel"), step("DOCUMENTER", mode="Parallel"), step("REVIEWER")
    )
    assert links(text) == {
        "analyst": (),
        "builder": ("analyst",),
        "documenter": ("analyst",),
        "reviewer": ("builder", "documenter"),
    }


def test_parallel_from_the_start() -> None:
    text = plan(step("BUILDER", mode="parallel"), step("DOCUMENTER", mode="parallel"), step("REVIEWER"))
    assert links(text) == {"builder": (), "documenter": (), "reviewer": ("builder", "documenter")}


@pytest.mark.parametrize("name", [0, "0", "ANALYST", "analyst", "Analyst agent"])
def test_prerequisites_by_place_or_by_role(name: object) -> None:
    assert links(plan(step("ANALYST"), step("BUILDER"), step("DOCUMENTER", name)))["documenter"] == ("analyst",)


def test_a_role_means_the_steps_before_unless_a_key_is_given() -> None:
    text = plan("BUILDER", "BUILDER", step("TESTER", "builder-2"), step("REVIEWER", "BUILDER", "TESTER"))
    assert links(text)["tester"] == ("builder-2",)
    assert links(text)["reviewer"] == ("builder", "tester")


def test_a_later_step_may_be_a_prerequisite() -> None:
    text = plan(step("REVIEWER", "BUILDER", mode="parallel"), step("BUILDER", mode="parallel"))
    assert links(text) == {"reviewer": ("builder",), "builder": ()}


@pytest.mark.parametrize("name", [9, -1, "SCOUT", True, None, {}, 1.5, "9" * 5_000])
def test_a_prerequisite_that_is_not_there_is_left_out(name: object) -> None:
    assert links(plan(step("BUILDER"), step("TESTER", name)))["tester"] == ("builder",)


def test_a_place_counts_the_steps_that_were_skipped() -> None:
    text = plan("ANALYST", {"agent_role": "SCOUT"}, "BUILDER", step("TESTER", 1), step("REVIEWER", 2))
    assert links(text)["tester"] == ("analyst",)
    assert links(text)["reviewer"] == ("builder",)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
role_names = st.sampled_from([*Role, "BUILDER", "Builder agent", "SCOUT"])
some_steps = st.fixed_dictionaries(
    {},
    optional={
        "agent_role": role_names | anything,
        "scope": anything,
        "constraints": anything,
        "execution_mode": st.sampled_from(["parallel", "sequential"]) | anything,
        "depends_on": st.lists(st.integers(-1, 6) | role_names | anything, max_size=4) | anything,
    },
)
some_plans = st.fixed_dictionaries(
    {"workflow": st.lists(some_steps | anything, max_size=6) | anything},
    optional={"complexity": anything, "rationale": anything},
)


@settings(deadline=None, max_examples=300)
@given(st.text() | st.one_of(some_plans, anything).map(json.dumps), st.text(max_size=9), st.text(max_size=9))
def test_nothing_but_a_plan_or_a_refusal(text: str, before: str, after: str) -> None:
    try:
        read = read_plan(before + text + after, BASE)
    except PlanRefused:
        return
    assert isinstance(read, AiPlan)
    assert checked(read.workflow) == read.workflow
    assert all(s.scope for s in read.workflow)
