"""What people chose for their home pages is kept for each of them, and whose a task is can be asked."""

from __future__ import annotations

import pytest

from data.domain.control_events import PreferenceSet
from data.domain.errors import InvalidField
from data.domain.home import Density, Home, Panel, TableOrder, TablePlace, checked
from data.store import AgentFilter, Store, TaskFilter, preferences
from data.store.lists import SORTS
from tests.store.test_board import append, created, submitted

CHOSEN = Home((Panel.AGENTS,), TablePlace.HIDDEN, TableOrder.TOKENS, Density.COMPACT, True)


def home(store: Store, person: str) -> Home:
    with store.read() as board:
        return board.home(person)


def test_each_person_has_their_own_home_page_and_gets_the_first_one_back(store: Store) -> None:
    assert home(store, "ana") == Home()
    append(store, preferences.event(CHOSEN, "ana"), preferences.event(Home(table=TablePlace.ABOVE), "bo"))
    assert home(store, "ana") == CHOSEN
    assert home(store, "bo") == Home(table=TablePlace.ABOVE)
    append(store, preferences.event(Home(), "ana"))
    assert home(store, "ana") == Home()
    assert home(store, "bo") == Home(table=TablePlace.ABOVE)


def test_each_person_has_their_own_reports_beside_the_home_page(store: Store) -> None:
    wanted = {"format": "csv", "what": "tasks", "window": "7d"}
    event = PreferenceSet(task_id="", name="reports", values=dict(wanted), by="ana")
    append(store, preferences.event(CHOSEN, "ana"), event)
    with store.read() as board:
        assert (board.report_preferences("ana"), board.report_preferences("bo")) == (wanted, {})
        assert board.home("ana") == CHOSEN


def test_lists_of_one_persons_tasks_and_agents(store: Store) -> None:
    append(store, submitted("t1", by="ana"), created("a1", "t1"), submitted("t2", by="bo"), created("a2", "t2"))
    with store.read() as board:
        assert [task.id for task in board.tasks(TaskFilter(created_by="ana")).items] == ["t1"]
        assert [agent.id for agent in board.agents(AgentFilter(created_by="bo")).items] == ["a2"]
        assert board.agents(AgentFilter(created_by="nobody")).items == []
        assert board.owners(["t1", "t2", "t3"]) == {"t1": "ana", "t2": "bo"}


@pytest.mark.parametrize(
    "wrong", [Home((Panel.TASKS, Panel.TASKS)), Home((), TablePlace.HIDDEN)], ids=["a part twice", "nothing at all"]
)
def test_a_home_page_that_cannot_be_is_refused(wrong: Home) -> None:
    with pytest.raises(InvalidField) as refused:
        checked(wrong)
    assert refused.value.details["field"] == "panels"


def test_every_order_of_the_table_is_one_that_lists_have() -> None:
    assert tuple(TableOrder) == SORTS
