"""Where search looks: near first on PostgreSQL, and only where texts of the time lie; no answer depends on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from data.domain.search import Kind
from data.store import Store
from data.store.search import Bounds
from data.store.search_index import Text, start_over, stretch_of
from data.store.tables_search import STRETCH
from tests.store.test_search import NOW, agent, find, put, submit


@pytest.mark.parametrize("near", [1, 7, 20_000])
@pytest.mark.parametrize("text", ["needle", "hay", "hay -needle", '"needle hay"', "needle until:2026-11-10", "nowhere"])
def test_how_far_is_looked_before_the_index_is_asked_changes_no_answer(store: Store, text: str, near: int) -> None:
    with store.write() as ledger:
        submit(ledger, "t1", "unrelated")
        agent(ledger, "t1", "a1")
        days = [NOW - timedelta(days=n * 7 % 40) for n in range(40)]
        said = ["needle hay" if n % 9 == 0 else "hay" for n in range(40)]
        put(ledger, *(Text(f"k{n}", at, Kind.TEXT, said[n]) for n, at in enumerate(days)))
    fits = {"needle": lambda n: n % 9 == 0, "hay": lambda n: True, "hay -needle": lambda n: n % 9, "nowhere": None}
    wanted = fits.get(text.partition(" until")[0].replace('"', "").replace("needle hay", "needle"))
    early = datetime(2026, 11, 10, tzinfo=UTC) if "until" in text else NOW + timedelta(days=1)
    expected = [f"k{n}" for n in reversed(range(40)) if wanted is not None and wanted(n) and days[n] < early]
    found, cursor = list[str](), None
    while True:
        page = find(
            store, text, limit=3, cursor=cursor, order="newest", bounds=Bounds(weighed=5, looked_at=5, near=near)
        )
        found += [hit.key for hit in page.hits]
        if (cursor := page.next_cursor) is None:
            break
    assert sorted(found) == sorted(expected)


def test_a_time_is_looked_for_only_where_its_texts_lie(store: Store) -> None:
    """History that came in late lies among what is new."""
    old, older = NOW - timedelta(days=10), NOW - timedelta(days=20)
    with store.write() as ledger:
        submit(ledger, "t1", "unrelated")
        agent(ledger, "t1", "a1")
        put(ledger, *(Text(f"k{n}", old if n < STRETCH else NOW, Kind.TEXT, "hay") for n in range(2 * STRETCH)))
        put(ledger, Text("late", older, Kind.TEXT, "hay"))
    day = timedelta(days=1)
    with store.read() as board:
        of = partial(stretch_of, board.connection)
        assert of(None, None) == (0, None)
        assert of(old - day, old + day) == (0, 3 * STRETCH)
        assert of(NOW - day, None) == (STRETCH, None)
        assert of(None, older) == (0, 0)
        assert of(NOW + day, None) == (0, 0)
    assert [hit.key for hit in find(store, "hay until:2026-11-05").hits] == ["late"]
    with store.write() as ledger:
        start_over(ledger.connection)
        assert stretch_of(ledger.connection, None, NOW) == (0, 0)
