"""The flow of a conversation: who was handed what by whom, and which tools each used."""

from __future__ import annotations

from datetime import UTC, datetime

from data.domain import events as e
from data.domain.agents import Agent, AgentStatus, Role, Runtime
from data.domain.flow import Flow, Handed, columns, handed
from data.domain.workflows import Step

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
IDS = {"task_id": "t1", "agent_id": "a1"}
FORK = (
    Step("analyst", Role.ANALYST, "look"),
    Step("builder", Role.BUILDER, "build", ("analyst",)),
    Step("documenter", Role.DOCUMENTER, "write", ("analyst",)),
    Step("reviewer", Role.REVIEWER, "judge", ("builder", "documenter")),
)


def agent(key: str, step: str, status: AgentStatus = AgentStatus.COMPLETED) -> Agent:
    return Agent(key, "t1", step, Role.BUILDER, key, "m", status, "", Runtime.CLAUDE, False, NOW)


def test_tools_are_added_up_with_what_failed_and_what_was_refused():
    flow = Flow()
    for number in range(3):
        flow.take(e.ToolCalled(**IDS, tool_use_id=str(number), tool="Bash", words="w", input_blob=""))
        failed = number == 1
        flow.take(e.ToolReturned(**IDS, tool_use_id=str(number), tool="Bash", is_error=failed, output_blob=""))
    flow.take(e.ToolRefused(**IDS, tool="WebFetch", words="w"))
    flow.take(e.SubagentMoved(**IDS, subagent_id="s1", to="started", words="find the cause"))
    flow.take(e.SubagentMoved(**IDS, subagent_id="s1", to="completed"))
    work = flow.agents["a1"]
    assert {name: (use.calls, use.failed, use.refused) for name, use in work.tools.items()} == {
        "Bash": (3, 1, 0),
        "WebFetch": (0, 0, 1),
    }
    assert work.subagents == {"s1": "find the cause"}


def test_a_step_stands_behind_the_longest_way_to_it():
    assert columns(FORK) == {"analyst": 0, "builder": 1, "documenter": 1, "reviewer": 2}


def test_an_agent_is_handed_what_was_good_before_it_was_made():
    made = [
        agent("x", "analyst"),
        agent("b1", "builder", AgentStatus.FAILED),
        agent("d", "documenter"),
        agent("b2", "builder"),
        agent("r", "reviewer"),
    ]
    assert handed(FORK, made) == [
        Handed("x"),
        Handed("b1", "x"),
        Handed("d", "x"),
        Handed("b2", "x"),
        Handed("r", "b2"),
        Handed("r", "d"),
    ]


def test_an_agent_of_a_step_that_nobody_planned_begins_with_the_task():
    assert handed(FORK, [agent("z", "somebody")]) == [Handed("z")]
