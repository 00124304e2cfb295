"""Whether an agent gets on: what it does now, when it last made progress, and whether it goes round in circles."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from operator import eq
from typing import ClassVar

from data.domain import events as e
from data.domain import words
from data.domain.agents import LIVE, AgentStatus, FileChange
from data.domain.alerts import AlertKind
from data.domain.fleet import Patience

LONGEST_CIRCLE = 4
"""Calls in one round at most: A-B-C-D-A-B-C-D is a circle."""
REMEMBERED = 300
"""Calls of which the last answer is known; an older one counts as new."""

Pair = tuple[str, str]
"""A call with its answer, both as hashes."""


class State(StrEnum):
    """What an agent does now."""

    UNBEGUN = "unbegun"
    """Its process has not started: it waits for a free place."""
    IDLE = "idle"
    STREAMING = "streaming"
    TOOL = "tool"
    PERSON = "person"
    """It waits for a person's answer."""
    RETRYING = "retrying"
    """It waits for the time of its next try."""
    ENDED = "ended"


@dataclass(frozen=True)
class Running:
    """A tool call that has not answered yet."""

    call: str
    words: str
    since: datetime


@dataclass(frozen=True)
class Circle:
    """Rounds of one length that came in a row."""

    matches: int = 0
    """Pairs in a row that equal the one a round before."""
    begun: int = 0
    """The event with which the first repetition came."""


@dataclass(frozen=True)
class Progress:
    """One agent as its events tell it; times are those of the store."""

    since: datetime
    """When it last made progress, or last had a reason to stand still."""
    event_id: int = 0
    """The event with which it did: the name of the quiet that follows."""
    last: str = "started"
    """That progress in words."""
    tokens: int = 0
    """Used since then; without what was read from the cache, which each reply reads anew."""
    begun: bool = False
    ended: bool = False
    running: Mapping[str, Running] = field(default_factory=dict)
    questions: frozenset[str] = frozenset()
    retry_at: datetime | None = None
    streaming: bool = False
    answers: Mapping[str, str] = field(default_factory=dict)
    """The last answer of each call."""
    calls: Mapping[str, str] = field(default_factory=dict)
    """Calls of the present circle in words."""
    pairs: tuple[Pair, ...] = ()
    """The last calls with their answers, as many as a circle may have."""
    circles: tuple[Circle, ...] = (Circle(),) * LONGEST_CIRCLE
    """By length, the shortest first."""
    metered: tuple[str, int] = ("", 0)
    """The last reply that was counted: its id and tokens, because a fuller copy of it may follow."""

    def shifted(self, by: timedelta) -> Progress:
        """The same after the clock was set, or after a sleep: what nobody could use counts for nobody."""
        running = {key: replace(one, since=one.since + by) for key, one in self.running.items()}
        retry_at = None if self.retry_at is None else self.retry_at + by
        return replace(self, since=self.since + by, running=running, retry_at=retry_at)

    def rounds(self, length: int) -> int:
        """How often the same `length` calls with the same answers came in a row."""
        return self.circles[length - 1].matches // length + 1 if self.pairs else 0

    @property
    def repeated(self) -> tuple[int, int]:
        """Rounds and their length, of the circle that was gone round most often."""
        return max(((self.rounds(n), n) for n in range(1, LONGEST_CIRCLE + 1)), key=lambda found: (found[0], -found[1]))

    def state(self, now: datetime) -> State:
        if self.ended:
            return State.ENDED
        if not self.begun:
            return State.UNBEGUN
        if self.questions:
            return State.PERSON
        if self.retry_at is not None and self.retry_at > now:
            return State.RETRYING
        if self.running:
            return State.TOOL
        return State.STREAMING if self.streaming else State.IDLE


@dataclass(frozen=True)
class Finding:
    """Why somebody should look at an agent."""

    kind: ClassVar[AlertKind]
    key: str
    """The same for as long as nothing changes, in every process that watches."""
    reason: str
    evidence: dict[str, str]


@dataclass(frozen=True)
class Stuck(Finding):
    """It makes no progress."""

    kind = AlertKind.STUCK


@dataclass(frozen=True)
class Looping(Finding):
    """It does the same again and again, and gets the same answer."""

    kind = AlertKind.LOOPING


