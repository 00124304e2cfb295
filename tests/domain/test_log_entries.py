"""Actions from events: each with its outcome, its time and what it touched; and the filters over them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.domain import events as e
from data.domain.agents import AgentStatus, FileChange
from data.domain.log_entries import EntryKind, LogEntry, LogFilter, Outcome, chosen, entries, last_good, tools

IDS = {"task_id": "t1", "agent_id": "a1"}
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class One:
    id: int
    at: datetime
    event: e.Event


def told(*events: e.Event, step_s: float = 1) -> list[One]:
    return [One(n, START + timedelta(seconds=step_s * n), event) for n, event in enumerate(events, 1)]


def called(key: str, tool: str = "Bash", words: str = "running: ls") -> e.ToolCalled:
    return e.ToolCalled(**IDS, tool_use_id=key, tool=tool, words=words, input_blob="in")


def returned(key: str, *, failed: bool = False, preview: str = "") -> e.ToolReturned:
    return e.ToolReturned(**IDS, tool_use_id=key, tool="Bash", is_error=failed, output_blob="out", preview=preview)


def test_a_call_stands_with_what_came_back_and_what_it_touched():
    touched = e.FileTouched(**IDS, path="a.py", change=FileChange.MODIFIED, tool_use_id="u1")
    (call,) = entries(told(called("u1", "Edit", "editing a.py"), returned("u1", preview="done"), touched))
    assert (call.outcome, call.seconds, call.answer, call.files) == (Outcome.OK, 1.0, "done", (("a.py", "modified"),))
    assert (call.id, call.key, call.input_blob, call.output_blob) == (1, "u1", "in", "out")


def test_calls_side_by_side_get_their_own_answers():
    first, second = entries(told(called("u1"), called("u2"), returned("u2", failed=True), returned("u1")))
    assert (first.outcome, first.seconds) == (Outcome.OK, 3.0)
    assert (second.outcome, second.seconds) == (Outcome.FAILED, 1.0)


def test_what_never_came_back_is_unfinished_and_what_was_not_permitted_is_refused():
    refused = e.ToolRefused(**IDS, tool="Bash", words="not permitted", tool_use_id="u2")
    first, second = entries(told(called("u1"), called("u2"), refused, returned("u2", failed=True), refused))
    (third,) = entries(told(refused))
    assert (first.outcome, first.seconds) == (Outcome.UNFINISHED, None)
    assert (second.outcome, second.answer) == (Outcome.REFUSED, "not permitted")
    assert (third.kind, third.outcome) == (EntryKind.REFUSED, Outcome.REFUSED)


def test_all_else_that_an_agent_does_is_an_action_too():
    found = entries(
        told(
            e.SessionStarted(**IDS, session_id="s", model="m"),
            e.Activity(**IDS, words="thinking"),
            e.Said(**IDS, message_id="m1", block="thinking", chars=1, blob="b"),
            e.RetryScheduled(
                **IDS, attempt=2, max_retries=10, delay_ms=5, status=529, error="overloaded", retry_at=START
            ),
            e.Diagnostic(**IDS, words="a warning"),
            e.AgentMoved(**IDS, to=AgentStatus.FAILED, why="API Error"),
        )
    )
    assert [(entry.kind, entry.words, entry.outcome) for entry in found] == [
        (EntryKind.MOVED, "its session started on m", Outcome.OK),
        (EntryKind.SAID, "thought for 1 character", Outcome.OK),
        (EntryKind.RETRY, "the model service refused: overloaded, 529; try 2 of 10", Outcome.FAILED),
        (EntryKind.NOTICE, "a warning", Outcome.OK),
        (EntryKind.MOVED, "failed: API Error", Outcome.FAILED),
    ]


def test_a_log_that_was_read_in_several_goes_ends_once():
    read = {"folder": "/l", "files": {}, "began_at": START, "ended_at": START}
    first = e.LogsImported(**IDS, **read, status=AgentStatus.FAILED, why="no end")
    found = entries(told(first, called("u1"), first.model_copy(update={"status": AgentStatus.COMPLETED, "why": ""})))
    assert [entry.words for entry in found] == ["running: ls", "completed"]


def test_a_clock_that_was_set_back_makes_no_negative_time():
    (call,) = entries(told(called("u1"), returned("u1"), step_s=-5))
    assert call.seconds == 0.0


EVENTS = st.lists(
    st.one_of(
        st.builds(called, st.sampled_from("uvw"), st.sampled_from(["Bash", "Read"])),
        st.builds(lambda key, failed: returned(key, failed=failed), st.sampled_from("uvw"), st.booleans()),
        st.builds(lambda key: e.ToolRefused(**IDS, tool="Bash", words="no", tool_use_id=key), st.sampled_from("uvw")),
        st.just(e.Diagnostic(**IDS, words="x")),
    ),
    max_size=30,
)


@given(EVENTS)
def test_no_call_is_lost_and_none_comes_twice(events: list[e.Event]):
    found = entries(told(*events))
    calls = [entry for entry in found if entry.kind is EntryKind.CALL]
    assert len(calls) == sum(isinstance(event, e.ToolCalled) for event in events)
    assert [entry.id for entry in found] == sorted({entry.id for entry in found})
    assert sum(len(chosen(found, LogFilter(outcome=outcome))) for outcome in Outcome) == len(found)


def entry(number: int, tool: str = "Bash", outcome: Outcome = Outcome.OK, words: str = "ls") -> LogEntry:
    return LogEntry(number, "a1", START + timedelta(minutes=number), EntryKind.CALL, words, outcome, tool, f"u{number}")


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (LogFilter(), [1, 2, 3]),
        (LogFilter(tool="Read"), [2]),
        (LogFilter(outcome=Outcome.FAILED), [3]),
        (LogFilter(since=START + timedelta(minutes=2)), [2, 3]),
        (LogFilter(until=START + timedelta(minutes=2)), [1]),
        (LogFilter(text="GREP"), [3]),
        (LogFilter(tool="Bash", outcome=Outcome.OK, calls_only=True), [1]),
    ],
)
def test_filters(wanted: LogFilter, ids: list[int]):
    found = [entry(1), entry(2, "Read"), entry(3, outcome=Outcome.FAILED, words="grep x")]
    assert [one.id for one in chosen(found, wanted)] == ids


def test_tools_are_named_once():
    assert tools([entry(1), entry(2, "Read"), entry(3)]) == ["Bash", "Read"]


def test_the_last_good_step_is_a_deed_rather_than_a_word():
    said = LogEntry(3, "a1", START, EntryKind.SAID, "wrote 3 characters")
    found = [entry(1), entry(2, outcome=Outcome.FAILED), said]
    assert last_good(found, 3) == found[0]
    assert last_good([said], 1) == said
    assert last_good(found, 0) is None
