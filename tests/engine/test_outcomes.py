"""What testers and reviewers say of the work becomes the task's outcome."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from data.domain.agents import Role
from data.domain.tasks import Task
from orchestrator_adapter.deck import Deck
from tests.engine.cast import Cast, submit

SAYS_NOTHING = "## Summary\nLooked at it."
FAIL = "## Summary\nNo good.\n\n## Issues\n- wrong sign\n\nVerdict: FAIL"
CASES: list[tuple[dict[Role, str | Exception], tuple[bool | None, bool | None, bool | None]]] = [
    ({}, (True, True, True)),
    ({Role.REVIEWER: FAIL}, (True, False, False)),
    ({Role.TESTER: FAIL}, (False, None, False)),
    ({Role.TESTER: SAYS_NOTHING, Role.REVIEWER: SAYS_NOTHING}, (None, None, None)),
]


@pytest.mark.parametrize(("answers", "outcome"), CASES)
def test_verdicts_are_recorded_by_themselves(
    launch: Callable[..., Deck],
    ended: Callable[[Deck, str], Task],
    answers: dict[Role, str | Exception],
    outcome: tuple[bool | None, bool | None, bool | None],
) -> None:
    deck = launch(Cast(answers))
    task = ended(deck, submit(deck).id)
    assert (task.outcome.tests_passed, task.outcome.review_passed, task.good) == outcome
    assert task.outcome.set_by == {}