_FLEETING = re.compile(
    r"\b0x[0-9a-f]+\b|\b\d+(?:\.\d+)?\s?(?:ms|s|sec|seconds?|minutes?)\b"
    r"|\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?|\b\d\d:\d\d:\d\d(?:\.\d+)?|\bpid \d+|/tmp/\S+",
    re.IGNORECASE,
)


def essence(text: str) -> str:
    """The hash of an answer without what differs each time: durations, times of day, addresses in memory.

    Counts stay: one more test that passes is another answer.
    """
    return hashlib.sha256(_FLEETING.sub("~", text).encode()).hexdigest()


def fold(
    progress: Progress, event_id: int, at: datetime, event: e.Event, alike: Callable[[str, str], bool] = eq
) -> Progress:
    """The progress after one more event of its agent; `alike` says whether two answers are the same."""
    match event:
        case e.AgentMoved(to=to):
            return _moved(progress, event_id, at, to)
        case e.SessionStarted() | e.StepContinued():
            fresh = _advanced(progress, event_id, at, "its process started")
            return replace(fresh, running={}, retry_at=None, streaming=True)
        case e.AgentTold(by=by):
            told = _advanced(progress, event_id, at, f"told something by {by}")
            return replace(told, running={}, retry_at=None, pairs=(), circles=Progress.circles)
        case e.ApprovalAsked(approval_id=asked):
            return replace(progress, questions=progress.questions | {asked})
        case e.ApprovalAnswered(approval_id=asked):
            answered = _advanced(progress, event_id, at, "a person's answer")
            return replace(answered, questions=progress.questions - {asked})
        case e.RetryScheduled(retry_at=until) | e.StepRetried(retry_at=until):
            return replace(progress, retry_at=until, since=max(progress.since, until), running={}, streaming=False)
        case e.ToolCalled() | e.ToolReturned() | e.FileTouched():
            return _worked(progress, event_id, at, event, alike)
        case e.MessageMetered():
            return _metered(progress, event)
        case e.Said(block="text", parent="") if progress.repeated[0] < 2:
            return replace(_advanced(progress, event_id, at, "wrote an answer"), streaming=True, retry_at=None)
        case e.SubagentMoved(words=told, to=to):
            return _advanced(progress, event_id, at, f"sub-agent {to}: {told}")
        case e.Activity() | e.Said():
            return replace(progress, streaming=True)
    return progress


def _moved(progress: Progress, event_id: int, at: datetime, to: AgentStatus) -> Progress:
    if to not in LIVE:
        return replace(progress, ended=True)
    if to is AgentStatus.ACTIVE and not progress.begun:
        return replace(_advanced(progress, event_id, at, "started"), begun=True)
    return progress


def _advanced(progress: Progress, event_id: int, at: datetime, last: str) -> Progress:
    return replace(progress, since=at, event_id=event_id, last=last, tokens=0)


def _worked(
    progress: Progress,
    event_id: int,
    at: datetime,
    event: e.ToolCalled | e.ToolReturned | e.FileTouched,
    alike: Callable[[str, str], bool],
) -> Progress:
    match event:
        case e.ToolCalled(tool=tool, input_blob=blob):
            call = f"{tool}:{blob}"
            running = {**progress.running, event.tool_use_id: Running(call, event.words, at)}
            new = call not in progress.answers
            called = _advanced(progress, event_id, at, event.words) if new else progress
            others = [(known, told) for known, told in progress.calls.items() if known != call]
            named = dict([*others, (call, event.words)][-2 * LONGEST_CIRCLE :])
            return replace(called, running=running, calls=named, streaming=False, retry_at=None)
        case e.ToolReturned(tool_use_id=key, output_blob=answer):
            done = progress.running.get(key)
            left = replace(progress, running={k: v for k, v in progress.running.items() if k != key})
            return left if done is None else _returned(left, event_id, at, done, answer, alike)
        case e.FileTouched(change=change, tool_use_id=""):  # of an agent whose calls are not known
            read = change is FileChange.READ
            return progress if read else _advanced(progress, event_id, at, f"{change} {event.path}")
    return progress  # the call that touched the file told it already


