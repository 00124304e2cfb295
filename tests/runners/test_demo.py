"""The demo's stories: who plays what, when, and how honestly."""

from __future__ import annotations

import pytest

from data.domain.agents import Role
from orchestrator_adapter.planning.plan_reader import read_plan
from orchestrator_adapter.runners.demo import prepare, scenarios
from orchestrator_adapter.runners.demo.scenarios import FILES, steps, tag
from orchestrator_adapter.runners.demo.server import (
    block_events,
    blocks_of,
    chosen,
    filled,
    folder_of,
    locate,
    reached,
    usage_of,
)

NAMES = ["success", "failing_test", "overload", "refused_tool", "subagent", "stuck", "circles"]


def user(text: str) -> dict:
    return {"role": "user", "content": [{"type": "text", "text": text}]}


def replied(text: str = "x") -> dict:
    return {"role": "assistant", "content": [{"type": "text", "text": text}]}


def test_every_story_has_a_title_and_one_sentence():
    assert [s.name for s in scenarios()] == NAMES
    for story in scenarios():
        assert story.title
        assert story.summary.endswith(".")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("role", list(Role))
def test_every_role_has_something_to_say_in_every_story(name, role):
    script = steps(name, role.value)
    last = script[-1]
    final = [case["text"] for case in last.get("by_result", [])] or [last["text"]]
    assert "tools" not in last
    assert last.get("stall") or all(text.startswith("## Summary\n") for text in final)


def test_every_branch_of_tester_and_reviewer_has_a_verdict():
    for role in ("tester", "reviewer"):
        for case in steps("success", role)[-1]["by_result"]:
            assert case["text"].splitlines()[-1] in ("Verdict: PASS", "Verdict: FAIL")


def test_a_role_without_a_script_says_that_it_is_scripted():
    said = steps("success", "custom")
    assert "Scripted agent: I play scenario success as CUSTOM" in said[0]["text"]
    assert "not an answer to the task" in said[-1]["text"]


def test_a_story_without_its_files_is_not_played(tmp_path):
    assert tag("success", "builder", tmp_path) == "[[scenario:success.builder-elsewhere]]"
    assert "Scripted agent" in steps("success", "builder-elsewhere")[0]["text"]
    prepare("success", tmp_path)
    assert tag("success", "builder", tmp_path) == "[[scenario:success.builder]]"
    assert tag(None, "builder", tmp_path) == "[[scenario:none.builder]]"


def test_prepare_keeps_what_is_there(tmp_path):
    (tmp_path / "calc.py").write_text("mine")
    prepare("success", tmp_path)
    assert (tmp_path / "calc.py").read_text() == "mine"
    assert (tmp_path / "test_calc.py").read_text() == FILES["test_calc.py"]
    prepare("", tmp_path / "fresh")
    assert list((tmp_path / "fresh").iterdir()) == []


def test_the_plan_is_one_that_can_be_run():
    (said,) = steps("success", "plan")
    plan = read_plan(said["text"], ())
    assert [(step.key, step.depends_on) for step in plan.workflow] == [
        ("analyst", ()),
        ("builder", ("analyst",)),
        ("tester", ("builder",)),
        ("reviewer", ("tester",)),
    ]
    assert plan.rationale.startswith("Scripted plan")


def step_of(*messages: dict) -> tuple[str, str, int]:
    scenario, part, said = locate(messages)
    return scenario, part, reached([READ, READ, {"text": "done"}], said)


READ = {"tools": [{"name": "Read", "input": {}}]}
PLAYED = "Do it\n\n[[scenario:success.builder]]"


def called() -> dict:
    return {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "Read", "input": {}}]}


def test_the_newest_tag_counts():
    assert step_of(user(PLAYED)) == ("success", "builder", 0)
    assert step_of(user(PLAYED), called(), user("result")) == ("success", "builder", 1)
    assert step_of(user(PLAYED), called(), user("[[scenario:stuck.tester]]")) == ("stuck", "tester", 0)
    assert step_of(user("[[scenario:a.b]] quoted, then [[scenario:c.d]]")) == ("c", "d", 0)
    assert step_of(user("no tag"), called(), user("result")) == ("none", "custom", 1)


def test_a_resumed_agent_goes_on_where_it_was():
    broken_off = [replied("I was about"), user("[Request interrupted by user]")]
    assert step_of(user(PLAYED), called(), user("result"), user(PLAYED)) == ("success", "builder", 1)
    assert step_of(user(PLAYED), called(), user("result"), *broken_off, user(PLAYED)) == ("success", "builder", 1)
    stopped = user("[Request interrupted by user for tool use]")
    assert step_of(user(PLAYED), called(), stopped, user(PLAYED)) == ("success", "builder", 0)
    over = [called(), user("r"), called(), user("r"), replied(), user(PLAYED), replied()]
    assert step_of(user(PLAYED), *over) == ("success", "builder", 2)


def test_tools_answers_decide_what_is_said():
    tester = steps("success", "tester")[-1]
    assert "2 passed, 0 failed" in chosen(tester, "Ran 2 tests\n\nOK")["text"]
    assert "1 passed, 1 failed" in chosen(tester, "FAILED (failures=1)")["text"]
    assert "0 passed, 2 failed" in chosen(tester, "FAILED (failures=2)")["text"]
    assert "could not be run" in chosen(tester, "you haven't granted it yet")["text"]


def test_a_folder_with_a_space_in_its_name():
    body = {
        "system": [{"type": "text", "text": "Env:\n - Primary working directory: /tmp/my work\n - x"}],
        "messages": [],
    }
    assert folder_of(body) == "/tmp/my work"
    assert filled({"a": ["{cwd}/x"]}, "/tmp/my work") == {"a": ["/tmp/my work/x"]}


def test_usage_has_all_kinds_over_a_conversation():
    head = {"system": "s" * 4000, "tools": [{"name": "t" * 4000}]}
    first = usage_of({**head, "messages": [user("a" * 400)]}, "x" * 400)
    later = usage_of({**head, "messages": [user("a" * 400), replied(), user("b")]}, "x")
    assert first["cache_creation"]["ephemeral_1h_input_tokens"] > 1900
    assert first["cache_creation"]["ephemeral_5m_input_tokens"] >= 100
    assert first["output_tokens"] == 100
    assert later["cache_read_input_tokens"] > 2000
    assert sum(later["cache_creation"].values()) == later["cache_creation_input_tokens"]


def test_a_block_comes_in_pieces_that_make_the_whole():
    step = {"thinking": "Hm. " * 30, "text": "ä" * 99, "tools": [{"name": "Bash", "input": {"command": "ls"}}]}
    wholes = []
    for block in blocks_of(step):
        deltas = [e["delta"] for e in block_events(0, block) if e["type"] == "content_block_delta"]
        wholes.append("".join(d.get("thinking", d.get("text", d.get("partial_json", ""))) for d in deltas))
    assert wholes == ["Hm. " * 30, "ä" * 99, '{"command": "ls"}']


def test_a_circle_is_gone_round_until_it_ends_or_somebody_interrupts_it():
    script = steps("circles", "builder")
    called = {"role": "assistant", "content": [{"type": "tool_use", "id": "u", "name": "Bash", "input": {}}]}
    answered = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "u", "content": "FAILED"}]}
    said = [user("go"), called, answered]
    assert reached(script, said + [called, answered] * 5) == 6
    interrupted = user("[Request interrupted by user]\n\nStop running the tests.")
    assert reached(script, [*said, called, interrupted]) == len(script) - 1
    assert "changed nothing" in script[-1]["text"]
