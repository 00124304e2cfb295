"""Agents that get on, stand still and go round in circles, told from their events alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.domain import events as e
from data.domain.agents import AgentStatus, FileChange
from data.domain.fleet import Patience
from data.domain.money import Tokens
from data.domain.progress import Looping, Progress, State, Stuck, doing, essence, fold, holds, verdict

START = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
IDS = {"task_id": "t1", "agent_id": "a1"}
PATIENCE = Patience(silent_s=600, repeats=5, tokens=10_000)


class Tale:
    """An agent's events as they come, with the time between them."""

    def __init__(self) -> None:
        self.progress, self.now, self.id = Progress(since=START), START, 0
        self.then(e.AgentMoved(**IDS, to=AgentStatus.ACTIVE))

    def then(self, *events: e.Event, after_s: float = 0) -> Tale:
        self.now += timedelta(seconds=after_s)
        for event in events:
            self.id += 1
            self.progress = fold(self.progress, self.id, self.now, event)
        return self

    def call(self, given: str, answer: str = "ok", after_s: float = 1) -> Tale:
        self.then(called(given, key := f"u{self.id}"))
        return self.then(e.ToolReturned(**IDS, tool_use_id=key, tool="Bash", is_error=False, output_blob=answer),
                         after_s=after_s)  # fmt: skip

    def found(self, after_s: float = 0):
        return verdict(self.progress, PATIENCE, self.now + timedelta(seconds=after_s))


def called(given: str, key: str = "u") -> e.ToolCalled:
    return e.ToolCalled(**IDS, tool_use_id=key, tool="Bash", words=f"running {given}", input_blob=given)


def used(count: int, message: str, cached: int = 0) -> e.MessageMetered:
    tokens = Tokens(input=count, cache_read=cached)
    return e.MessageMetered(**IDS, message_id=message, model="m", tokens=tokens, cost_nanousd=1)


def calls(tale: Tale, given: Iterable[str]) -> Tale:
    for one in given:
        tale.call(one)
    return tale


@given(st.lists(st.floats(0, 599), min_size=1, max_size=60))
def test_distinct_calls_within_patience_are_never_stuck(pauses: list[float]) -> None:
    tale = Tale()
    for number, pause_s in enumerate(pauses):
        assert tale.found(pause_s) is None
        tale.call(f"call {number}", after_s=pause_s)
        assert tale.found() is None


@given(st.lists(st.text("xyz", max_size=3), max_size=12), st.integers(1, 4), st.integers(5, 12))
def test_a_circle_is_always_found_whatever_came_before(before: list[str], length: int, rounds: int) -> None:
    tale = calls(Tale(), before)
    calls(tale, [f"round {number}" for number in range(length)] * rounds)
    found = tale.found()
    assert isinstance(found, Looping)
    assert "round 0" in found.reason
    assert holds(tale.progress, found.key)


@given(st.integers(1, 4), st.integers(1, 4))
def test_fewer_rounds_than_patience_has_are_no_circle(length: int, rounds: int) -> None:
    assert calls(Tale(), [f"round {number}" for number in range(length)] * rounds).found() is None


def test_the_same_call_with_another_answer_is_progress() -> None:
    tale = Tale()
    for number in range(20):
        tale.call("make test", f"{number} passed", after_s=500)
        assert tale.found(500) is None


def test_the_same_circle_has_one_name_and_loses_it_when_it_ends() -> None:
    tale = calls(Tale(), ["a", "b"] * 5)
    first = tale.found()
    again = calls(tale, ["a", "b", "a"]).found()
    assert first.key == again.key
    tale.call("c")
    assert tale.found() is None
    assert not holds(tale.progress, first.key)


def test_silence_is_found_after_patience_and_ends_with_the_next_progress() -> None:
    tale = Tale().call("a")
    assert tale.found(599) is None
    found = tale.found(600)
    assert isinstance(found, Stuck)
    assert "No progress for 10:00" in found.reason
    assert found.evidence["Last progress"].endswith("running a")
    assert holds(tale.progress, found.key)
    tale.call("b", after_s=700)
    assert not holds(tale.progress, found.key)