def _returned(
    progress: Progress, event_id: int, at: datetime, done: Running, answer: str, alike: Callable[[str, str], bool]
) -> Progress:
    before = progress.answers.get(done.call)
    same = before is not None and alike(before, answer)
    pair = (done.call, before if same and before is not None else answer)
    rest = {call: told for call, told in progress.answers.items() if call != done.call}
    answers = dict(list({**rest, done.call: pair[1]}.items())[-REMEMBERED:])
    if not same:
        progress = _advanced(progress, event_id, at, done.words)
    circles = tuple(
        _round(circle, length, progress.pairs, pair, event_id) for length, circle in enumerate(progress.circles, 1)
    )
    return replace(progress, answers=answers, circles=circles, pairs=(*progress.pairs, pair)[-LONGEST_CIRCLE:])


def _round(circle: Circle, length: int, pairs: tuple[Pair, ...], pair: Pair, event_id: int) -> Circle:
    if len(pairs) < length or pairs[-length] != pair:
        return Circle()
    return replace(circle, matches=circle.matches + 1, begun=circle.begun or event_id)


def _metered(progress: Progress, event: e.MessageMetered) -> Progress:
    used = event.tokens.total - event.tokens.cache_read
    known = progress.metered[1] if progress.metered[0] == event.message_id else 0
    tokens = progress.tokens + max(used - known, 0)
    return replace(progress, tokens=tokens, metered=(event.message_id, max(used, known)), retry_at=None)


def verdict(progress: Progress, patience: Patience, now: datetime) -> Finding | None:
    """Whether somebody should look; never while it waits for a person, or for the time of its next try."""
    if progress.state(now) in (State.UNBEGUN, State.ENDED, State.PERSON, State.RETRYING):
        return None
    rounds, length = progress.repeated
    if rounds >= patience.repeats:
        return _looping(progress, rounds, length, now)
    quiet_s = (now - progress.since).total_seconds()
    if quiet_s >= patience.silent_s:
        reason = f"No progress for {words.duration(quiet_s)}: {doing(progress, now)}."
        return Stuck(f"stuck-{progress.event_id}", reason, _evidence(progress, now))
    if progress.tokens >= patience.tokens:
        reason = f"Used {words.tokens(progress.tokens)} tokens without progress: {doing(progress, now)}."
        return Stuck(f"stuck-{progress.event_id}", reason, _evidence(progress, now))
    return None


def holds(progress: Progress, key: str) -> bool:
    """Whether what was found under this key has not changed since."""
    if progress.ended:
        return False
    circling = (f"looping-{circle.begun}" for circle in progress.circles if circle.matches)
    return key == f"stuck-{progress.event_id}" or key in circling


def _looping(progress: Progress, rounds: int, length: int, now: datetime) -> Looping:
    told = [progress.calls.get(call, call.partition(":")[0]) for call, _ in progress.pairs[-length:]]
    again = ", then ".join(dict.fromkeys(told))
    reason = f"Did the same {rounds} times with the same answer: {again}."
    evidence = {"Repeated": f"{rounds} times in a row", "Calls in one round": str(length)}
    key = f"looping-{progress.circles[length - 1].begun}"
    return Looping(key, reason, evidence | _evidence(progress, now))


def _evidence(progress: Progress, now: datetime) -> dict[str, str]:
    return {
        "Now": doing(progress, now),
        "Last progress": f"{progress.since:%Y-%m-%d %H:%M:%S} UTC, {progress.last}",
        "Tokens since then": words.tokens(progress.tokens),
    }


def doing(progress: Progress, now: datetime) -> str:
    """What it does now, in words."""
    match progress.state(now):
        case State.TOOL:
            oldest = min(progress.running.values(), key=lambda one: one.since)
            return f"tool running for {words.duration(max(0.0, (now - oldest.since).total_seconds()))}: {oldest.words}"
        case State.STREAMING:
            return "waiting for the model's reply"
        case State.PERSON:
            return "waiting for a person"
        case State.RETRYING if progress.retry_at is not None:
            return f"retrying at {progress.retry_at:%H:%M:%S} UTC"
        case State.UNBEGUN:
            return "waiting for its start"
        case State.ENDED:
            return "ended"
    return "nothing is heard of it"
