"""The store goes away while pages are open: they show what they showed last, say how old it is, and come back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data.domain.agents import AgentStatus
from data.domain.budgets import Budget, Period, Scope
from data.domain.tasks import Draft, Task, TaskStatus
from data.store import AgentFilter
from orchestrator_adapter import commands
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.deck import Deck
from pages.ui.memory import Memory, told
from pages.ui.session import KEPT
from tests.pages.opening import serving
from tests.pages.opening import visited as opened
from tests.postgres import PostgresServer

AWAY = "The store cannot be reached: showing the state of"
SIMPLE = "Fix the typo in the heading of the page"


@pytest.fixture
def deck(own_postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deck]:
    with serving(monkeypatch, tmp_path, DATABASE_URL=own_postgres.database("fleet")) as opened:
        yield opened
        own_postgres.start()


def says_its_age(at: AppTest) -> bool:
    assert not at.exception, at.exception[0].message
    return any(caption.value.startswith(AWAY) for caption in at.caption)


def test_every_page_shows_its_last_state_and_says_how_old_it_is(
    deck: Deck, own_postgres: PostgresServer, eventually: Callable[..., None]
) -> None:
    task_id = commands.submit_task(deck, LOCAL, Draft(SIMPLE)).id

    def agents() -> list[str]:
        with deck.store.read() as board:
            ended = board.task(task_id).status is TaskStatus.COMPLETED
            found = board.agents(AgentFilter(task_id=task_id, status=AgentStatus.COMPLETED)).items
        return [agent.id for agent in found] if ended else []

    eventually(agents, within=30)
    budget = Budget(id="", name="Daily", scope=Scope.FLEET, period=Period.DAY, limit_nanousd=10**9)
    commands.set_budget(deck, LOCAL, budget)
    pages = {
        "pages/watch/fleet.py": {},
        "pages/watch/tasks.py": {},
        "pages/watch/task.py": {"id": task_id},
        "pages/watch/agent.py": {"id": agents()[0]},
        "pages/watch/approvals.py": {},
        "pages/guard/budgets.py": {},
        "pages/watch/queue.py": {},
        "pages/guard/alerts.py": {},
        "pages/guard/limits.py": {},
        "pages/guard/connect.py": {},
    }
    shown = {page: opened(page, **query) for page, query in pages.items()}
    assert not any(says_its_age(at) for at in shown.values())
    before = {page: _words(at) for page, at in shown.items()}
    own_postgres.stop()
    for page, query in pages.items():
        again = opened(page, **query)  # somebody else opens it now
        assert says_its_age(again), page
        assert [error.value for error in again.error] == [], page
        assert _words(again) == before[page], page
        assert says_its_age(shown[page].run()), page
    never = shown["pages/watch/tasks.py"].selectbox(key="status").set_value("failed").run()
    assert not never.exception
    assert any("Nothing was known of this part of the page before." in error.value for error in never.error)
    assert not any("No task" in text.value for text in never.markdown), "it must not look like an empty fleet"
    own_postgres.start()
    never.selectbox(key="status").set_value(None)
    for page, at in shown.items():
        assert not says_its_age(at.run()), page


def _words(at: AppTest) -> list[str]:
    """What the page shows, without what is said about its age and what the clock moves."""
    frames = [str(sorted(frame.value.columns)) + str(len(frame.value)) for frame in at.dataframe]
    return [title.value for title in at.title] + [button.label for button in at.button] + frames


def test_a_page_that_was_never_seen_says_so(deck: Deck, own_postgres: PostgresServer) -> None:
    own_postgres.stop()
    at = opened("pages/watch/task.py", id="never-seen")
    assert not at.exception
    assert at.title[0].value == "The store cannot be reached"
    assert "cannot be used" in at.error[-1].value
    assert at.button[-1].label == "Try again"


def test_the_form_of_a_task_keeps_what_was_typed(
    deck: Deck, own_postgres: PostgresServer, eventually: Callable[..., None]
) -> None:
    at = opened("pages/run/new_task.py")
    own_postgres.stop()
    at.text_area[0].set_value(SIMPLE)
    at.number_input(key="new-budget").set_value(2.5).run()
    assert not at.exception
    assert [error.value for error in at.error] == []
    assert any("skipping ANALYST" in text.value for text in at.markdown), "the estimate works without the store"
    at.button(key="submit").click().run()
    assert at.error[0].value.endswith(f"Nothing was changed. {KEPT}")
    again = opened("pages/run/new_task.py")  # somebody else opens it now
    assert [error.value for error in again.error] == []
    own_postgres.start()
    at.button(key="submit").click().run()

    def task() -> Task:
        with deck.store.read() as board:
            (only,) = board.tasks().items
        return only

    assert (at.title[0].value, task().description, task().budget_nanousd) == (SIMPLE, SIMPLE, 2_500_000_000)
    eventually(lambda: task().status is TaskStatus.COMPLETED, within=30)


def test_the_form_of_a_budget_keeps_what_was_typed(deck: Deck, own_postgres: PostgresServer) -> None:
    at = opened("pages/guard/budgets.py")
    at.button(key="new-budget").click().run()
    own_postgres.stop()
    at.text_input(key="budget-new-name").set_value("Mine")
    at.number_input(key="budget-new-usd").set_value(12.5)
    at.selectbox(key="budget-new-scope").set_value(Scope.TASK)
    at.button(key="new-budget").click().run()
    assert not at.exception
    assert [error.value for error in at.error] == [], "the list of tasks is not known; one can be typed"
    at.selectbox(key="budget-new-scope").set_value(Scope.FLEET)
    at.button(key="new-budget").click()
    at.button(key="budget-save").click().run()
    assert at.error[0].value.endswith(f"Nothing was changed. {KEPT}")
    own_postgres.start()
    at.button(key="new-budget").click()
    at.button(key="budget-save").click().run()
    with deck.store.read() as board:
        (made,) = board.budgets(deck.store.now())
    assert (made.budget.name, made.budget.limit_nanousd) == ("Mine", 12_500_000_000)


def test_the_memory_holds_the_answers_used_last() -> None:
    memory, now = Memory(most_items=5), datetime(2026, 1, 1, tzinfo=UTC)
    memory.keep("a", [1, 2], now)
    memory.keep("b", [3, 4], now)
    memory.keep("b", [5, 6, 7], now)
    assert memory.last("a") == ([1, 2], now)
    memory.keep("c", None, now)
    assert memory.last("a") is None
    assert memory.last("b") == ([5, 6, 7], now)
    memory.keep("b", list(range(6)), now)
    assert memory.last("b") is None, "longer than all that is remembered"
    assert memory.last("c") == (None, now)


def test_the_age_is_told_in_one_unit_and_never_below_zero() -> None:
    at = datetime(2026, 1, 1, 14, 2, 11, tzinfo=UTC)
    ages = [at + timedelta(minutes=1), at]
    assert told(ages, at + timedelta(minutes=2)) == f"{AWAY} 2 min ago (14:02:11 UTC)."
    assert told(ages, at - timedelta(hours=1)) == f"{AWAY} 0 s ago (14:02:11 UTC)."
    assert told(ages, at + timedelta(days=1)) == f"{AWAY} 24 h ago (2026-01-01 14:02:11 UTC)."
