"""Claude Code's telemetry shows a session with its cost, which is counted once whoever else tells of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from data.domain import events as e
from data.domain import observed
from data.domain.agents import AgentStatus
from data.domain.money import Tokens
from data.domain.tasks import TaskStatus
from data.store import AgentFilter, Store
from orchestrator_adapter.ingest import desk, otlp
from orchestrator_adapter.ingest.sweeping import GONE, QUIET, Sweep
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


@pytest.mark.parametrize("source", ["sdk", "repl_main_thread:outputStyle:custom", "main"])
def test_a_request_of_the_conversation_says_how_full_it_is(source: str, lite: Store) -> None:
    tell(lite, request(1, query_source=source, model="claude-haiku-4-5"))
    agent = agents(lite)["Claude"]
    assert (agent.model, agent.context_used) == ("claude-haiku-4-5", 1110)


@pytest.mark.parametrize("hooked", [True, False])
def test_a_request_without_an_id_is_counted_once(hooked: bool, lite: Store) -> None:
    """Some services give none: then only the transcript counts, if it is read at all."""
    if hooked:
        receive(lite, hook("UserPromptSubmit", prompt="go"))
    tell(lite, request(1, request_id="", client_request_id="made-up-by-the-client"))
    assert task(lite).cost_nanousd == (0 if hooked else REQUEST_NANOUSD)
    assert task(lite).reported_nanousd == REQUEST_NANOUSD


@pytest.mark.parametrize("source", ["agent:builtin:Explore", "agent:custom", "generate_session_title", "compact"])
def test_a_request_beside_the_conversation_says_nothing_of_it(source: str, lite: Store) -> None:
    tell(lite, request(1), request(2, query_source=source, model="claude-haiku-4-5", input_tokens=90_000))
    agent = agents(lite)["Claude"]
    assert (agent.model, agent.context_used) == ("claude-sonnet-5-5", 1110)
    assert agent.tokens.input == 90_010


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
    look = later(lite)
    look(QUIET * 2)
    assert agents(lite)["Claude"].status is AgentStatus.WAITING
    look(GONE * 2)
    assert task(lite).status is TaskStatus.COMPLETED
    look(GONE * 3)
    tell(lite, request(2))
    assert task(lite).status is TaskStatus.IN_PROGRESS
    assert task(lite).cost_nanousd == 2 * REQUEST_NANOUSD


def later(store: Store, astray: timedelta = timedelta(0)) -> Callable[[timedelta], None]:
    """Looks through the sessions so much later; by a clock that somebody set in between."""
    real, passed = store.now, [0.0]
    sweep = Sweep(store, lambda: passed[0])
    begun = real()

    def look(after: timedelta) -> None:
        passed[0] = after.total_seconds()
        store.now = lambda: begun + after + astray
        sweep.look()

    return look


def test_a_hundred_sessions_that_wait_keep_none_from_being_looked_at(lite: Store) -> None:
    receive(lite, *(hook("Stop", f"{number:08d}-0000-4000-8000-000000000000") for number in range(100)))
    tell(lite, request(1))
    later(lite)(QUIET * 2)
    assert agents(lite)["Claude"].status is AgentStatus.WAITING


@pytest.mark.parametrize("astray", [GONE * 2, -GONE * 2])
def test_a_clock_that_is_set_ends_no_session(astray: timedelta, lite: Store) -> None:
    tell(lite, request(1))
    look = later(lite, astray)
    look(timedelta(seconds=5))
    assert agents(lite)["Claude"].status is AgentStatus.ACTIVE
    look(QUIET * 2)
    assert agents(lite)["Claude"].status is AgentStatus.WAITING
    look(GONE - QUIET)
    assert task(lite).status is TaskStatus.IN_PROGRESS
    look(GONE + QUIET)
    assert task(lite).status is TaskStatus.COMPLETED


def test_running_totals_of_several_models_are_added_and_those_of_one_are_not(lite: Store) -> None:
    def total(usd: float, model: str, since: int) -> None:
        body = cost(usd, aggregationTemporality=2)
        point = body["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]["sum"]["dataPoints"][0]
        point["attributes"].append({"key": "model", "value": {"stringValue": model}})
        point["startTimeUnixNano"] = str(since)
        measure(lite, body)

    for told in ((1.0, "opus", 1), (0.25, "haiku", 1), (1.5, "opus", 1), (1.5, "opus", 1), (0.5, "opus", 2)):
        total(*told)
    assert task(lite).reported_nanousd == 2_250_000_000


@pytest.mark.parametrize("usd", [math.inf, math.nan, 1e300, -1.0])
def test_a_cost_that_nobody_can_have_is_not_believed(usd: float, lite: Store) -> None:
    measure(lite, cost(0.5))
    tell(lite, request(1, cost_usd=usd))
    measure(lite, cost(usd) if math.isfinite(usd) else cost(0.0, dataPoints=_odd(usd)))
    assert (task(lite).reported_nanousd, task(lite).cost_nanousd) == (500_000_000, REQUEST_NANOUSD)


def _odd(usd: float) -> list[dict[str, Any]]:
    told = [{"key": "session.id", "value": {"stringValue": SESSION}}]
    return [{"asDouble": str(usd).replace("inf", "Infinity"), "attributes": told}]


def test_a_session_that_goes_on_reports_what_it_cost_in_all_once(store: Store) -> None:
    """Its total runs on over its lives, each of which is an agent of its own."""
    receive(store, hook("UserPromptSubmit", prompt="go"))
    tell(store, request(1))
    receive(store, hook("SessionEnd", reason="other"))
    receive(store, hook("SessionStart", source="resume"))
    tell(store, request(2), request(3))
    measure(store, cost(3 * 0.00352))
    assert task(store).reported_nanousd == 3 * REQUEST_NANOUSD
    with store.read() as board:
        lives = board.agents(AgentFilter(task_id=TASK)).items
    assert sorted(one.reported_nanousd or 0 for one in lives) == [REQUEST_NANOUSD, 2 * REQUEST_NANOUSD]
    assert kinds(store).count("total_reported") == 3  # one for each batch that told of money


def test_an_event_that_is_not_known_is_kept(lite: Store) -> None:
    tell(lite, event("tea_break", minutes=5), event("assistant_response"))
    assert kinds(lite).count("signal_received") == 1
    assert counts(lite) == {("logs", "tea_break"): 1, ("logs", "assistant_response"): 1}