def test_a_long_tool_call_is_told_as_such_and_stuck_only_after_patience() -> None:
    tale = Tale().then(called("make", "u1"))
    at = tale.now + timedelta(seconds=480)
    assert (tale.progress.state(at), doing(tale.progress, at)) == (State.TOOL, "tool running for 8:00: running make")
    assert tale.found(480) is None
    assert "tool running for 10:00: running make" in tale.found(600).reason


@pytest.mark.parametrize("hours", [1, 30])
def test_waiting_for_a_person_is_never_stuck_and_patience_begins_anew_after_it(hours: int) -> None:
    asked = e.ApprovalAsked(**IDS, approval_id="q", tool="Bash", words="rm", input_blob="b", why="w", expires_at=START)
    tale = Tale().then(called("rm"), asked)
    assert tale.found(3600 * hours) is None
    assert tale.progress.state(tale.now) is State.PERSON
    tale.then(e.ApprovalAnswered(**IDS, approval_id="q", to="allowed", by="me"), after_s=3600 * hours)
    assert tale.found(599) is None
    assert isinstance(tale.found(600), Stuck)


def test_retrying_is_not_stuck_until_its_time_has_come_and_gone() -> None:
    retry_at = START + timedelta(hours=2)
    tale = Tale().then(e.RetryScheduled(**IDS, attempt=1, max_retries=4, delay_ms=1, retry_at=retry_at))
    assert tale.found(7199) is None
    assert doing(tale.progress, START) == "retrying at 12:00:00 UTC"
    assert tale.found(7200 + 599) is None
    assert isinstance(tale.found(7200 + 600), Stuck)


def test_tokens_without_progress_are_found_but_the_cache_is_read_for_nothing() -> None:
    tale = Tale().then(*(used(1, f"m{n}", cached=100_000) for n in range(20)))
    assert tale.found() is None
    tale.then(used(9_000, "big"), used(9_500, "big"))
    assert tale.found() is None, "a fuller copy of a reply is counted once"
    tale.then(used(1_000, "more"))
    assert "tokens without progress" in tale.found().reason
    assert tale.call("a").found() is None


def test_words_of_people_begin_anew() -> None:
    tale = calls(Tale(), ["a"] * 6).then(e.AgentTold(**IDS, words="stop that", by="me"))
    assert tale.found() is None
    assert calls(tale, ["a"] * 4).found() is None


def test_an_agent_that_has_not_begun_or_has_ended_is_not_looked_after() -> None:
    later = START + timedelta(days=2)
    assert verdict(Progress(since=START), PATIENCE, later) is None
    ended = Tale().call("a").then(e.AgentMoved(**IDS, to=AgentStatus.COMPLETED)).progress
    assert (verdict(ended, PATIENCE, later), ended.state(later)) == (None, State.ENDED)


def test_a_changed_file_of_an_attached_agent_is_progress_and_a_read_one_is_not() -> None:
    tale = Tale().then(e.FileTouched(**IDS, path="a.py", change=FileChange.READ), after_s=500)
    assert isinstance(tale.found(100), Stuck)
    tale.then(e.FileTouched(**IDS, path="a.py", change=FileChange.MODIFIED))
    assert tale.found(599) is None


@given(st.timedeltas(min_value=timedelta(hours=-30), max_value=timedelta(hours=30)), st.integers(0, 1200))
def test_a_shift_by_what_the_clock_jumped_changes_no_verdict(jump: timedelta, quiet_s: int) -> None:
    tale = Tale().call("a").then(called("make"))
    at = tale.now + timedelta(seconds=quiet_s)
    before, after = (
        verdict(p, PATIENCE, t) for p, t in [(tale.progress, at), (tale.progress.shifted(jump), at + jump)]
    )
    assert (before is None) == (after is None)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1 failed in 0.12s", "1 failed in 3.40s", True),
        ("Ran 3 tests in 0.001 s", "Ran 3 tests in 0.002 s", True),
        ("<f at 0x7f01>", "<f at 0x8aa2>", True),
        ("2026-11-24 10:00:01 no", "2026-11-25 11:30:59 no", True),
        ("1 failed, 2 passed in 0.12s", "3 passed in 0.12s", False),
        ("line 5", "line 6", False),
    ],
)
def test_answers_that_differ_only_in_the_time_they_took_are_the_same(one: str, other: str, same: bool) -> None:
    assert (essence(one) == essence(other)) is same
