"""What past tasks say about the next one: an interval of cost and time, from which tasks, and how often such held.

The interval holds a task like those before it with a probability of at least 80 %, whatever the distribution of costs
is: of n values in order it reaches from the one at place floor((n + 1) / 10) to the one at place ceil(9 (n + 1) / 10).
The next value falls between two order statistics at places l and u with probability (u - l) / (n + 1) if it is
exchangeable with the n (Wilks, "Determination of Sample Sizes for Setting Tolerance Limits", Annals of Mathematical
Statistics 12, 1941, 91-96; the same is split conformal prediction with the value itself as its score: Vovk, Gammerman
and Shafer, "Algorithmic Learning in a Random World", 2005). Both places exist from 9 values on, so that is the least.

Exchangeable is an assumption: prices, models and habits change. So the newest 100 tasks of the narrowest group that
has enough are taken, and `Experience.record` tells how often such intervals held, each made from nothing but what had
ended before its task was submitted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from data.domain.shares import wilson

SHARE = 80
"""Percent of the tasks like it that an interval is to hold."""
LEAST = 9
"""Values from which such an interval can be drawn."""
RECENT = 100
"""Of a group the newest that ended are taken."""
JUDGED = 100
"""Tasks by which past intervals are judged."""
TELLING = 20
"""Judged intervals from which on it can be said that there is something wrong with them."""

ALWAYS = ("complexity", "analyst", "ai_planner")
"""What is never given up: each of these decides how many agents there are."""
LEVELS: tuple[tuple[str, ...], ...] = (
    ("task_type", "runtime", "model", "folder"),
    ("task_type", "runtime", "model"),
    ("runtime", "model"),
    ("runtime",),
    (),
)
"""What else tasks have in common, from the narrowest group to the widest."""
STEP_LEVELS: tuple[tuple[str, ...], ...] = (
    ("complexity", "task_type", "runtime", "model"),
    ("complexity", "runtime", "model"),
    ("complexity", "runtime"),
    ("complexity",),
)
"""The same for single steps of one role."""
NAMES = {
    "task_type": "type",
    "complexity": "complexity",
    "analyst": "ANALYST",
    "ai_planner": "planner agent",
    "runtime": "runtime",
    "model": "model",
    "folder": "folder",
}


@dataclass(frozen=True)
class Wish:
    """What is known of a task before it begins."""

    task_type: str
    complexity: str
    analyst: bool
    runtime: str
    model: str | None = None
    """None: the runtime's own."""
    folder: str = ""
    ai_planner: bool = False


@dataclass(frozen=True)
class Past:
    """A task that completed or failed here, with every reply priced; times in milliseconds since 1970."""

    wish: Wish
    created_ms: int
    ended_ms: int
    cost_nanousd: int
    duration_ms: int
    """From its start to its end, what it waited for included."""
    steps: tuple[tuple[str, int], ...] = ()
    """Role and nano-dollars of each step."""


@dataclass(frozen=True)
class Span:
    """From where to where, both seen."""

    low: int
    high: int

    def holds(self, value: int) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Expected:
    """What a task would cost (nano-dollars) and how long it would take (milliseconds)."""

    cost: Span
    duration_ms: Span
    tasks: int
    """From how many it is drawn."""
    alike: tuple[str, ...]
    """What those have in common with it: fields of `Wish`."""


@dataclass(frozen=True)
class Held:
    """What came of intervals."""

    held: int = 0
    below: int = 0
    above: int = 0

    def with_one(self, span: Span, value: int) -> Held:
        return Held(
            self.held + span.holds(value),
            self.below + (value < span.low),
            self.above + (value > span.high),
        )


@dataclass(frozen=True)
class Record:
    """How often intervals held that were made as of the submission of the newest tasks that have ended."""

    made: int = 0
    cost: Held = Held()
    time: Held = Held()
    without: int = 0
    """Tasks among them of whose like too few had ended for an interval."""


@dataclass
class _Group:
    """Tasks of one kind, in the order of their ends."""

    ended_ms: list[int] = field(default_factory=list)
    members: list[Past] = field(default_factory=list)

    def before(self, as_of_ms: int | None) -> Sequence[Past]:
        """Those that had ended before then, the newest last."""
        end = len(self.members) if as_of_ms is None else bisect_left(self.ended_ms, as_of_ms)
        return self.members[max(0, end - RECENT) : end]


