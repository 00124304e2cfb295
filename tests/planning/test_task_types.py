"""Guessing the type of a task."""

import pytest

from data.domain.tasks import TaskType
from orchestrator_adapter.planning import guess_type


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("", TaskType.CUSTOM),
        ("Rename multiples helper", TaskType.CUSTOM),
        ("Add a button to clear the search input", TaskType.FEATURE_IMPLEMENTATION),
        ("Implement user authentication with OAuth2 and JWT", TaskType.FEATURE_IMPLEMENTATION),
        ("Fix typo in error message", TaskType.BUG_FIX),
        ("The export doesn't work any more", TaskType.BUG_FIX),
        ("The export doesn\u2019t work any more", TaskType.BUG_FIX),
        ("Investigate and fix the memory leak in the background worker", TaskType.BUG_FIX),
        ("Refactor database access layer to use repository pattern", TaskType.REFACTORING),
        ("Clean up the imports", TaskType.REFACTORING),
        ("clean-up of the imports", TaskType.REFACTORING),
        ("Update README with installation instructions", TaskType.DOCUMENTATION),
        ("Write comprehensive API documentation for all endpoints", TaskType.DOCUMENTATION),
        ("Write unit tests for the parser", TaskType.TESTING),
        ("Raise the coverage of the pytest suite", TaskType.TESTING),
        ("Review the pull request for security", TaskType.CODE_REVIEW),
        ("Audit the login code", TaskType.CODE_REVIEW),
        ("Investigate the root cause of memory leaks", TaskType.INVESTIGATION),
        ("Why is the board slow?", TaskType.INVESTIGATION),
        ("FIX THE BUG", TaskType.BUG_FIX),
    ],
)
def test_a_description_speaks_for_a_type(description: str, expected: TaskType) -> None:
    assert guess_type(description) is expected


@pytest.mark.parametrize("word", ["latest", "contest", "prefix", "padding", "renewed", "addition", "debugger"])
def test_parts_of_words_do_not_count(word: str) -> None:
    assert guess_type(f"the {word}") is TaskType.CUSTOM


def test_most_hits_win() -> None:
    assert guess_type("fix the docs") is TaskType.DOCUMENTATION
    assert guess_type("fix the bug that makes the docs fail") is TaskType.BUG_FIX


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("add a test", TaskType.TESTING),
        ("fix a test", TaskType.BUG_FIX),
        ("add a comment", TaskType.DOCUMENTATION),
        ("investigate crashes", TaskType.INVESTIGATION),
    ],
)
def test_of_equal_types_the_rarer_wins(description: str, expected: TaskType) -> None:
    assert guess_type(description) is expected


def test_one_word_in_two_forms_is_one_hit() -> None:
    assert guess_type("add added adding a bug that crashes") is TaskType.BUG_FIX
