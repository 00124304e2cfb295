"""One estimator: what it finds complex, what simple, and that it says why."""

import pytest

from data.domain.tasks import Complexity
from orchestrator_adapter.planning import estimate

SIMPLE, COMPLEX = Complexity.SIMPLE, Complexity.COMPLEX

KEPT = [
    ("", SIMPLE),
    ("Add a simple function to calculate sum", SIMPLE),
    ("Quick fix for null pointer issue", SIMPLE),
    ("Write a function to validate email addresses", SIMPLE),
    ("Refactor the authentication system to use JWT tokens", COMPLEX),
    ("Design and implement a microservices architecture", COMPLEX),
    ("Investigate the root cause of memory leaks", COMPLEX),
    ("Research best practices for API authentication", COMPLEX),
    ("Analyze the performance bottlenecks in the system", COMPLEX),
    ("Migrate the database from MySQL to PostgreSQL", COMPLEX),
    ("word " * 60, COMPLEX),
    ("word " * 50, COMPLEX),
    ("word " * 49, SIMPLE),
    ("a " * 20, SIMPLE),
    ("a " * 19, SIMPLE),
    ("Update the copyright year in footer", SIMPLE),
    ("Write a simple function to refactor the authentication system", COMPLEX),
    ("REFACTOR the system", COMPLEX),
    ("refactor the System", COMPLEX),
    ("Fix typo in error message", SIMPLE),
    ("Investigate intermittent crashes in production", COMPLEX),
    ("Add a button to clear the search input", SIMPLE),
    ("Refactor database access layer to use repository pattern", COMPLEX),
    ("Update README with installation instructions", SIMPLE),
    ("Write comprehensive API documentation for all endpoints", COMPLEX),
    ("Design a caching system for the application", COMPLEX),
    ("Find files", SIMPLE),
    ("Write a function to calculate factorial", SIMPLE),
    ("Add a simple validation check", SIMPLE),
    ("Fix typo in variable name", SIMPLE),
    ("Refactor the authentication system to support OAuth2 and SAML", COMPLEX),
    ("Investigate and fix the memory leak in the background worker", COMPLEX),
    ("Analyze the codebase architecture and suggest improvements", COMPLEX),
    ("filler " * 61 + "quick fix", SIMPLE),
    ("explain the latest contest code", SIMPLE),
    ("implement feature, write readme, test it", SIMPLE),
    ("organize docs", SIMPLE),
]

DECIDED_OTHERWISE = [
    (
        "Implement user authentication with OAuth2 and JWT",
        COMPLEX,
        "three topics that reach into every request; the table's own source accepts both answers",
    ),
    ("Fix the filesystem path helper", SIMPLE, "'filesystem' is not the word 'system'"),
    ("Show the analyzer banner", SIMPLE, "'analyzer' is a thing, not a request to analyze"),
    ("Rename multiples helper", SIMPLE, "'multiples' is not the word 'multiple'"),
]


@pytest.mark.parametrize(("description", "expected"), KEPT)
def test_the_known_cases_stay(description: str, expected: Complexity) -> None:
    assert estimate(description).complexity is expected


@pytest.mark.parametrize(("description", "expected", "why"), DECIDED_OTHERWISE)
def test_what_we_decide_otherwise(description: str, expected: Complexity, why: str) -> None:
    assert estimate(description).complexity is expected, why


@pytest.mark.parametrize(
    "word",
    [
        "refactor",
        "redesign",
        "migrate",
        "architecture",
        "research",
        "analyze",
        "investigate",
        "comprehensive",
        "system",
        "multiple",
    ],
)
def test_one_heavy_word_is_enough_and_named(word: str) -> None:
    found = estimate(f"Need to {word} the application")
    assert found.complexity is COMPLEX
    assert any(f"'{word}'" in reason for reason in found.reasons)


@pytest.mark.parametrize(
    "phrase", ["write a simple", "create a simple", "add a simple", "fix a simple", "simple function", "quick fix"]
)
@pytest.mark.parametrize("filler", ["", " and so on" * 20])
def test_a_phrase_that_announces_little_holds_at_any_length(phrase: str, filler: str) -> None:
    assert estimate(f"Please {phrase} validator{filler}").complexity is SIMPLE


@pytest.mark.parametrize("word", ["refactoring", "Refactored", "migration", "analysing", "systems", "redesigned"])
def test_listed_inflections_count(word: str) -> None:
    assert estimate(f"The {word} of the login page").complexity is COMPLEX


@pytest.mark.parametrize(
    "text",
    [
        "Read the file system path",
        "Read the file-system path",
        "Set file_system to None",
        "Say which operating system it is",
        "Rename systematic to orderly",
        "Show the immigrated count",
        "Sort researchers by name",
    ],
)
def test_parts_of_words_do_not_count(text: str) -> None:
    assert estimate(text).complexity is SIMPLE


def test_one_topic_alone_says_little() -> None:
    assert estimate("Fix a typo on the payment page").complexity is SIMPLE
    assert estimate("Add encryption to the payment page").complexity is COMPLEX


def test_a_phrase_does_not_reach_over_the_end_of_a_sentence() -> None:
    assert estimate("Be quick. Fix it all. " + "word " * 50).complexity is COMPLEX


def test_reasons_are_sentences_a_person_can_check() -> None:
    assert estimate("refactor it").reasons == ("the word 'refactor' usually means work across many files",)
    assert estimate("word " * 61).reasons == ("61 words of description",)
    assert estimate("hello").reasons == ("1 word of description, none of which announces more than a small change",)
    both = estimate("refactor " + "word " * 60).reasons
    assert both == ("the word 'refactor' usually means work across many files", "61 words of description")
    oauth = estimate("Implement user authentication with OAuth2 and JWT").reasons
    assert oauth == ("'authentication', 'oauth2' and 'jwt' together reach into many parts of a program",)


BORDERLINE = [
    ("Refactor the parser", "the word 'refactor' alone makes it complex"),
    ("Add oauth and billing to the page", "two topics alone make it complex"),
    ("word " * 60, "its length of 60 words alone makes it complex"),
    ("word " * 40, "with 10 more words it would be complex"),
    ("Add encryption to the page", "with one more topic beside 'encryption' it would be complex"),
    ("Quick fix " + "word " * 60, "'quick fix' alone makes it simple"),
]
CLEAR = [
    "Fix the typo",
    "word " * 34,
    "word " * 75,
    "Refactor the whole system",
    "Refactor the parser " + "word " * 50,
    "Add oauth, billing and encryption to the page",
    "A quick fix for the typo",
]


@pytest.mark.parametrize(("description", "why"), BORDERLINE)
def test_one_sign_more_or_less_makes_a_borderline_task(description: str, why: str) -> None:
    assert estimate(description).borderline == why


@pytest.mark.parametrize("description", CLEAR)
def test_a_clear_case_is_not_borderline(description: str) -> None:
    assert estimate(description).borderline == ""
