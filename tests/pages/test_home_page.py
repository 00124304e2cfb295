"""A person chooses what their home page shows first, and gets the first one back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from data.domain.home import Density, Home, Panel, TableOrder, TablePlace
from data.domain.tasks import Draft
from orchestrator_adapter import commands, commands_home
from orchestrator_adapter.access import LOCAL, Actor
from orchestrator_adapter.deck import Deck
from tests.pages.opening import ENTRY, serving

ANA = Actor("ana", "admin")


@pytest.fixture(scope="module")
def deck(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deck]:
    """A deck on which two people have handed in a task each."""
    with pytest.MonkeyPatch.context() as patch, serving(patch, tmp_path_factory.mktemp("home")) as opened:
        for actor in (LOCAL, ANA):
            commands.submit_task(opened, actor, Draft(f"Fix the typo of {actor.name}"))
        yield opened


def chosen(deck: Deck, person: str = LOCAL.name) -> Home:
    with deck.store.read() as board:
        return board.home(person)


def fleet() -> AppTest:
    at = AppTest.from_file(ENTRY, default_timeout=30).run()
    assert not at.exception
    return at


def board(at: AppTest) -> dict[str, Any]:
    """What the live parts of the page were told."""
    (found,) = [part for part in at.get("bidi_component") if "resting" in str(part.proto)]
    return dict(json.loads(found.proto.json))


def parts(told: dict[str, Any]) -> list[str]:
    """The parts that a person chooses from, in their order; what failed is shown whatever they chose."""
    return [name for name in told["show"] if name != "failures"]


def test_a_person_chooses_their_home_page_and_gets_the_first_one_back(deck: Deck):
    at = fleet()
    assert [part.value for part in at.subheader] == ["All agents"]
    assert at.selectbox(key="sort").value == "created"
    at.button(key="home-open").click().run()
    at.multiselect(key="home-panels").set_value([Panel.AGENTS, Panel.NUMBERS])
    at.radio(key="home-table").set_value(TablePlace.ABOVE)
    at.radio(key="home-density").set_value(Density.COMPACT)
    at.selectbox(key="home-order").set_value(TableOrder.COST)
    at.toggle(key="home-mine").set_value(True)
    at.button(key="home-save").click().run()
    assert not at.exception
    assert not at.error
    wanted = Home((Panel.AGENTS, Panel.NUMBERS), TablePlace.ABOVE, TableOrder.COST, Density.COMPACT, True)
    assert chosen(deck) == wanted
    assert chosen(deck, ANA.name) == Home(), "what one person chooses is theirs alone"
    for seen in (at, fleet()):
        told = board(seen)
        assert (parts(told), told["compact"], told["owner"]) == (["agents", "kpis"], True, LOCAL.name)
        assert (seen.selectbox(key="sort").value, seen.selectbox(key="whose").value) == ("cost", "mine")
    at.button(key="home-open").click().run()
    at.button(key="home-reset").click().run()
    assert chosen(deck) == Home()
    assert parts(board(at)) == ["kpis", "tasks", "agents"]
    assert at.selectbox(key="sort").value == "created"


def test_a_home_page_without_anything_is_refused_in_the_dialog(deck: Deck):
    at = fleet()
    at.button(key="home-open").click().run()
    at.multiselect(key="home-panels").set_value([])
    at.radio(key="home-table").set_value(TablePlace.HIDDEN)
    at.button(key="home-save").click().run()
    assert [said.value for said in at.error] == [
        "panels must name one of numbers, tasks, agents where the table is hidden."
    ]
    assert chosen(deck) == Home()


def test_a_hidden_table_is_not_there(deck: Deck):
    commands_home.set_home(deck, LOCAL, Home(table=TablePlace.HIDDEN))
    assert not fleet().subheader
    commands_home.set_home(deck, LOCAL, Home())
    assert fleet().subheader
