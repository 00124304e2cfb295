"""Why something failed: the first agent that did, the last thing that went well, and the cause in the words of whoever
said it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from data.domain.agents import Agent, AgentStatus
from data.domain.log_entries import EntryKind, LogEntry, Outcome, last_good
from data.domain.words import count, duration

MOST_EVIDENCE = 6
NEAR = 25
"""So many entries before the end may hold its cause."""
_UNSAID = "It ended without saying why."
_SAYS = {
    EntryKind.NOTICE: "what the command line said on its error output",
    EntryKind.RETRY: "what the model service answered",
    EntryKind.REFUSED: "a tool that was not permitted",
    EntryKind.MOVED: "how the agent ended",
    EntryKind.SAID: "what the agent wrote",
    EntryKind.BROKEN: "a line of its log",
}
_TURNED_AWAY = ("API Error", "Not logged in", "Invalid API key", "Credit balance")
"""How the command line begins when the model service would not answer it."""
_BAD = (Outcome.FAILED, Outcome.REFUSED, Outcome.UNFINISHED)


@dataclass(frozen=True)
class Diagnosis:
    """What is known about the failure of one agent."""

    agent_id: str
    task_id: str
    name: str
    step: str
    status: AgentStatus
    at: datetime
    why: str
    """How it ended, in the words of the runner or the command line."""
    cause: LogEntry | None
    """The entry that most likely brought it about; None if the log holds nothing bad."""
    good: LogEntry | None
    """The last action before it that went well."""
    evidence: tuple[LogEntry, ...]
    """What else went wrong near the end, the last first."""
    troubles: str
    """How many calls failed, were refused or never ended, in words; empty for none."""

    @property
    def failed(self) -> bool:
        return self.status is AgentStatus.FAILED

    @property
    def sentence(self) -> str:
        """`Builder failed at 12:03:04 UTC on 2026-03-01: API Error: 529 overloaded`"""
        if self.status not in (AgentStatus.FAILED, AgentStatus.CANCELLED):
            return f"{self.name} is {self.status}; on the way: {self.why}"
        return f"{self.ended}: {self.why}"

    @property
    def ended(self) -> str:
        """`Builder failed at 12:03:04 UTC on 2026-03-01`: for where the reason is said already."""
        return f"{self.name} {self.status} at {self.at:%H:%M:%S} UTC on {self.at:%Y-%m-%d}"

    @property
    def cause_words(self) -> str:
        """The cause in its own words: of a call what came back, of everything else what was said."""
        if self.cause is None or self.cause.kind is EntryKind.MOVED:
            return self.why
        return self.cause.answer or self.cause.words

    @property
    def cause_from(self) -> str:
        """Who said so."""
        if self.cause is None or self.cause.kind is not EntryKind.CALL:
            return _SAYS[self.cause.kind if self.cause else EntryKind.MOVED]
        if self.cause.outcome is Outcome.UNFINISHED:
            return f"a call of {self.cause.tool} that never ended"
        if self.cause.outcome is Outcome.REFUSED:
            return f"a call of {self.cause.tool} that was not permitted"
        return f"what {self.cause.tool} answered"

    @property
    def entry(self) -> int | None:
        """Number of the log entry to look at."""
        return None if self.cause is None else self.cause.id


def diagnose(agent: Agent, found: Sequence[LogEntry]) -> Diagnosis | None:
    """What is known about the end of the agent; None if nothing went wrong."""
    troubles = _troubles(found)
    ended_badly = agent.status in (AgentStatus.FAILED, AgentStatus.CANCELLED)
    if not ended_badly and not troubles:
        return None
    end = _end(found) if ended_badly else len(found)
    place = _cause(found, end, agent.error or "") if ended_badly else _last_bad(found, end, len(found))
    if place is None and end < len(found):
        place = end
    near = [entry for entry in found[max(0, end - NEAR) : end] if _bad(entry)]
    cause = None if place is None else found[place]
    return Diagnosis(
        agent.id,
        agent.task_id,
        agent.name,
        agent.step,
        agent.status,
        (agent.ended_at if ended_badly else None) or (cause.at if cause else agent.created_at),
        (agent.error or _UNSAID) if ended_badly else troubles,
        cause,
        last_good(found, len(found) if place is None else place),
        tuple(entry for entry in reversed(near) if entry is not cause)[:MOST_EVIDENCE],
        troubles,
    )


def _bad(entry: LogEntry) -> bool:
    return entry.kind is EntryKind.NOTICE or (entry.kind is not EntryKind.MOVED and entry.outcome in _BAD)


def _end(found: Sequence[LogEntry]) -> int:
    """Where the agent's last end stands; behind everything if the log does not tell it."""
    for place in range(len(found) - 1, -1, -1):
        if found[place].kind is EntryKind.MOVED and found[place].outcome in (Outcome.FAILED, Outcome.UNFINISHED):
            return place
    return len(found)


def _cause(found: Sequence[LogEntry], end: int, why: str) -> int | None:
    """What went wrong after the last deed that went well; if nothing did, what went wrong last before it.

    A failed call brings nobody down whom the model service turned away: that one says itself why it ended.
    """
    first = max(0, end - NEAR)
    good = [n for n in range(first, end) if found[n].kind is EntryKind.CALL and found[n].outcome is Outcome.OK]
    after = good[-1] + 1 if good else first
    turned_away = why.startswith(_TURNED_AWAY)
    of_calls = () if turned_away else (EntryKind.REFUSED, EntryKind.CALL)
    for kinds in ((EntryKind.NOTICE,), (EntryKind.RETRY,), of_calls):
        for place in range(end - 1, after - 1, -1):
            if found[place].kind in kinds and _bad(found[place]):
                return place
    return None if turned_away else _last_bad(found, first, end)


def _last_bad(found: Sequence[LogEntry], first: int, end: int) -> int | None:
    first = min(first, max(0, end - NEAR))
    return next((n for n in range(end - 1, first - 1, -1) if _bad(found[n])), None)


def _troubles(found: Iterable[LogEntry]) -> str:
    calls = [entry for entry in found if entry.kind is EntryKind.CALL or entry.outcome is Outcome.REFUSED]
    by_outcome = {outcome: sum(entry.outcome is outcome for entry in calls) for outcome in _BAD}
    parts = [
        f"{count(number, 'call')} {text}"
        for outcome, text in (
            (Outcome.FAILED, "failed"),
            (Outcome.REFUSED, "not permitted"),
            (Outcome.UNFINISHED, "without an answer"),
        )
        if (number := by_outcome[outcome])
    ]
    return ", ".join(parts)


def told(found: Diagnosis) -> list[str]:
    """The diagnosis as plain lines, for a terminal."""
    lines = [found.sentence]
    if found.cause is not None:
        where = f"{found.cause.at:%H:%M:%S} UTC, entry {found.cause.id}"
        lines.append(f"Likely cause ({found.cause_from}; {where}): {found.cause_words}")
        if found.cause.kind is EntryKind.CALL:
            lines.append(f"The call: {found.cause.words}{_took(found.cause)}")
    if found.good is not None:
        lines.append(f"Last good step: {found.good.words} at {found.good.at:%H:%M:%S} UTC")
    if found.troubles and found.troubles != found.why:
        lines.append(f"In all: {found.troubles}.")
    return lines


def _took(entry: LogEntry) -> str:
    return "" if entry.seconds is None else f" ({duration(entry.seconds)})"
