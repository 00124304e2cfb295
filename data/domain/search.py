"""What a person asks of search: words, "phrases", -without, begin*, and filters such as `role:builder`.

Every text is a legal question: what cannot be understood is left out, and `notes` say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from data.domain.agents import Role, Runtime
from data.domain.search_words import Term, is_short, words
from data.domain.tasks import TaskStatus, TaskType

MOST_CHARS = 1_000
MOST_TERMS = 20
MOST_WORDS = 32
"""Words of one phrase."""


class Kind(StrEnum):
    """What a text is that can be found."""

    DESCRIPTION = "description"
    RESULT = "result"
    ERROR = "error"
    PROMPT = "prompt"
    TEXT = "text"
    THINKING = "thinking"
    TOLD = "told"
    """A person's message to an agent at work."""
    INPUT = "input"
    """What a tool was called with."""
    OUTPUT = "output"
    """What a tool answered."""
    FILE = "file"
    """The path of a file."""
    LOG = "log"


PLACES: Mapping[str, tuple[Kind, ...]] = {
    "task": (Kind.DESCRIPTION, Kind.RESULT, Kind.ERROR),
    "conversation": (Kind.PROMPT, Kind.TEXT, Kind.THINKING, Kind.TOLD),
    "tool": (Kind.INPUT, Kind.OUTPUT),
    "file": (Kind.FILE,),
    "log": (Kind.LOG,),
}
"""What `in:` can name."""
CHOICES: Mapping[str, tuple[str, ...]] = {
    "in": tuple(PLACES),
    "role": tuple(Role),
    "type": tuple(TaskType),
    "runtime": tuple(Runtime),
    "status": tuple(TaskStatus),
}
NAMED = ("dir", "task", "agent", "tool")
"""Filters that take any text."""
TIMES = ("since", "until")
FILTERS = (*CHOICES, *NAMED, *TIMES)

EXAMPLES: Mapping[str, str] = {
    "connection refused": "both words, anywhere in one text",
    '"connection refused"': "the words side by side",
    "src/app.py": "a path, or a part of one; `snake_case` and `foo-bar` too",
    "timeout -retry": "without a word",
    "migrat*": "every word that begins so",
    "failed in:tool role:tester": "only in calls and answers of tools of testers",
    "budget status:failed since:7d": "tasks that failed, in the last seven days",
}


@dataclass(frozen=True)
class Query:
    """A question as it was understood."""

    text: str = ""
    terms: tuple[Term, ...] = ()
    """All of them must occur in one text."""
    without: tuple[Term, ...] = ()
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values of filters; any one of those of a filter is enough."""
    never: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    """The first moment that is too late."""
    notes: tuple[str, ...] = ()
    """What was left out, and why."""

    @property
    def empty(self) -> bool:
        """Whether it asks for nothing."""
        return not (self.terms or self.without or self.only or self.never or self.since or self.until)

    @property
    def too_short(self) -> bool:
        """Whether it is one letter, which stands almost everywhere."""
        return len(self.terms) == 1 and is_short(self.terms[0]) and not (self.only or self.since or self.until)

    def loosened(self) -> tuple[str, ...]:
        """What could be taken away to find more."""
        out = [f"`{name}:{'` or `'.join(values)}`" for name, values in self.only.items()]
        out += ["the time" for _ in (1,) if self.since or self.until]
        out += ["what is excluded" for _ in (1,) if self.without or self.never]
        out += ["that words stand side by side" for _ in (1,) if any(len(term.words) > 1 for term in self.terms)]
        return (*out, *(["one of the words"] if len(self.terms) > 1 else []))


_PIECE = re.compile(
    r"""(?P<no>-(?=[^\s-]))?(?:(?P<name>[a-z]+):)?(?:"(?P<said>[^"]*)(?:"|$)(?P<star>\*)?|(?P<bare>\S+))""",
    re.IGNORECASE,
)
_QUOTES = str.maketrans("“”„«»", '"""""')
_SPAN = re.compile(r"(\d{1,6})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass
class _Reading:
    now: datetime
    terms: list[Term] = field(default_factory=list)
    without: list[Term] = field(default_factory=list)
    only: dict[str, tuple[str, ...]] = field(default_factory=dict)
    never: dict[str, tuple[str, ...]] = field(default_factory=dict)
    times: dict[str, datetime] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)

    def note(self, said: str) -> None:
        self.notes[said] = None

    def piece(self, match: re.Match[str]) -> None:
        name, no = (match["name"] or "").lower(), bool(match["no"])
        said = match["said"] if match["said"] is not None else match["bare"]
        if name in CHOICES or name in NAMED:
            self.filter(name, said.strip(), no)
        elif name in TIMES:
            self.time(name, said.strip(), no)
        else:
            star = bool(match["star"]) or (match["said"] is None and said.endswith("*"))
            self.term(f"{match['name']} {said}" if name else said, star, no)

    def filter(self, name: str, value: str, no: bool) -> None:
        if name in CHOICES:
            value = value.lower().replace("-", "_").replace(" ", "_")
            if value not in CHOICES[name]:
                self.note(f"`{name}:` knows {', '.join(CHOICES[name])}; `{value}` was left out.")
                return
        if no and name in ("status", "dir"):
            self.note(f"`-{name}:` cannot be asked; it was left out.")
        elif value and len(value) <= MOST_CHARS:
            wanted = self.never if no else self.only
            wanted[name] = tuple(dict.fromkeys((*wanted.get(name, ()), value)))

    def time(self, name: str, value: str, no: bool) -> None:
        found = None if no else _moment(value, self.now, after=name == "until")
        if found is None:
            self.note(f"`{name}:` takes a day (2026-11-24), a month, or a span (7d, 12h); `{value}` was left out.")
        else:
            self.times[name] = found

    def term(self, said: str, star: bool, no: bool) -> None:
        found = words(said)
        if not found:
            self.note(f"`{said[:40]}` has no letter and no digit; it was left out.")
            return
        if len(found) > MOST_WORDS:
            self.note(f"Of a phrase the first {MOST_WORDS} words are looked for.")
            found, star = found[:MOST_WORDS], False
        if star and len(found[-1]) < 2:
            self.note(f"Before `*` stand two letters at least; `{found[-1]}` was looked for as a word.")
            star = False
        (self.without if no else self.terms).append(Term(tuple(found), star))

    def query(self, text: str) -> Query:
        terms, without = tuple(dict.fromkeys(self.terms)), tuple(dict.fromkeys(self.without))
        if len(terms) + len(without) > MOST_TERMS:
            self.note(f"The first {MOST_TERMS} words are looked for.")
        since, until = self.times.get("since"), self.times.get("until")
        if since and until and since >= until:
            self.note("`since:` is not before `until:`, so nothing can be found.")
        rest = without[: max(0, MOST_TERMS - len(terms))]
        return Query(text, terms[:MOST_TERMS], rest, self.only, self.never, since, until, tuple(self.notes))


