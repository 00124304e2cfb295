"""What makes a task's work good, not good, or unknown, and whose word stands."""

from __future__ import annotations

from typing import Any

import pytest

from data.domain.errors import InvalidField
from data.domain.outcomes import Outcome, checked, good

VERDICTS: list[tuple[str, dict[str, Any], bool | None]] = [
    ("completed", {}, None),
    ("completed", {"tests_passed": True}, True),
    ("completed", {"review_passed": True}, True),
    ("completed", {"merged": True}, True),
    ("completed", {"tests_passed": True, "review_passed": False}, False),
    ("completed", {"tests_passed": True, "reworked": True}, False),
    ("completed", {"tests_passed": False, "score": 5}, True),
    ("completed", {"tests_passed": True, "score": 1}, False),
    ("completed", {"tests_passed": True, "score": 3}, True),
    ("completed", {"score": 3}, None),
    ("failed", {}, False),
    ("failed", {"score": 4}, True),
    ("cancelled", {"tests_passed": False}, None),
    ("in_progress", {"tests_passed": True}, None),
]


@pytest.mark.parametrize(("status", "fields", "verdict"), VERDICTS)
def test_the_verdict(status: str, fields: dict[str, Any], verdict: bool | None) -> None:
    assert good(status, Outcome(**fields)) is verdict


def test_what_a_person_says_stands_until_a_person_takes_it_back() -> None:
    seen = Outcome().with_values({"tests_passed": False}, "tester", automatic=True)
    said = seen.with_values({"tests_passed": True}, "ana", automatic=False)
    again = said.with_values({"tests_passed": False}, "tester", automatic=True)
    assert (again.tests_passed, again.set_by) == (True, {"tests_passed": "ana"})
    back = again.with_values({"tests_passed": None}, "ana", automatic=False)
    assert (back.tests_passed, back.set_by) == (None, {})
    assert back.with_values({"tests_passed": False}, "tester", automatic=True).tests_passed is False


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"score": 0}, "score must be from 1 to 5, not 0."),
        ({"score": True}, "score must be from 1 to 5, not True."),
        ({"note": "x" * 2_001}, "note holds at most 2,000 characters, not 2,001."),
        ({"merged": 1}, "merged must be true, false or unknown."),
        ({"rework_task": 7}, "rework_task must be the id of a task."),
        ({"luck": True}, "An outcome has no field luck"),
    ],
)
def test_a_wrong_value_is_named(values: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidField) as refused:
        checked(values)
    assert str(refused.value).startswith(says)


def test_a_note_is_kept_without_blanks_around_it() -> None:
    assert checked({"note": "  fine \n", "score": None}) == {"note": "fine", "score": None}
