"""The page Connect as a person meets it: what is installed, what changes, and the token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data.store import attachments
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.ingest.token import Token
from tests.ingest.reports import receive, story
from tests.pages.opening import opened, serving

CONNECT = "pages/guard/connect.py"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Where the person's settings of Claude Code lie."""
    return tmp_path / "claude"


@pytest.fixture
def deck(tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deck]:
    with serving(monkeypatch, tmp_path / "home", CLAUDE_CONFIG_DIR=str(config)) as opened:
        yield opened


def page() -> AppTest:
    return opened(CONNECT)


def shown(at: AppTest) -> str:
    return "\n".join(str(part.value) for part in (*at.markdown, *at.caption, *at.success, *at.code))


def press(at: AppTest, label: str) -> AppTest:
    next(button for button in at.button if button.label == label and button.key != "hooks-agreed").click().run()
    assert not at.exception, at.exception[0].message
    return at


def test_hooks_are_installed_with_consent_and_removed_again(deck: Deck, config: Path) -> None:
    config.mkdir()
    before = '{\n  "model": "opus"\n}\n'
    (config / "settings.json").write_text(before)
    at = press(page(), "Install")
    token = Token(deck.settings.home).get()
    assert (config / "settings.json").read_text() == before, "nothing is changed before the person agreed"
    (difference,) = [code.value for code in at.code if "PreToolUse" in code.value]
    assert token not in difference
    at.button(key="hooks-agreed").click().run()
    assert token in (config / "settings.json").read_text()
    at = page()
    assert "installed" in shown(at)
    press(at, "Remove").button(key="hooks-agreed").click().run()
    assert (config / "settings.json").read_text() == before


def test_a_torn_settings_file_is_told_and_the_rest_of_the_page_stands(deck: Deck, config: Path) -> None:
    config.mkdir()
    (config / "settings.json").write_text('{"model": ')
    at = page()
    assert any("is not whole and valid JSON" in error.value for error in at.error)
    assert any("OTEL_LOGS_EXPORTER" in code.value for code in at.code)


def test_the_token_is_shown_when_it_is_asked_for_and_not_before(deck: Deck) -> None:
    at = page()
    token = Token(deck.settings.home).get()
    assert token not in shown(at)
    assert token in shown(press(at, "Show with the token"))
    assert token not in shown(page())
    renewed = shown(press(at, "New token"))
    assert token not in renewed
    assert Token(deck.settings.home).get() in renewed


def test_what_came_in_is_counted(deck: Deck) -> None:
    assert "Nothing yet" in shown(page())
    receive(deck.store, *story())
    at = page()
    assert [metric.value for metric in at.metric] == ["0", "12", "0"]
    rows = at.dataframe[0].value.to_dict("records")
    assert {row["by"] for row in rows} == {"Hooks"}
    assert {row["what"]: row["number"] for row in rows}["PreToolUse"] == 3


def test_an_orchestrator_that_is_attached_is_told(deck: Deck) -> None:
    assert "none was attached yet" in shown(page())
    with deck.store.write() as ledger:
        attachments.begin(ledger.connection, "t1", "deck", 1, 0)
    assert "1 attached now, 1 in all" in shown(page())
