"""The page on which a person reads history in, sees what it cost, and goes on to a session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

from data.domain import observed
from data.store import settings
from orchestrator_adapter.deck import Deck
from tests.ingest.trees import SESSION, main_file, prompt, says, write
from tests.pages.opening import opened

PAGE = "pages/watch/history.py"


def text(at: AppTest) -> str:
    shown = [one.value for one in (*at.markdown, *at.caption, *at.success, *at.error, *at.warning)]
    return " ".join([*shown, *(html.proto.body for html in at.get("html"))]).replace("\\", "")


def import_of(at: AppTest, folder: Path) -> AppTest:
    at.text_input(key="history-folder").set_value(str(folder)).run()
    assert not at.exception, at.exception[0].message
    return at


def test_the_empty_page_says_what_to_do_and_a_folder_is_checked_as_it_is_typed(deck: Deck, tmp_path: Path) -> None:
    at = opened(PAGE)
    assert "No history yet" in text(at)
    at = import_of(at, tmp_path / "nowhere")
    assert "does not exist" in text(at)
    assert at.button(key="history-import").disabled
    at = import_of(at, tmp_path)
    assert "There is no transcript in this folder" in text(at)
    write(main_file(tmp_path), prompt("Fix it"), says(1))
    at = import_of(at, tmp_path / "projects")
    assert "1 file, 0.0 MB" in text(at)
    assert not at.button(key="history-import").disabled


def test_an_import_is_started_followed_and_shown(deck: Deck, tmp_path: Path, eventually: Callable[..., None]) -> None:
    searched = says(2, second=4)
    usage = searched["message"]["usage"] | {"server_tool_use": {"web_search_requests": 2}}
    searched["message"] = searched["message"] | {"usage": usage}
    write(main_file(tmp_path), prompt("Fix the till"), says(1), searched, torn=b"{torn}\n")
    at = import_of(opened(PAGE), tmp_path)
    at.button(key="history-import").click().run()

    def ended() -> bool:
        with deck.store.read() as board:
            return [one.status for one in board.imports()] == ["completed"]

    eventually(ended)
    at = opened(PAGE)
    shown = text(at)
    assert "1 session and 0 sub-agents read in" in shown
    assert "$0.03 for 2 replies from 2026-11-01 to 2026-11-01. In it: 2 web searches for $0.02." in shown
    assert "1 new" in shown
    assert any("not a JSON object" in one.value for one in at.code)
    assert at.dataframe[-1].value.iloc[0]["Session"] == "Fix the till"
    by_day, by_project = at.dataframe[0].value, at.dataframe[1].value
    assert (by_day.iloc[0]["Day"], by_day.iloc[0]["Model"]) == ("2026-11-01", "claude-opus-4-8")
    assert by_project.iloc[0]["Project"] == "/srv/shop"
    page = opened("pages/watch/task.py", id=observed.task_id(SESSION))
    assert page.title[0].value.startswith("Fix the till")


def test_the_folder_is_watched_by_a_switch(deck: Deck, tmp_path: Path) -> None:
    write(main_file(tmp_path), prompt("Fix it"), says(1))
    at = import_of(opened(PAGE), tmp_path)
    at.toggle[0].set_value(True).run()
    with deck.store.read() as board:
        assert board.settings().watching == settings.Watching(True, str(tmp_path))
    at = opened(PAGE)
    assert at.text_input(key="history-folder").value == str(tmp_path)
    assert at.toggle[0].value is True
    at.toggle[0].set_value(False).run()
    with deck.store.read() as board:
        assert not board.settings().watching.automatic


def test_an_empty_fleet_offers_it(deck: Deck) -> None:
    at = opened("pages/watch/fleet.py")
    assert "See your own history" in " ".join(one.value for one in at.subheader)
