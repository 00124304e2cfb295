"""The Costs page: what was spent, asked by its address, the same numbers as everywhere."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from data.domain import events as e
from data.domain.agents import Role, Runtime
from data.domain.money import NANO, Tokens
from data.domain.tasks import TaskStatus, TaskType
from orchestrator_adapter.deck import Deck
from tests.pages.opening import opened
from tests.pages.test_history_page import text
from tests.store.test_board import created, submitted

PAGE = "pages/measure/costs.py"


@pytest.fixture
def spent(deck: Deck) -> Deck:
    """Two real tasks of different kinds, and a simulated one."""
    kinds = {"t1": (TaskType.BUG_FIX, Runtime.CLAUDE), "t2": (TaskType.TESTING, Runtime.CLAUDE)}
    kinds["t3"] = (TaskType.BUG_FIX, Runtime.DEMO)
    with deck.store.write() as ledger:
        for number, (task, (kind, runtime)) in enumerate(kinds.items(), 1):
            ledger.append(submitted(task, task_type=kind, runtime=runtime, working_directory=f"/src/{task}"))
            ledger.append(e.TaskMoved(task_id=task, to=TaskStatus.IN_PROGRESS))
            role = Role.BUILDER if number == 1 else Role.ANALYST
            ledger.append(created(f"a{number}", task, role=role, name=role.value, runtime=runtime))
    for number in (1, 2, 3):
        meter(deck, number, "m", number * NANO)
    return deck


def meter(deck: Deck, number: int, message: str, nanousd: int) -> None:
    with deck.store.write() as ledger:
        names: dict[str, Any] = {"task_id": f"t{number}", "agent_id": f"a{number}", "model": "claude-opus-5-5"}
        tokens = Tokens(input=1_000, output=100, cache_read=10_000)
        ledger.append(e.MessageMetered(**names, message_id=f"{message}{number}", tokens=tokens, cost_nanousd=nanousd))


def costs(**query: str) -> AppTest:
    return opened(PAGE, **query)


def test_without_any_spending_it_says_what_to_do(deck: Deck) -> None:
    at = costs()
    assert "Nothing was spent in this time" in text(at)


def test_it_answers_first_and_leaves_simulated_money_out(spent: Deck) -> None:
    at = costs()
    said = text(at)
    assert "**$3.00** in 30 days" in said
    assert "ANALYST agents were 67 % of it" in said
    assert "$3.00 of simulated money are not in it" in said
    assert "**$3.00** of simulated money in 30 days" in text(costs(money="Simulated"))


def test_the_address_is_the_question(spent: Deck) -> None:
    said = text(costs(cost_role="builder", window="7 days"))
    assert "**$1.00** in 7 days, for builder" in said
    assert "Nothing was spent on that" in text(costs(cost_role="tester"))
    assert "**$2.00**" in text(costs(cost_type="testing", tz="Asia/Kathmandu", split="model", step="hour"))
    assert "**$1.00** in 30 days, for /src/t1" in text(costs(cost_folder="/src/t1"))


def test_a_filter_stays_while_the_clock_moves(spent: Deck) -> None:
    at = costs(cost_type="bug fix")
    meter(spent, 1, "later", NANO // 2)
    at.run()
    assert not at.exception
    assert "**$1.50** in 30 days, for bug fix" in text(at)


def test_the_dearest_tasks_agents_and_the_figures_of_runs_are_listed(spent: Deck) -> None:
    at = costs()
    (tasks,) = [frame for frame in at.dataframe if "Task" in frame.value.columns and "ANALYST" in frame.value.columns]
    assert list(tasks.value["Task"]) == ["do t2", "do t1"]
    assert list(tasks.value["Cost"]) == ["$2.00", "$1.00"]
    at = costs(dearest="Agents")
    (agents,) = [frame for frame in at.dataframe if "Agent" in frame.value.columns]
    assert list(agents.value["Agent"]) == ["analyst", "builder"]


def test_a_window_that_ends_before_it_begins_is_refused(spent: Deck) -> None:
    at = costs(window="Custom", **{"from": "2026-01-05", "to": "2026-01-01"})
    assert "ends before it begins" in text(at)


def test_an_invoice_is_parted_among_the_runs(spent: Deck) -> None:
    day = spent.store.now().date().isoformat()
    at = costs()
    at.session_state["costs-invoice"] = True
    at.run()
    (uploader,) = at.file_uploader
    uploader.set_value(("bill.csv", f"day,model,cost\n{day},opus,3.6\n".encode(), "text/csv")).run()
    assert not at.exception, at.exception[0].message
    (runs,) = [frame.value for frame in at.dataframe if "Share of the invoice" in frame.value.columns]
    assert sorted(runs["Share of the invoice"]) == ["$1.20", "$2.40"]
    assert set(runs["Share of the invoice apart"]) == {"+20.0 % ⚠"}
    assert "3.60" in at.error[0].value
    assert "+20.0 %" in at.error[0].value
    assert "The share and the count of 2 runs are 5 % or more apart" in at.warning[-1].value
