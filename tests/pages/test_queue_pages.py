"""The pages of the queue and of limits as a person meets them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from data.domain.agents import Role
from data.domain.fleet import Cleanup, Limits, Patience, Priority, Retries
from data.domain.tasks import Draft
from data.store import tables as t
from data.store.settings import FleetSettings
from orchestrator_adapter import commands, commands_fleet
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.deck import Deck
from tests.pages.opening import beside
from tests.pages.opening import opened as page

QUEUE, LIMITS = "pages/watch/queue.py", "pages/guard/limits.py"


@pytest.fixture
def deck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deck]:
    with beside(monkeypatch, tmp_path / "home") as opened:
        yield opened


def machine(deck: Deck, places: int) -> None:
    """The process that has the engine."""
    row = {"id": "deck-1", "host": "deck", "pid": 1, "pages": True, "max_agents": places}
    with deck.store.writer.connect() as connection, connection.begin():
        connection.execute(sa.insert(t.workers).values(**row, started_at_ms=0, beat_at_ms=0))


def settings(deck: Deck) -> FleetSettings:
    with deck.store.read() as board:
        return board.settings()


def submit(deck: Deck, description: str, **more: object) -> str:
    return commands.submit_task(deck, LOCAL, Draft(description, **more)).id  # type: ignore[arg-type]


def test_an_empty_queue_says_so(deck: Deck):
    at = page(QUEUE)
    assert any("Nothing waits for a place" in text.value for text in at.markdown)
    assert any("No engine process works" in text.value for text in at.warning)
    assert not at.dataframe


def test_the_queue_says_who_is_next_and_why_others_wait(deck: Deck):
    machine(deck, places=1)
    submit(deck, "Fix the first bug")
    submit(deck, "Fix the second bug", priority=Priority.HIGH)
    paused = submit(deck, "Fix the third bug")
    commands.pause_task(deck, LOCAL, paused)
    commands_fleet.set_limits(deck, LOCAL, Limits(in_all=4, per_user=2))
    at = page(QUEUE)
    assert not at.warning
    line, held = at.dataframe[0].value, at.dataframe[1].value
    assert list(line["Task"]) == ["Fix the second bug", "Fix the first bug"]
    assert list(line["Place"]) == [1, 2]
    assert list(line["Priority"]) == [":material/swap_vert: High", ":material/swap_vert: Normal"]
    assert list(line["Why it waits"]) == [
        "A place is free: it starts in a moment.",
        "The free places go to what is ahead of it.",
    ]
    assert "Place" not in held
    assert (held["Task"][0], held["Why it waits"][0]) == ("Fix the third bug", "Paused by local.")
    drawn = " ".join(part.proto.body for part in at.get("html"))
    for share in ("deck: 0 of 1 places taken", "In all: 0 of 4 agents at work", "local: 0 of 2 agents at work"):
        assert share in drawn


def test_a_priority_is_changed_on_the_page(deck: Deck):
    first, second = submit(deck, "Fix the first bug"), submit(deck, "Fix the second bug")
    at = page(QUEUE)
    at.session_state["queue-asked"] = ("prioritize", second)  # what a click on the row's button leaves
    at.run()
    at.radio(key="priority").set_value(Priority.URGENT)
    at.button(key="priority-save").click().run()
    with deck.store.read() as board:
        assert [one.task_id for one in board.queue().waiting] == [second, first]
    assert list(page(QUEUE).dataframe[0].value["Task"]) == ["Fix the second bug", "Fix the first bug"]


def test_a_long_queue_is_shown_in_stretches(deck: Deck):
    for number in range(102):
        submit(deck, f"Fix bug {number}")
    at = page(QUEUE)
    assert len(at.dataframe[0].value) == 100
    at.button(key="more-queue").click().run()
    assert len(at.dataframe[0].value) == 102


def test_limits_are_set_and_the_history_says_by_whom(deck: Deck):
    at = page(LIMITS)
    assert [caption.value for caption in at.caption].count("Nobody has changed this.") == 4
    at.number_input(key="limits-0-user").set_value(2)
    at.number_input(key="limits-0-all").set_value(12)
    at.button(key="limits-save").click().run()
    assert not at.exception
    assert any("Saved" in said.value for said in at.success)
    assert settings(deck).limits == Limits(None, 2, 12)
    at = page(LIMITS)
    assert any(caption.value.startswith("Changed by local, ") for caption in at.caption)
    row = at.dataframe[0].value.iloc[0]
    assert (row["Setting"], row["Who"]) == ("Agents at once", "local")
    assert row["What"] == "for each person not set → 2; in all not set → 12"


def test_tries_patience_and_clean_up_are_set(deck: Deck):
    at = page(LIMITS)
    at.number_input(key="retries-0-all").set_value(1)
    at.number_input(key="retries-0-tester").set_value(0)
    at.button(key="retries-save").click().run()
    assert settings(deck).retries == Retries({Role.TESTER: 0}, 1)
    at = page(LIMITS)
    at.number_input(key="patience-0-silent").set_value(120)
    at.button(key="patience-save").click().run()
    assert settings(deck).patience == Patience(silent_s=120)
    at = page(LIMITS)
    at.toggle(key="cleanup-0-automatic").set_value(True)
    at.number_input(key="cleanup-0-days").set_value(7)
    at.button(key="cleanup-save").click().run()
    assert settings(deck).cleanup == Cleanup(automatic=True, after_days=7)
    told = [row["What"] for row in page(LIMITS).dataframe[0].value.to_dict("records")]
    assert told == [
        "by itself no → yes; after days 30 → 7",
        "seconds without progress 600 → 120",
        "roles that are not named 2 → 1; tester not set → 0",
    ]


def test_a_new_task_takes_a_priority(deck: Deck):
    at = page("pages/run/new_task.py")
    at.segmented_control(key="new-priority").set_value(Priority.HIGH)
    at.text_area[0].set_value("Fix the typo in the heading")
    at.run()
    at.button(key="submit").click().run()
    with deck.store.read() as board:
        (task,) = board.tasks().items
    assert task.priority is Priority.HIGH


def test_limits_say_where_history_lies_and_archive_it(deck: Deck):
    at = page(LIMITS)
    at.session_state["archive"] = True
    at.run()
    assert not at.exception
    (table,) = [frame.value for frame in at.dataframe if "Lies in" in frame.value]
    assert list(table["Lies in"]) == ["Database", "Parquet"]
    at.button(key="archive-now").click().run()
    assert not at.exception
    assert any("was archived before" in said.value for said in at.info)
