"""What pages say where a server cannot begin, or the agents of a task could not."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.modes import obeying_modes
from tests.pages.opening import ENTRY, opened, serving

RUN = "pages/run"


def test_a_missing_key_is_said_before_a_real_task_is_begun(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    with serving(monkeypatch, tmp_path / "home", CLAUDE_CONFIG_DIR=str(tmp_path)):
        at = opened(f"{RUN}/new_task.py")
        assert [warning.value for warning in at.warning] == []
        at.segmented_control(key="new-runtime").set_value("claude").run()
        assert "nobody is logged in to Claude" in at.warning[0].value
    with serving(monkeypatch, tmp_path / "home", ANTHROPIC_API_KEY="dummy"):
        at = opened(f"{RUN}/new_task.py")
        at.segmented_control(key="new-runtime").set_value("claude").run()
        assert [warning.value for warning in at.warning] == []


def test_a_server_that_cannot_work_says_why_instead_of_a_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    home = tmp_path / "own"
    with serving(monkeypatch, home):
        pass  # one that could has been there, and is gone with its lock
    (home / "a_file").touch()
    monkeypatch.setenv("QUARTERDECK_HOME", str(home / "a_file" / "below"))
    at = AppTest.from_file(ENTRY, default_timeout=30).run()
    assert at.title[0].value == "Quarterdeck cannot start its work"
    assert "cannot be made" in at.error[0].value
    assert not at.exception
    monkeypatch.setenv("QUARTERDECK_HOME", str(home))
    (home / "quarterdeck.sqlite").chmod(0o444)
    obeying_modes(at.run)
    assert "quarterdeck.sqlite is not writable" in at.error[0].value
    assert not at.exception
