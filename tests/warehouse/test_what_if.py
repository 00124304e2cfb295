"""What all spending would have cost otherwise: to the nano-dollar what the replies say, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.domain import what_if as domain
from data.domain import windows
from data.domain.experience import Span
from data.domain.money import Tokens
from data.domain.prices import book
from data.domain.what_if import Reply as Counted
from data.store import Store
from data.warehouse import Warehouse, what_if
from data.warehouse.costs import Cut
from data.warehouse.what_if import Way
from orchestrator_adapter.kept import Kept
from tests.warehouse import histories
from tests.warehouse.histories import MODELS, START, Reply
from tests.warehouse.test_costs import fits, rows, whole

OPUS, HAIKU = MODELS[0], MODELS[1]
FAR = datetime(1999, 1, 1, tzinfo=UTC)
some: dict[str, Any] = {
    "simulated": st.booleans(),
    "role": st.none() | st.sampled_from(["planner", "builder"]),
    "model": st.none() | st.sampled_from(MODELS),
    "folder": st.none() | st.just("/src/1"),
    "analyst": st.none() | st.booleans(),
}


@pytest.fixture
def warehouse(lite: Store, tmp_path: Path) -> Iterator[Warehouse]:
    opened = Warehouse(lite, tmp_path / "warehouse", Kept())
    yield opened
    opened.close()


def counted(row: dict[str, Any]) -> Counted:
    tokens = Tokens(*(row[f"tokens_{kind}"] for kind in Tokens().as_dict()))
    at = datetime.fromtimestamp(row["at_ms"] / 1000, UTC)
    return Counted(row["model"], at, tokens, row["web_searches"], row["cost_nanousd"])


def span(ways: tuple[Way, ...]) -> Span | None:
    return Span(min(way.low_nanousd for way in ways), max(way.high_nanousd for way in ways)) if ways else None


@settings(max_examples=20, deadline=None)
@given(told=histories.steps, how=st.fixed_dictionaries(some))
def test_sums_are_those_of_the_replies_one_by_one(
    tmp_path_factory: pytest.TempPathFactory, told: list[Any], how: dict[str, Any]
) -> None:
    home = tmp_path_factory.mktemp("otherwise")
    store = Store.open(f"sqlite:///{home / 'store.sqlite'}")
    warehouse = Warehouse(store, home / "warehouse", Kept())
    try:
        histories.begin(store)
        histories.play(store, told)
        cut = Cut(whole(), **how)
        replies = [counted(row) for row in rows(store) if fits(cut)(row)]
        found = warehouse.ask(what_if.sums, cut, (OPUS, HAIKU), START)
    finally:
        warehouse.close()
        store.close()
    known = [one for one in replies if book().knows(one.model, one.at)]
    for name in (OPUS, HAIKU):
        assert span(found.ways[name]) == domain.other_model(book(), replies, name).cost
    assert span(found.ways[what_if.DATE]) == domain.other_date(book(), known, START).cost
    assert span(found.ways[what_if.CACHE]) == domain.no_cache(book(), known).cost
    priced = [one for one in known if one.cost_nanousd is not None]
    for way in found.ways[what_if.CACHE]:
        assert (way.replies, way.paid_nanousd) == (len(priced), domain.paid(priced))


def test_what_has_no_price_then_is_left_out_and_counted(lite: Store, warehouse: Warehouse) -> None:
    histories.begin(lite)
    tokens = Tokens(input=1_000, output=100, cache_read=5_000)
    known = book().cost_nanousd(OPUS, tokens, START) or 0
    histories.play(
        lite,
        [
            Reply(0, 1, "", OPUS, tokens, known, 5, (), False),
            Reply(0, 2, "", MODELS[3], tokens, 777, 6, (), False),
            Reply(2, 3, "", OPUS, tokens, None, 7, (), False),
        ],
    )
    found = warehouse.ask(what_if.sums, Cut(whole()), (OPUS,), START)
    assert found.ways[what_if.DATE] == (Way(1, known, known, known),)
    assert (found.total.cost_nanousd, found.total.unpriced) == (known + 777, 1)
    assert found.ways[OPUS][0].replies == 2, "its tokens are known, so another model has a price for them"
    long_ago = warehouse.ask(what_if.sums, Cut(whole()), (), FAR)
    assert long_ago.ways[what_if.DATE] == ()


def test_tasks_count_as_having_an_analyst_once_it_cost_anything(lite: Store, warehouse: Warehouse) -> None:
    histories.begin(lite)
    with lite.read() as board:
        roles = {agent.id: agent.role for agent in board.agents(limit=20).items}
    analyst = next(int(name[1:]) for name, role in roles.items() if role == "analyst")
    other = next(n for n in range(6) if n // 2 == analyst // 2 and n != analyst)
    aside = next(n for n in range(6) if n // 2 != analyst // 2)
    tellings = [(analyst, 30), (other, 70), (aside, 11)]
    histories.play(lite, [Reply(n, n, "", OPUS, Tokens(1), cost, 5, (), False) for n, cost in tellings])
    window = windows.between(START, whole().end)
    for simulated in (False, True):
        found = warehouse.ask(what_if.sums, Cut(window, simulated), (), START)
        if found.analyst_tasks:
            assert (found.analyst_tasks, found.with_analyst_nanousd, found.analyst_nanousd) == (1, 100, 30)
            return
    raise AssertionError("no task with an ANALYST was found")
