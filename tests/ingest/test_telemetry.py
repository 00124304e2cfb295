"""Claude Code's telemetry shows a session with its cost, which is counted once whoever else tells of it."""

from __future__ import annotations

from typing import Any

import pytest

from data.domain import events as e
from data.domain import observed
from data.domain.agents import AgentStatus
from data.domain.money import Tokens
from data.domain.tasks import TaskStatus
from data.store import Store
from orchestrator_adapter.ingest import desk, otlp
from tests.ingest.reports import (
    EDIT,
    REQUEST_NANOUSD,
    SESSION,
    TASK,
    agents,
    cost,
    counts,
    hook,
    kinds,
    logs,
    receive,
    request,
    task,
    text,
)


def tell(store: Store, *events: dict[str, Any]) -> None:
    found = otlp.read("logs", text(logs(*events)), otlp.JSON)
    desk.write_all(store, [desk.record("logs", one) for one in found])


def measure(store: Store, body: dict[str, Any]) -> None:
    found = otlp.read("metrics", text(body), otlp.JSON)
    desk.write_all(store, [desk.record("metrics", one) for one in found])


def event(name: str, **more: Any) -> dict[str, Any]:
    return {"event.name": name, "session.id": SESSION, **more}


def transcript(store: Store, number: int, output: int = 120) -> None:
    """The same request, as a transcript tells of it: it knows the message too, and a little more output."""
    metered = e.MessageMetered(
        task_id=TASK,
        agent_id=observed.agent_id(SESSION),
        message_id=f"msg_{number}",
        request_id=f"req_{SESSION[:4]}_{number}",
        model="claude-sonnet-5-5",
        tokens=Tokens(input=10, output=output, cache_write_5m=1000),
        cost_nanousd=REQUEST_NANOUSD + (output - 100) * 10_000,
    )
    with store.write(durable=True) as ledger:
        ledger.append(metered)


def test_a_session_is_seen_with_its_cost(store: Store) -> None:
    tool = {"tool_name": "Bash", "success": "false", "error": "exit 2", "tool_input": '{"command": "make"}'}
    tell(
        store,
        event("user_prompt", prompt="Fix the build", prompt_length="13"),
        request(1),
        event("tool_result", **tool, tool_use_id="toolu_9"),
        request(2, query_source="subagent", model="claude-haiku-4-5"),
    )
    found, agent = task(store), agents(store)["Claude"]
    assert (found.status, found.description) == (TaskStatus.IN_PROGRESS, "Fix the build")
    assert found.cost_nanousd == REQUEST_NANOUSD + 10 * 1000 + 100 * 5000 + 1000 * 1250
    assert found.tokens == Tokens(input=20, output=200, cache_write_5m=2000)
    assert found.reported_nanousd == 7_040_000  # what the sender says itself is a second figure
    assert (agent.model, agent.context_used, agent.context_window) == ("claude-sonnet-5-5", 1110, 1_000_000)
    assert (agent.session_id, agent.tool_calls, agent.activity) == (SESSION, 1, "running: make")
    assert counts(store) == {("logs", "api_request"): 2, ("logs", "user_prompt"): 1, ("logs", "tool_result"): 1}


def test_a_request_that_is_sent_again_is_counted_once(store: Store) -> None:
    tell(store, request(1))
    tell(store, request(1), request(2))
    assert task(store).cost_nanousd == 2 * REQUEST_NANOUSD


@pytest.mark.parametrize("first", ["telemetry", "transcript"])
def test_a_transcript_that_tells_of_the_same_request_is_what_counts(first: str, store: Store) -> None:
    tell(store, event("user_prompt", prompt="go"))
    if first == "telemetry":
        tell(store, request(1), request(2))
        transcript(store, 1)
    else:
        transcript(store, 1)
        tell(store, request(1), request(2))
    found, agent = task(store), agents(store)["Claude"]
    assert found.cost_nanousd == agent.cost_nanousd == 2 * REQUEST_NANOUSD + 200_000
    assert found.tokens == Tokens(input=20, output=220, cache_write_5m=2000)
    with store.read() as board:
        told = {one.message_id for one in board.messages(agent.id)}
    assert told == {"msg_1", f"telemetry:req_{SESSION[:4]}_2"}
    transcript(store, 1)
    assert task(store).cost_nanousd == found.cost_nanousd


def test_a_request_without_a_price_gives_way_as_well(lite: Store) -> None:
    tell(lite, request(1, model="somebody-elses-model"))
    assert (task(lite).cost_nanousd, task(lite).unpriced_messages) == (0, 1)
    transcript(lite, 1, output=100)
    assert (task(lite).cost_nanousd, task(lite).unpriced_messages) == (REQUEST_NANOUSD, 0)


def test_what_hooks_tell_is_not_told_again(lite: Store) -> None:
    receive(lite, hook("UserPromptSubmit", prompt="go"), hook("PreToolUse", **EDIT))
    tell(lite, event("user_prompt", prompt="go"), event("tool_result", tool_name="Edit", success="true"), request(1))
    assert kinds(lite).count("tool_called") == 1
    assert (task(lite).tool_calls, task(lite).cost_nanousd) == (1, REQUEST_NANOUSD)


def test_numbers_may_come_as_text_and_nonsense_counts_as_nothing(lite: Store) -> None:
    tell(lite, request(1, input_tokens="10", output_tokens="100", cost_usd="0.00352", cache_creation_tokens="1000"))
    assert (task(lite).cost_nanousd, task(lite).reported_nanousd) == (REQUEST_NANOUSD, REQUEST_NANOUSD)
    odd = {"input_tokens": "many", "output_tokens": -5, "cache_read_tokens": True, "cost_usd": "nan", "speed": 3}
    tell(lite, request(2, **odd, cache_creation_tokens=0, cache_creation_5m_tokens=[]))
    assert task(lite).tokens.output == 100


def test_the_metric_of_cost_is_a_second_figure_only(store: Store) -> None:
    measure(store, cost(0.25))
    measure(store, cost(0.5))
    assert (task(store).cost_nanousd, task(store).reported_nanousd) == (0, 750_000_000)
    measure(store, cost(1.5, aggregationTemporality=2))
    assert task(store).reported_nanousd == 1_500_000_000


def test_a_session_of_which_only_telemetry_tells_waits_when_it_is_quiet(lite: Store) -> None:
    tell(lite, event("user_prompt", prompt="go"), request(1))
    assert agents(lite)["Claude"].status is AgentStatus.ACTIVE
    real, lite.now = lite.now, lambda: real() + desk.QUIET * 2
    desk.sweep(lite)
    assert agents(lite)["Claude"].status is AgentStatus.WAITING
    lite.now = lambda: real() + desk.GONE * 2
    desk.sweep(lite)
    assert task(lite).status is TaskStatus.COMPLETED
    desk.sweep(lite)
    lite.now = real
    tell(lite, request(2))
    assert task(lite).status is TaskStatus.IN_PROGRESS
    assert task(lite).cost_nanousd == 2 * REQUEST_NANOUSD


def test_an_event_that_is_not_known_is_kept(lite: Store) -> None:
    tell(lite, event("tea_break", minutes=5), event("assistant_response"))
    assert kinds(lite).count("signal_received") == 1
    assert counts(lite) == {("logs", "tea_break"): 1, ("logs", "assistant_response"): 1}
