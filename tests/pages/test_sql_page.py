"""The pages Ask in SQL and Reports: a question asked, refused and saved; rows seen before they are downloaded."""

from __future__ import annotations

from orchestrator_adapter.deck import Deck
from tests.pages.opening import opened
from tests.pages.test_history_page import text
from tests.pages.test_performance_page import seeded

__all__ = ["seeded"]


def test_a_question_is_asked_answered_and_saved(seeded: Deck) -> None:
    at = opened("pages/measure/sql.py", sql="select role, count(*) as agents from agents group by all order by role")
    assert "No question was asked yet" in text(at)
    at.button[0].click().run()
    assert not at.exception
    assert list(at.dataframe[0].value.columns) == ["role", "agents"]
    at.text_area[0].set_value("from read_csv('/etc/passwd')").run()
    at.button[0].click().run()
    assert "Permission Error" in at.error[0].value


def test_a_report_shows_its_first_rows_and_remembers_what_is_usual(seeded: Deck) -> None:
    at = opened("pages/measure/reports.py", money="Simulated", format="CSV", what="Tasks")
    assert "12 rows in all" in text(at)
    assert "cost_usd" in at.dataframe[0].value.columns
    at.button(key="report-usual").click().run()
    again = opened("pages/measure/reports.py", money="Simulated")
    assert "cost_usd" in again.dataframe[0].value.columns
