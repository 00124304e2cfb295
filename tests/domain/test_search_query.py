"""The language of search: any text is a question, and what is found is what was asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.domain.search import (
    EXAMPLES,
    FILTERS,
    MOST_TERMS,
    PLACES,
    Kind,
    Query,
    day,
    month,
    months,
    parse,
    place_of,
    rest_of_month,
)
from data.domain.search_words import Bit, Term, capped, composed, folded, places, searchable, snippet, words

NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)


def asked(text: str) -> Query:
    return parse(text, NOW)


def test_words_phrases_exclusions_and_beginnings() -> None:
    query = asked('Connection "was refused" -retry migrat* "a long pref"*')
    terms = (
        Term(("connection",)),
        Term(("was", "refused")),
        Term(("migrat",), prefix=True),
        Term(("a", "long", "pref"), prefix=True),
    )
    assert query.terms == terms
    assert query.without == (Term(("retry",)),)
    assert query.notes == ()


@pytest.mark.parametrize("said", ["src/app.py", "snake_case", "foo-bar", "a.b:c", "--no-cache", "C:\\temp"])
def test_what_is_written_together_is_words_side_by_side(said: str) -> None:
    (term,) = asked(said).terms
    assert list(term.words) == words(said)
    assert snippet(f"see {said}, please", [term])[1].hit


def test_filters() -> None:
    query = asked('role:builder role:TESTER type:bug-fix in:tool status:failed dir:"my project" -runtime:demo agent:a1')
    assert query.only == {
        "role": ("builder", "tester"),
        "type": ("bug_fix",),
        "in": ("tool",),
        "status": ("failed",),
        "dir": ("my project",),
        "agent": ("a1",),
    }
    assert query.never == {"runtime": ("demo",)}
    assert query.terms == ()
    assert not query.empty


@pytest.mark.parametrize(
    ("said", "since", "until"),
    [
        ("since:2026-11-01 until:2026-11-02", datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC)),
        ("since:2026-02 until:2026-02", datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)),
        ("since:7d", NOW - timedelta(days=7), None),
        ("since:yesterday until:today", datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC)),
        ("until:2026-11-02T10:00+02:00", None, datetime(2026, 11, 2, 8, tzinfo=UTC)),
    ],
)
def test_times(said: str, since: datetime | None, until: datetime | None) -> None:
    query = asked(said)
    assert (query.since, query.until, query.notes) == (since, until, ())


@pytest.mark.parametrize(
    ("said", "note"),
    [
        ("role:wizard", "`role:` knows orchestrator"),
        ("since:soon", "`since:` takes a day"),
        ("since:999999w", "`since:` takes a day"),
        ("->", "has no letter and no digit"),
        ("a*", "Before `*` stand two letters"),
        ("-status:failed", "cannot be asked"),
        ("since:today until:yesterday", "nothing can be found"),
        (" ".join(f"w{n}" for n in range(30)), f"The first {MOST_TERMS} words"),
        ('"' + "word " * 50 + '"', "the first 32 words"),
    ],
)
def test_what_is_left_out_is_said(said: str, note: str) -> None:
    assert any(note in told for told in asked(said).notes)


@pytest.mark.parametrize("said", ["", "  ", '"', "-", "*", ":", '""', "->"])
def test_asking_for_nothing(said: str) -> None:
    assert asked(said).empty


def test_one_letter_is_too_short() -> None:
    assert asked("e").too_short
    assert not asked("e role:builder").too_short
    assert not asked("語").too_short
    assert not asked("ok").too_short


def test_what_could_be_loosened() -> None:
    assert asked('"a b" c role:builder -d since:7d').loosened() == (
        "`role:builder`",
        "the time",
        "what is excluded",
        "that words stand side by side",
        "one of the words",
    )


def test_every_example_is_understood_whole() -> None:
    for example in EXAMPLES:
        query = asked(example)
        assert not query.empty
        assert query.notes == ()


def test_every_kind_has_one_place() -> None:
    assert {place_of(kind) for kind in Kind} == set(PLACES)
    assert sum(map(len, PLACES.values())) == len(Kind)


pieces = st.sampled_from(
    ['"', "-", "*", ":", "role:", "since:", "in:tool", "dir:", " ", "\u0301", "\x00", "ß", "語", "İ"]
)
anything = st.lists(pieces | st.text(max_size=12) | st.sampled_from([f"{name}:" for name in FILTERS])).map("".join)


@given(anything)
def test_any_text_is_a_question(text: str) -> None:
    query = asked(text)
    for term in (*query.terms, *query.without):
        assert term.words
        assert all(word.isalnum() and len(word) <= 64 for word in term.words)
    assert len(query.terms) + len(query.without) <= MOST_TERMS


@given(st.text(max_size=300))
def test_folding_keeps_every_place(text: str) -> None:
    whole = composed(text)
    assert len(folded(whole)) == len(whole)
    assert sorted(place for found in places(text).values() for place in found) == list(range(1, len(words(text)) + 1))


@given(st.text(max_size=300), st.integers(0, 50), st.integers(1, 3))
def test_a_text_is_found_by_its_words(text: str, start: int, count: int) -> None:
    """And its snippet says where, without changing a letter."""
    found = words(text)[start : start + count]
    if not found:
        return
    (term, *_) = asked('"' + " ".join(found) + '"').terms
    bits = snippet(text, [term])
    hits = [bit.text for bit in bits if bit.hit]
    assert hits
    assert all(words(hit) == found for hit in hits)


def test_case_accents_and_scripts_without_spaces() -> None:
    assert words("Café_ÉTÉ naïve") == ["cafe", "ete", "naive"]
    assert words("cafe\u0301") == ["cafe"]
    assert words("東京タワー x") == ["東", "京", "タ", "ワ", "ー", "x"]
    assert [bit.text for bit in snippet("das 東京タワー", asked("京タ").terms) if bit.hit] == ["京タ"]
    assert words("한국어") == ["한국어"]


def test_a_snippet_shows_where_most_hits_are() -> None:
    text = "error " + "x " * 500 + "the error: a second error\nhere " + "y " * 500
    bits = snippet(text, asked("error").terms, length=80)
    assert [bit.hit for bit in bits].count(True) == 2
    assert bits[0] == Bit("… ")
    assert bits[-1].text.endswith("…")
    assert "\n" not in "".join(bit.text for bit in bits)
    assert len("".join(bit.text for bit in bits)) < 100


def test_a_long_text_is_known_by_its_beginning_and_its_end() -> None:
    text = "first " + "x" * 100 + " y" * 40_000 + " last"
    kept = capped(text)
    assert len(kept) < 20_100
    assert words(kept)[0] == "first"
    assert words(kept)[1] == "x" * 64
    assert words(kept)[-1] == "last"
    assert capped("short") == "short"
    assert searchable("A" * 200) == "a" * 64


@given(
    st.lists(st.tuples(st.sampled_from(["x", "é", "9"]), st.integers(60, 70), st.sampled_from(" _-\n.")), max_size=6)
)
def test_no_word_is_longer_than_the_longest(runs: list[tuple[str, int, str]]) -> None:
    found = words("".join(letter * length + between for letter, length, between in runs))
    assert [len(word) for word in found] == [min(64, length) for _, length, _ in runs]


def test_months() -> None:
    assert month(NOW) == "202611"
    assert months(datetime(2025, 11, 30, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)) == (
        "202511",
        "202512",
        "202601",
        "202602",
    )
    assert months(datetime(1999, 1, 1, tzinfo=UTC), NOW) is None
    assert day(NOW) == "20261124"
    assert rest_of_month(datetime(2024, 2, 27, 23, 59, tzinfo=UTC)) == ("20240227", "20240228", "20240229")
    assert len(rest_of_month(datetime(2026, 12, 1, tzinfo=UTC))) == 31
    assert rest_of_month(datetime.max.replace(tzinfo=UTC)) == ("99991231",)
