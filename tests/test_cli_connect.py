"""The commands that let sessions of Claude Code report here, as a person at a terminal gives them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from data.domain.errors import InvalidField
from orchestrator_adapter import cli

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """In this process, in the folder of a project, with a home of the test's own."""
    own = {"QUARTERDECK_HOME": str(tmp_path / "home"), "CLAUDE_CONFIG_DIR": str(tmp_path / "claude")}
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    return lambda *given, answer="": CliRunner().invoke(cli.app, given, input=answer, env=own | {"HOME": "/nowhere"})


def test_nothing_is_changed_without_consent(run: Run, tmp_path: Path) -> None:
    settings = tmp_path / "claude" / "settings.json"
    asked = run("hooks", "install", answer="n\n")
    assert "PreToolUse" in asked.stdout
    assert "Change the file?" in asked.stdout
    assert not settings.exists()
    assert "Installed" in run("hooks", "install", answer="y\n").stdout
    assert settings.exists()
    token = (tmp_path / "home" / "connect.token").read_text().strip()
    again = run("hooks", "install", "--yes")
    assert "nothing to change" in again.stdout
    assert token in settings.read_text()
    assert token not in asked.stdout + again.stdout + asked.stderr + again.stderr
    status = json.loads(run("hooks", "status", "--json").stdout)
    assert (status["hooks"]["file"], status["hooks"]["installed"]) == (str(settings), status["hooks"]["wanted"])
    assert "Removed" in run("hooks", "remove", "--yes").stdout
    assert json.loads(settings.read_text()) == {}


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ('{"disableAllHooks": true}', "keeps all hooks from being run"),
        (
            '{"allowedHttpHookUrls": ["https://hooks.example.com/*"]}',
            "does not allow http://127.0.0.1:8501/api/v1/hooks",
        ),
        ('{"allowedHttpHookUrls": ["http://127.0.0.1:*"], "disableAllHooks": false}', ""),
    ],
)
def test_hooks_that_the_file_itself_keeps_from_being_run_are_told(
    settings: str, why: str, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "claude").mkdir()
    (tmp_path / "claude" / "settings.json").write_text(settings)
    told = run("hooks", "install", "--yes").stdout + run("hooks", "status").stdout
    assert told.count("not run") == (2 if why else 0)
    assert why in told
    assert (why in json.loads(run("hooks", "status", "--json").stdout)["hooks"]["hindrance"]) is True


def test_the_hooks_of_one_folder_lie_in_the_file_that_is_not_shared(run: Run, tmp_path: Path) -> None:
    run("hooks", "install", "--scope", "project", "--yes", "--url", "http://127.0.0.1:9000")
    found = (tmp_path / "project" / ".claude" / "settings.local.json").read_text()
    assert "http://127.0.0.1:9000/api/v1/hooks" in found
    assert not (tmp_path / "claude").exists()
    refused = run("hooks", "install", "--yes", "--url", "https://else.where")
    assert isinstance(refused.exception, InvalidField)
    assert str(refused.exception) == "url must be like http://127.0.0.1:8501."


def test_the_variables_of_telemetry_are_printed_with_the_token(run: Run, tmp_path: Path) -> None:
    shown = run("telemetry").stdout
    token = (tmp_path / "home" / "connect.token").read_text().strip()
    assert f"Authorization=Bearer {token}" in shown
    assert "export OTEL_EXPORTER_OTLP_ENDPOINT='http://127.0.0.1:8501'" in shown
    assert token not in run("telemetry", "--renew").stdout