def parse(text: str, now: datetime) -> Query:
    """Understand a question; never raises."""
    reading = _Reading(now)
    if len(text) > MOST_CHARS:
        reading.note(f"The first {MOST_CHARS:,} characters are looked at.")
    text = text[:MOST_CHARS].translate(_QUOTES)
    for match in _PIECE.finditer(text):
        reading.piece(match)
    return reading.query(text.strip())


def _moment(value: str, now: datetime, *, after: bool) -> datetime | None:
    """The beginning of what a person names, or for `until` its end."""
    try:
        return _named(value.lower(), now, after)
    except (ValueError, OverflowError):
        return None


def _named(value: str, now: datetime, after: bool) -> datetime:
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    days = {"today": 0, "yesterday": 1}
    if value in days:
        return midnight - timedelta(days=days[value] - after)
    if span := _SPAN.fullmatch(value):
        return now - timedelta(**{_UNITS[span[2]]: int(span[1])})
    if re.fullmatch(r"\d{4}-\d\d", value):
        first = datetime.fromisoformat(f"{value}-01").replace(tzinfo=UTC)
        return (first + timedelta(days=32)).replace(day=1) if after else first
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return datetime.fromisoformat(value).replace(tzinfo=UTC) + timedelta(days=int(after))
    found = datetime.fromisoformat(value.upper())
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def month(at: datetime) -> str:
    return f"{at.year:04}{at.month:02}"


def day(at: datetime) -> str:
    return f"{month(at)}{at.day:02}"


def rest_of_month(at: datetime) -> tuple[str, ...]:
    """This day and those after it in its month."""
    first = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return tuple(day(later) for n in range(32 - at.day) if (later := first + timedelta(days=n)).month == at.month)


def months(first: datetime, last: datetime, most: int = 40) -> tuple[str, ...] | None:
    """Every month from one to another, both included; None for more than is worth naming."""
    start, end = first.year * 12 + first.month - 1, last.year * 12 + last.month - 1
    if end - start >= most:
        return None
    return tuple(f"{number // 12:04}{number % 12 + 1:02}" for number in range(start, end + 1))


def kinds(places: Iterable[str]) -> tuple[Kind, ...]:
    return tuple(kind for place in places for kind in PLACES[place])


def place_of(kind: Kind) -> str:
    """The value of `in:` that finds this kind."""
    return next(place for place, inside in PLACES.items() if kind in inside)
