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


def test_a_report_shows_its_first_rows_and_the_page_remembers_what_was_chosen_last(seeded: Deck) -> None:
    at = opened("pages/measure/reports.py", money="Simulated", format="CSV", what="Tasks")
    assert "12 rows in all" in text(at)
    assert "cost_usd" in at.dataframe[0].value.columns
    assert not opened("pages/measure/reports.py", money="Simulated").dataframe, "an opened address is no choice"
    at.segmented_control(key="what").set_value("agents").run()
    at.segmented_control(key="window").set_value("90d").run()
    again = opened("pages/measure/reports.py", money="Simulated")
    assert "role" in again.dataframe[0].value.columns
    chosen = [again.segmented_control(key=key).value for key in ("window", "format", "what")]
    assert chosen == ["90d", "csv", "agents"]
    again.segmented_control(key="window").set_value("custom").run()
    again.segmented_control(key="format").set_value("json").run()
    assert not again.exception
    last = opened("pages/measure/reports.py", money="Simulated")
    assert [last.segmented_control(key=key).value for key in ("window", "format")] == ["90d", "json"]
