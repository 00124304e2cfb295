"""Hooks of Claude Code become a task and agents that everything else here knows how to show."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.domain import events as e
from data.domain import observed
from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.tasks import TaskStatus, TaskType
from data.store import Store
from orchestrator_adapter.ingest.hooks import FIELDS
from tests.events import submitted
from tests.ingest.reports import EDIT, EDITED, SESSION, TASK, agents, counts, hook, kinds, receive, story, task


def test_a_session_is_a_task_with_its_agents(store: Store) -> None:
    receive(store, *story())
    found, team = task(store), agents(store)
    assert (found.status, found.runtime, found.simulated) == (TaskStatus.COMPLETED, Runtime.ATTACHED, False)
    assert (found.description, found.working_directory) == ("Fix the sign bug in add()", "/src/calc")
    assert found.files == {"modified": ["calc.py"], "read": ["tests.py"]}
    assert found.tool_calls == 3
    assert found.analyst_words == "ANALYST does not apply: a Claude session that was started elsewhere"
    main, helper = team["Claude"], team["Explore"]
    assert (main.status, main.session_id, main.tool_calls) == (AgentStatus.COMPLETED, SESSION, 2)
    assert (helper.status, helper.result, helper.tool_calls) == (AgentStatus.COMPLETED, "It is the sign.", 1)
    assert [step.status.value for step in found.workflow] == ["completed"]
    with store.read() as board:
        counted = board.fleet(store.now())
        assert (counted.tasks_7d, counted.analyst_asked_7d) == (1, 0)
        log = [entry.event for entry in board.events(agent_id=main.id, limit=1000)]
        failed = next(event for event in log if isinstance(event, e.ToolReturned) and event.is_error)
        touched = next(event for event in log if isinstance(event, e.FileTouched))
        said = [board.blob(event.blob) for event in log if isinstance(event, e.Said)]
        given_ = next(event for event in log if isinstance(event, e.ToolCalled))
        assert json.loads(board.blob(given_.input_blob)) == EDIT["tool_input"]
    assert (failed.tool, failed.preview) == ("Bash", "make: no rule")
    assert (touched.added, touched.removed) == (2, 1)
    assert said == [b"The sign is right now."]


def test_it_makes_no_difference_how_hooks_are_batched(store: Store, lite: Store) -> None:
    receive(store, *story())
    for body in story():
        receive(lite, body)
    assert kinds(store) == kinds(lite)
    assert counts(store) == counts(lite)
    one, other = agents(store), agents(lite)
    for name in one:
        assert (one[name].tool_calls, one[name].status, one[name].files, one[name].activity) == (
            other[name].tool_calls,
            other[name].status,
            other[name].files,
            other[name].activity,
        )


def test_what_waits_for_a_person_is_told(lite: Store) -> None:
    receive(lite, hook("UserPromptSubmit", prompt="go"), hook("PreToolUse", **EDIT))
    assert (agents(lite)["Claude"].status, agents(lite)["Claude"].activity) == ("active", "editing calc.py")
    receive(lite, hook("PermissionRequest", tool_name="Bash", tool_input={"command": "rm -r build"}))
    asks = agents(lite)["Claude"]
    assert (asks.status, asks.activity) == (AgentStatus.WAITING, "asks for permission: running: rm -r build")
    receive(lite, hook("PostToolUse", **EDIT, tool_response=EDITED))
    assert (agents(lite)["Claude"].status, agents(lite)["Claude"].tool_since) == (AgentStatus.ACTIVE, None)
    receive(lite, hook("Stop"))
    assert (agents(lite)["Claude"].status, agents(lite)["Claude"].activity) == (AgentStatus.WAITING, "its turn is over")
    receive(lite, hook("Notification", message="Claude needs your permission", notification_type="permission_prompt"))
    assert agents(lite)["Claude"].activity == "Claude needs your permission"
    receive(lite, hook("UserPromptSubmit", prompt="and now the tests"))
    assert (agents(lite)["Claude"].status, task(lite).description) == (AgentStatus.ACTIVE, "go")
    receive(lite, hook("PermissionDenied", tool_name="Bash", tool_input={"command": "ls"}, reason="by a rule"))
    assert agents(lite)["Claude"].activity == "refused: running: ls: by a rule"


def test_a_session_that_is_opened_again_goes_on_in_its_task_with_a_new_agent(store: Store) -> None:
    receive(store, *story())
    receive(store, hook("SessionStart", source="resume"), hook("UserPromptSubmit", prompt="One more thing"))
    assert task(store).status is TaskStatus.IN_PROGRESS
    assert task(store).description == "Fix the sign bug in add()"
    assert agents(store)["Claude"].id == observed.agent_id(SESSION, life=2)
    assert agents(store)["Claude"].session_id == SESSION
    receive(store, hook("SessionEnd", reason="logout"))
    assert task(store).status is TaskStatus.COMPLETED
    with store.read() as board:
        assert board.agent(observed.agent_id(SESSION)).status is AgentStatus.COMPLETED
    receive(store, hook("SessionEnd", reason="logout"))  # told twice
    assert kinds(store).count("task_resumed") == 1


def ours(store: Store, session: str) -> None:
    """An agent of this product that has the session."""
    ids = {"task_id": "mine", "agent_id": "mine-1"}
    step = e.StepSpec(key="builder", role=Role.BUILDER, scope="Build")
    asked = submitted(
        "mine", description="Ours", task_type=TaskType.CUSTOM, workflow=(step,), working_directory="/src/calc"
    )
    created = e.AgentCreated(
        **ids, step="builder", role=Role.BUILDER, name="Builder", model="m", runtime=Runtime.CLAUDE
    )
    with store.write() as ledger:
        for event in (asked, created, e.SessionStarted(**ids, session_id=session, model="m")):
            ledger.append(event)


def test_a_session_of_our_own_engine_is_not_shown_twice(store: Store) -> None:
    ours(store, SESSION)
    receive(store, *story())
    with store.read() as board:
        assert [found.id for found in board.tasks().items] == ["mine"]
        assert not [entry for entry in board.events(task_id=TASK)]
    assert counts(store)["hooks", "PreToolUse"] == 3  # it is counted all the same


def test_a_hook_that_was_faster_than_our_own_engine_is_taken_back(lite: Store) -> None:
    receive(lite, hook("UserPromptSubmit", prompt="Ours"))
    ours(lite, SESSION)
    receive(lite, hook("PreToolUse", **EDIT))
    with lite.read() as board:
        assert [found.id for found in board.tasks().items] == ["mine"]


def test_what_a_person_deleted_does_not_come_back(lite: Store) -> None:
    receive(lite, *story())
    with lite.write() as ledger:
        ledger.append(e.TaskDeleted(task_id=TASK, by="me"))
    receive(lite, hook("UserPromptSubmit", prompt="still here"))
    with lite.read() as board:
        assert not board.tasks().items


def test_kinds_and_fields_that_are_not_known_are_kept_and_counted(store: Store) -> None:
    receive(store, hook("TeaBreak", minutes=5), hook("Stop", mood={"good": True}), {"session_id": SESSION}, {"x": 1})
    with store.read() as board:
        found = [one.event for one in board.events(task_id=TASK) if isinstance(one.event, e.SignalReceived)]
        kept = {one.name: json.loads(board.blob(one.blob)) for one in found}
    assert kept["TeaBreak"]["minutes"] == 5
    assert kept["Stop"] == {"mood": {"good": True}}
    assert kept["nameless"] == {"session_id": SESSION}
    assert counts(store) == {
        ("hooks", "TeaBreak"): 1,
        ("hooks", "Stop"): 1,
        ("hooks", "nameless"): 1,
        ("hooks", "(without a session)"): 1,
    }


def test_text_that_no_database_takes_is_marked(store: Store) -> None:
    receive(store, hook("UserPromptSubmit", "a\x00b", prompt="go\x00", transcript_path="/x\x00.jsonl"), hook("T\x00"))
    assert task(store, "a\ufffdb").description == "go\ufffd"
    assert counts(store)["hooks", "T\ufffd"] == 1


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
FIELD_NAMES = sorted({name for fields in FIELDS.values() for name in fields} | {"agent_id", "agent_type", "cwd"})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(
    bodies=st.lists(
        st.tuples(
            st.sampled_from([*FIELDS, "Odd"]),
            st.dictionaries(st.sampled_from(FIELD_NAMES), anything, max_size=6),
        ),
        max_size=6,
    )
)
def test_no_hook_is_ever_too_odd(bodies: list[tuple[str, dict[str, Any]]], lite: Store) -> None:
    """Whatever stands in the fields, in whatever order the hooks come: nothing fails and nothing is lost."""
    before = sum(counts(lite).values())
    receive(lite, *({"session_id": SESSION, "hook_event_name": kind, **body} for kind, body in bodies))
    after = counts(lite)
    assert sum(after.values()) == before + len(bodies)
    assert ("hooks", "(not understood)") not in after


@pytest.mark.parametrize("sessions", [40])
def test_many_sessions_in_one_batch_keep_apart(sessions: int, store: Store) -> None:
    names = [f"{n:08d}-0000-4000-8000-000000000000" for n in range(sessions)]
    stories = [story(name) for name in names]
    receive(store, *(stories[n][step] for step in range(12) for n in range(sessions)))
    for name in names:
        assert (task(store, name).status, task(store, name).tool_calls) == (TaskStatus.COMPLETED, 3)
        assert kinds(store, name) == kinds(store, names[0])
