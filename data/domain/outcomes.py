"""What became of a task beyond 'completed': tests, review, a person's score, and whether its work was done again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal, get_args

from data.domain.errors import InvalidField

Value = bool | int | str | None
OutcomeField = Literal["tests_passed", "review_passed", "score", "note", "merged", "reworked", "rework_task"]
Said = Mapping[str, Value] | Mapping[OutcomeField, Value]

LEAST_SCORE, MOST_SCORE = 1, 5
GOOD_SCORE, BAD_SCORE = 4, 2
"""From here on a score says good, and up to here not good; what is between leaves it to the other signs."""
MAX_NOTE = 2_000
FIELDS: tuple[OutcomeField, ...] = get_args(OutcomeField)

LABELS: dict[OutcomeField, str] = {
    "tests_passed": "tests passed",
    "review_passed": "review approved",
    "score": "score (1 to 5)",
    "note": "note",
    "merged": "merged",
    "reworked": "reworked",
    "rework_task": "reworked by task",
}


class Verdict(StrEnum):
    """What is known of whether a task's work was good, as lists are filtered by it."""

    GOOD = "good"
    NOT_GOOD = "not_good"
    UNKNOWN = "unknown"
    """Nobody and nothing judged it; it is in no rate of success."""


SPOKEN = {Verdict.GOOD: "good", Verdict.NOT_GOOD: "not good", Verdict.UNKNOWN: "not judged"}
VERDICTS: dict[bool | None, Verdict] = {True: Verdict.GOOD, False: Verdict.NOT_GOOD, None: Verdict.UNKNOWN}


@dataclass(frozen=True)
class Outcome:
    """What is known of how good a task's work was; None is not known, which is never the same as good."""

    tests_passed: bool | None = None
    """The last verdict of a TESTER, or what a person or a program says."""
    review_passed: bool | None = None
    """The last verdict of a REVIEWER, or what a person or a program says."""
    score: int | None = None
    """A person's word, from 1 (of no use) to 5 (as good as it gets)."""
    note: str = ""
    merged: bool | None = None
    """Whether the change was taken over where it belongs."""
    reworked: bool | None = None
    """Whether the work was done again: run again as a new task after it had completed or failed, a step of it retried
    after it had completed, or a later task that a person links."""
    rework_task: str | None = None
    """The later task that did it again."""
    set_by: Mapping[str, str] = field(default_factory=dict)
    """By field: the person who said so; what nobody is named for was recorded by itself."""

    @property
    def known(self) -> bool:
        """Whether anything at all is recorded."""
        return any(getattr(self, name) not in (None, "") for name in FIELDS)

    def with_values(self, values: Said, by: str, automatic: bool) -> Outcome:
        """What a person says stands until a person takes it back; what is recorded by itself gives way to it."""
        taken = {name: value for name, value in values.items() if not (automatic and name in self.set_by)}
        who = dict(self.set_by)
        for name, value in taken.items():
            who.pop(name, None)
            if not automatic and value not in (None, ""):
                who[name] = by
        return replace(self, set_by=who, **taken)  # type: ignore[arg-type]


def good(ended: str, outcome: Outcome) -> bool | None:
    """Whether a task with this status was worth it; None while nobody can say.

    A clear score decides. Else a task that has not come to its end, or was cancelled, says nothing; work that failed,
    that tests or a review refused, or that was done again was not good; and completed work is good only if tests or
    a review, or its merge, said so.
    """
    if outcome.score is not None and not BAD_SCORE < outcome.score < GOOD_SCORE:
        return outcome.score >= GOOD_SCORE
    if ended not in ("completed", "failed"):
        return None
    if ended == "failed" or outcome.reworked or False in (outcome.tests_passed, outcome.review_passed):
        return False
    return True if True in (outcome.tests_passed, outcome.review_passed, outcome.merged) else None


def checked(values: Mapping[str, Value]) -> dict[str, Value]:
    """The same values, or an InvalidField that names the first wrong one."""
    for name, value in values.items():
        if name not in FIELDS:
            raise InvalidField(f"An outcome has no field {name}; it has {', '.join(FIELDS)}.", field=name)
        _fits(name, value)
    return {name: (value or "").strip() if name == "note" else value for name, value in values.items()}  # type: ignore[union-attr]


def _fits(name: str, value: Value) -> None:
    if name == "score":
        whole = isinstance(value, int) and not isinstance(value, bool)
        if value is not None and not (whole and LEAST_SCORE <= value <= MOST_SCORE):  # type: ignore[operator]
            raise InvalidField(f"score must be from {LEAST_SCORE} to {MOST_SCORE}, not {value}.", field=name)
    elif name == "note":
        if len(str(value or "")) > MAX_NOTE:
            raise InvalidField(f"note holds at most {MAX_NOTE:,} characters, not {len(str(value)):,}.", field=name)
    elif name == "rework_task":
        if value is not None and not isinstance(value, str):
            raise InvalidField("rework_task must be the id of a task.", field=name)
    elif value is not None and not isinstance(value, bool):
        raise InvalidField(f"{name} must be true, false or unknown.", field=name)


def said(value: Value) -> str:
    """A field for people: `yes`, `no`, `unknown`, or as it stands."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "unknown" if value in (None, "") else str(value)
