"""The page of budgets as a person meets it: made, changed, refused, removed, and remembered."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from data.domain.budgets import Act, Budget, Period, Scope, Stage
from data.domain.errors import FleetError
from data.domain.money import NANO
from orchestrator_adapter import commands
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.deck import Deck
from tests.pages.opening import opened


def page() -> AppTest:
    return opened("pages/guard/budgets.py")


def budgets(deck: Deck) -> list[Budget]:
    with deck.store.read() as board:
        return [usage.budget for usage in board.budgets(deck.store.now())]


def press(at: AppTest, opener: str, button: str) -> AppTest:
    """A dialog stands only in the run that opened it: open it and press in it."""
    at.button(key=opener).click()
    at.button(key=button).click()
    return at.run()


def daily(deck: Deck, **other: object) -> Budget:
    values = {"name": "Daily", "scope": Scope.FLEET, "period": Period.DAY, "limit_nanousd": 10 * NANO} | other
    return commands.set_budget(deck, LOCAL, Budget("", **values))  # type: ignore[arg-type]


def test_without_a_budget_the_page_says_what_to_do(deck: Deck):
    at = page()
    assert any("No budget yet" in text.value for text in at.markdown)
    assert any("at most one for each agent" in text.value for text in at.caption), "the bound is said"
    assert not at.dataframe


def test_a_budget_is_made(deck: Deck):
    at = page()
    at.button(key="new-budget").click().run()
    at.text_input(key="budget-new-name").set_value("Daily")
    at.number_input(key="budget-new-usd").set_value(12.5)
    at.number_input(key="budget-new-tokens").set_value(2_000_000)
    at.number_input(key="budget-new-pause").set_value(90)
    at = press(at, "new-budget", "budget-save")
    (made,) = budgets(deck)
    assert (made.name, made.scope, made.period, made.limit_tokens) == ("Daily", Scope.FLEET, Period.DAY, 2_000_000)
    assert made.limit_nanousd == 12_500_000_000
    assert made.stages == (Stage(80, Act.WARN), Stage(90, Act.PAUSE), Stage(100, Act.INTERRUPT))
    at = page()
    assert "Warn at 80 %, pause tasks at 90 %, stop agents at 100 %." in [text.value for text in at.caption]
    assert at.dataframe[0].value.iloc[0]["What"].startswith("made: $12.50 and 2 M tokens a day")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [("name", "", "name must have"), ("pause", 80, "rising percents"), ("usd", 0.0, "more than 0")],
)
def test_a_refusal_is_one_sentence_and_makes_nothing(deck: Deck, field: str, value: object, said: str):
    at = page()
    at.button(key="new-budget").click().run()
    at.text_input(key="budget-new-name").set_value("Daily")
    box = at.text_input if field == "name" else at.number_input
    box(key=f"budget-new-{field}").set_value(value)
    at = press(at, "new-budget", "budget-save")
    assert said in at.error[0].value
    assert budgets(deck) == []


def test_a_scope_asks_for_whom(deck: Deck):
    at = page()
    at.button(key="new-budget").click().run()
    at.text_input(key="budget-new-name").set_value("Mine")
    at.selectbox(key="budget-new-scope").set_value(Scope.USER)
    at.button(key="new-budget").click().run()
    at = press(at, "new-budget", "budget-save")
    assert [(b.scope, b.subject) for b in budgets(deck)] == [(Scope.USER, "local")]


def test_a_budget_is_changed_and_the_history_says_how(deck: Deck):
    made = daily(deck)
    at = page()
    at.button(key=f"edit-{made.id}").click().run()
    at.number_input(key=f"budget-{made.id}-usd").set_value(20.0)
    press(at, f"edit-{made.id}", "budget-save")
    assert [(b.id, b.limit_nanousd) for b in budgets(deck)] == [(made.id, 20 * NANO)]
    row = page().dataframe[0].value.iloc[0]
    assert (row["Budget"], row["What"], row["Who"]) == ("Daily", "limit $10.00 → $20.00", "local")


def test_a_budget_is_removed_after_one_question(deck: Deck):
    made = daily(deck)
    at = page()
    at.button(key=f"remove-{made.id}").click().run()
    assert any("tasks it paused stay paused" in text.value for text in at.markdown)
    at = press(at, f"remove-{made.id}", "remove-sure")
    assert budgets(deck) == []
    at = page()
    assert at.dataframe[0].value.iloc[0]["What"] == "removed"
    with pytest.raises(FleetError):
        commands.remove_budget(deck, LOCAL, made.id)
