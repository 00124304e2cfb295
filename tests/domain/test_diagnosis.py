"""From how an agent ended to what brought it about."""

from __future__ import annotations

from datetime import UTC, datetime

from data.domain import events as e
from data.domain.agents import Agent, AgentStatus, Role, Runtime
from data.domain.diagnosis import Diagnosis, diagnose, told
from data.domain.log_entries import entries
from tests.domain.test_log_entries import IDS, START, called, returned
from tests.domain.test_log_entries import told as happened

ENDED = datetime(2026, 3, 1, 12, 30, 5, tzinfo=UTC)


def agent(status: AgentStatus = AgentStatus.FAILED, error: str | None = "API Error: 529 overloaded") -> Agent:
    return Agent(
        *("a1", "t1", "builder", Role.BUILDER, "Builder", "m", status, "", Runtime.CLAUDE, False, START),
        error=error,
        ended_at=ENDED,
    )


def end(why: str = "API Error: 529 overloaded", to: AgentStatus = AgentStatus.FAILED) -> e.AgentMoved:
    return e.AgentMoved(**IDS, to=to, why=why)


def found(*events: e.Event, of: Agent | None = None) -> Diagnosis:
    diagnosed = diagnose(of or agent(), entries(happened(*events)))
    assert diagnosed is not None
    return diagnosed


def test_a_service_that_refused_is_the_cause():
    retry = e.RetryScheduled(
        **IDS, attempt=10, max_retries=10, delay_ms=1, status=529, error="overloaded", retry_at=START
    )
    why = found(called("u1", "Edit", "editing a.py"), returned("u1"), retry, end())
    assert why.sentence == "Builder failed at 12:30:05 UTC on 2026-03-01: API Error: 529 overloaded"
    assert (why.cause_words, why.cause_from) == (
        "the model service refused: overloaded, 529; try 10 of 10",
        "what the model service answered",
    )
    assert why.good is not None
    assert (why.good.words, why.entry) == ("editing a.py", 3)


def test_whom_the_service_turned_away_did_not_fail_by_a_call():
    why = found(called("u1"), returned("u1"), called("u2"), returned("u2", failed=True, preview="boom"), end())
    assert (why.cause_words, why.cause_from) == ("API Error: 529 overloaded", "how the agent ended")
    assert [entry.answer for entry in why.evidence] == ["boom"]


def test_the_error_output_says_more_than_that_the_process_died():
    dead = "The agent's process ended before it gave a result."
    stderr = e.Diagnostic(**IDS, words="FATAL ERROR: JavaScript heap out of memory")
    why = found(called("u1"), returned("u1"), called("u2"), stderr, end(dead), of=agent(error=dead))
    assert (why.why, why.cause_words) == (dead, "FATAL ERROR: JavaScript heap out of memory")
    assert why.cause_from == "what the command line said on its error output"
    assert [entry.key for entry in why.evidence] == ["u2"], "the call that never ended stands beside it"
    assert why.troubles == "1 call without an answer"


def test_a_test_that_failed_is_why_the_tester_said_no():
    said = e.Said(**IDS, message_id="m1", block="text", chars=9, blob="b")
    failing = returned("u2", failed=True, preview="FAILED test_add - assert -1 == 3")
    before = [called("u1"), returned("u1"), called("u2", words="running: pytest"), failing]
    after = [called("u3"), returned("u3"), said, end("The tests fail.")]
    why = found(*before, *after, of=agent(error="The tests fail."))
    assert (why.cause_words, why.cause_from) == ("FAILED test_add - assert -1 == 3", "what Bash answered")
    assert why.cause is not None
    assert (why.cause.key, why.cause.words) == ("u2", "running: pytest")
    assert why.good is not None
    assert why.good.key == "u1", "the last good step before it"


def test_a_call_that_was_not_permitted_is_the_cause():
    refused = e.ToolRefused(**IDS, tool="Bash", words="rm -rf was denied by ana", tool_use_id="u1")
    why = found(called("u1"), refused, end("It could not go on."), of=agent(error="It could not go on."))
    assert (why.cause_words, why.cause_from) == ("rm -rf was denied by ana", "a call of Bash that was not permitted")


def test_without_anything_bad_its_end_is_all_there_is():
    why = found(called("u1"), returned("u1"), end("The refusal itself."), of=agent(error="The refusal itself."))
    assert (why.cause_words, why.cause_from, why.entry) == ("The refusal itself.", "how the agent ended", 3)
    silent = diagnose(agent(error=None), [])
    assert silent is not None
    assert (silent.why, silent.cause, silent.good) == ("It ended without saying why.", None, None)


def test_an_agent_that_went_on_after_a_failed_call_has_not_failed():
    why = found(
        called("u1"), returned("u1", failed=True), called("u2"), returned("u2"), of=agent(AgentStatus.ACTIVE, None)
    )
    assert not why.failed
    assert why.sentence == "Builder is active; on the way: 1 call failed"
    assert (why.cause.key if why.cause else None) == "u1"
    assert diagnose(agent(AgentStatus.COMPLETED, None), entries(happened(called("u1"), returned("u1")))) is None


def test_an_old_trouble_is_not_taken_for_the_cause_of_a_late_end():
    fine = [event for n in range(40) for event in (called(f"k{n}"), returned(f"k{n}"))]
    why = found(called("u1"), returned("u1", failed=True), *fine, end("Cancelled by ana.", AgentStatus.CANCELLED))
    assert why.cause is not None
    assert why.cause.words == "cancelled: Cancelled by ana."


def test_a_line_that_cannot_be_read_brings_nobody_down():
    broken = e.Diagnostic(**IDS, words="tools.jsonl, line 3: it is empty", of_log=True)
    events = [called("u1"), returned("u1", failed=True, preview="boom"), broken, end("Not good.")]
    why = found(*events, of=agent(error="Not good."))
    assert (why.cause_words, why.evidence) == ("boom", ())


def test_a_terminal_gets_plain_lines():
    events = [called("u1"), returned("u1"), called("u2"), returned("u2", failed=True, preview="boom"), end("Not good.")]
    lines = told(found(*events, of=agent(error="Not good.")))
    assert lines == [
        "Builder failed at 12:30:05 UTC on 2026-03-01: Not good.",
        "Likely cause (what Bash answered; 12:00:03 UTC, entry 3): boom",
        "The call: running: ls (0:01)",
        "Last good step: running: ls at 12:00:01 UTC",
        "In all: 1 call failed.",
    ]