def span(values: Iterable[int]) -> Span | None:
    """The interval that holds the next value with a probability of at least `SHARE`; None of too few values."""
    found = sorted(values)
    if len(found) < LEAST:
        return None
    tail = (100 - SHARE) // 2
    low = (len(found) + 1) * tail // 100
    high = -(-(len(found) + 1) * (100 - tail) // 100)
    return Span(found[low - 1], found[high - 1])


class Experience:
    """Past tasks, either all real or all simulated, and what follows from them; it never changes."""

    def __init__(self, past: Iterable[Past] = ()) -> None:
        self._past = sorted(past, key=lambda one: one.ended_ms)
        self._groups: dict[tuple[object, ...], _Group] = {}
        self._steps: dict[tuple[object, ...], list[int]] = {}
        for one in self._past:
            for level in LEVELS:
                group = self._groups.setdefault(_key(one.wish, (*ALWAYS, *level)), _Group())
                group.ended_ms.append(one.ended_ms)
                group.members.append(one)
            for role, cost in one.steps:
                for level in STEP_LEVELS:
                    self._steps.setdefault((role, _key(one.wish, level)), []).append(cost)

    def expect(self, wish: Wish, as_of_ms: int | None = None) -> Expected | None:
        """What a task would take, by the narrowest group that has enough tasks; None if none has.

        `as_of_ms`: by what had ended before this moment, strictly.
        """
        for level in LEVELS:
            alike = (*ALWAYS, *level)
            group = self._groups.get(_key(wish, alike))
            if group is None:
                continue
            members = group.before(as_of_ms)
            cost = span(one.cost_nanousd for one in members)
            duration = span(one.duration_ms for one in members)
            if cost is not None and duration is not None:
                return Expected(cost, duration, len(members), alike)
        return None

    def like(self, wish: Wish) -> int:
        """How many tasks there are in its widest group."""
        group = self._groups.get(_key(wish, ALWAYS))
        return len(group.members) if group is not None else 0

    def step(self, role: str, wish: Wish) -> tuple[Span, int] | None:
        """What a step of this role would cost, and from how many steps that is drawn; None of too few."""
        for level in STEP_LEVELS:
            costs = self._steps.get((role, _key(wish, level)), [])[-RECENT:]
            if (found := span(costs)) is not None:
                return found, len(costs)
        return None

    @cached_property
    def record(self) -> Record:
        """How often such intervals held: of the tasks that have ended those that were submitted last.

        Each interval is drawn as it would have been when its task was submitted. A task that was resumed after that
        moment counts as ended when it ended last, so as of then it is not known: nothing is ever taken from later.
        Tasks still at work are not judged, so while many long ones run the newest of the judged are the short ones.
        """
        record = Record()
        for one in sorted(self._past, key=lambda past: past.created_ms, reverse=True):
            if record.made == JUDGED:
                break
            expected = self.expect(one.wish, one.created_ms)
            if expected is None:
                record = Record(record.made, record.cost, record.time, record.without + 1)
                continue
            cost = record.cost.with_one(expected.cost, one.cost_nanousd)
            time = record.time.with_one(expected.duration_ms, one.duration_ms)
            record = Record(record.made + 1, cost, time, record.without)
        return record


UNTRIED = Experience()
"""Nothing has ended yet."""


def _key(wish: Wish, names: Iterable[str]) -> tuple[object, ...]:
    return tuple((name, getattr(wish, name)) for name in names)


def alike_words(expected: Expected, wish: Wish) -> str:
    """`same type, complexity, ANALYST, runtime, model and folder`."""
    shared = [name for name in NAMES if name in expected.alike and (name != "ai_planner" or wish.ai_planner)]
    return f"same {_listed([NAMES[name] for name in shared])}"


def apart_words(expected: Expected) -> str:
    """`whatever the folder`; empty where everything is the same."""
    given_up = [NAMES[name] for name in LEVELS[0] if name not in expected.alike]
    return f"whatever the {_listed(given_up)}" if given_up else ""


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def record_words(record: Record) -> str:
    """How often earlier intervals held, and what is wrong with them if that can be said."""
    if not record.made:
        return f"No such {SHARE} % range can be checked yet: each is drawn only from what had ended before its task."
    tasks = "task of which one could be drawn" if record.made == 1 else "tasks of which one could be drawn"
    said = (
        f"Of the last {record.made} {tasks}, {record.cost.held} fell inside the {SHARE} % range of cost "
        f"and {record.time.held} inside that of time, as of their submission."
    )
    return " ".join([said, *_wrong("cost", record.cost, record.made), *_wrong("time", record.time, record.made)])


def _wrong(what: str, found: Held, made: int) -> list[str]:
    if made < TELLING:
        return []
    share = wilson(found.held, made)
    if share.high < SHARE / 100:
        side = "dearer" if what == "cost" else "slower"
        most = found.above if found.above >= found.below else found.below
        other = side if found.above >= found.below else {"dearer": "cheaper", "slower": "faster"}[side]
        return [f"The ranges of {what} are too narrow: {most} tasks were {other}."]
    return [f"The ranges of {what} are wider than they need be."] if share.low > SHARE / 100 else []
