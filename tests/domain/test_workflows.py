"""Workflows: graphs that cannot run are refused, and what may start next agrees with a slow, obvious answer."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.domain import workflows
from data.domain.agents import Role
from data.domain.errors import WorkflowInvalid
from data.domain.workflows import MAX_STEPS, Step, StepStatus, Workflow


def step(key: str, *depends_on: str) -> Step:
    return Step(key, Role.BUILDER, f"do {key}", depends_on)


@st.composite
def graphs(draw: st.DrawFn) -> Workflow:
    """Graphs that can run: each step depends on some of those drawn before it, then all are shuffled."""
    keys = [f"s{i}" for i in range(draw(st.integers(1, 8)))]
    words = st.text(max_size=12)
    steps = [
        Step(
            key=key,
            role=draw(st.sampled_from(Role)),
            scope=draw(words),
            depends_on=tuple(draw(st.lists(st.sampled_from(keys[:i]), unique=True))) if i else (),
            constraints=tuple(draw(st.lists(words, max_size=2))),
            status=draw(st.sampled_from(StepStatus)),
        )
        for i, key in enumerate(keys)
    ]
    return tuple(draw(st.permutations(steps)))


def needs(workflow: Workflow, key: str) -> set[str]:
    """Everything a step waits for, directly or not, by plain recursion."""
    (me,) = (s for s in workflow if s.key == key)
    return {up for direct in me.depends_on for up in {direct} | needs(workflow, direct)}


@settings(deadline=None)
@given(graphs())
def test_a_graph_without_circles_is_accepted_as_it_is(workflow: Workflow):
    assert workflows.checked(workflow) == workflow


@settings(deadline=None)
@given(graphs(), st.data())
def test_a_circle_is_refused(workflow: Workflow, data: st.DataObject):
    first = data.draw(st.sampled_from(workflow))
    last = data.draw(st.sampled_from(sorted(workflows.descendants(workflow, first.key))))
    closed = [step(s.key, *s.depends_on, last) if s.key == first.key else s for s in workflow]
    with pytest.raises(WorkflowInvalid, match="in a circle"):
        workflows.checked(closed)


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        ([], "1 to 50 steps, not 0"),
        ([step(f"s{i}") for i in range(MAX_STEPS + 1)], "1 to 50 steps, not 51"),
        ([step("a"), step("a")], "same key"),
        ([step("a", "b")], "a depends on b, which is not in it"),
        ([step("a", "a")], "in a circle: a"),
        ([step("a"), step("b", "c"), step("c", "b")], "in a circle: b, c"),
    ],
    ids=["empty", "too long", "twice", "unknown", "itself", "each other"],
)
def test_a_graph_that_cannot_run_is_refused(steps: list[Step], sentence: str):
    with pytest.raises(WorkflowInvalid, match=sentence):
        workflows.checked(steps)


def test_the_longest_workflow_is_accepted():
    assert len(workflows.checked([step(f"s{i}") for i in range(MAX_STEPS)])) == MAX_STEPS


def test_a_sequence_runs_one_after_the_other_and_numbers_what_comes_twice():
    made = workflows.sequence([(Role.BUILDER, "build"), (Role.TESTER, "test"), (Role.BUILDER, "mend")])
    assert [(s.key, s.depends_on) for s in made] == [
        ("builder", ()),
        ("tester", ("builder",)),
        ("builder-2", ("tester",)),
    ]


@settings(deadline=None)
@given(graphs(), st.data())
def test_what_is_ready_agrees_with_the_definition(workflow: Workflow, data: st.DataObject):
    keys = sorted(s.key for s in workflow)
    done = set(data.draw(st.lists(st.sampled_from(keys))))
    started = set(data.draw(st.lists(st.sampled_from(keys))))
    expected = [
        s for s in workflow if all(up in done for up in s.depends_on) and s.key not in done and s.key not in started
    ]
    assert workflows.ready(workflow, done, started) == expected


@settings(deadline=None)
@given(graphs())
def test_running_whatever_is_ready_runs_every_step_after_all_it_needs(workflow: Workflow):
    done: list[str] = []
    while batch := workflows.ready(workflow, done, done):
        for one in batch:
            assert needs(workflow, one.key) <= set(done)
        done += [s.key for s in batch]
    assert sorted(done) == sorted(s.key for s in workflow)


@settings(deadline=None)
@given(graphs())
def test_descendants_are_the_step_and_all_that_need_it(workflow: Workflow):
    for one in workflow:
        expected = {one.key} | {s.key for s in workflow if one.key in needs(workflow, s.key)}
        assert workflows.descendants(workflow, one.key) == expected


@settings(deadline=None)
@given(graphs())
def test_json_there_and_back(workflow: Workflow):
    text = json.dumps(workflows.to_json(workflow))
    assert workflows.from_json(json.loads(text)) == workflow


def test_json_needs_only_key_and_role():
    assert workflows.from_json([{"key": "a", "role": "tester"}]) == (Step("a", Role.TESTER, ""),)


def test_json_of_a_graph_that_cannot_run_is_refused():
    with pytest.raises(WorkflowInvalid):
        workflows.from_json([{"key": "a", "role": "tester", "depends_on": ["b"]}])
