"""History at the terminal: read in, told, and asked about without reading it in."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from data.store import Store
from orchestrator_adapter import cli_import, cli_usage
from orchestrator_adapter import settings as settings_module
from orchestrator_adapter.cli import app
from orchestrator_adapter.terminal import at_rest
from tests.ingest.trees import PRICE, main_file, packed, prompt, says, write

ROOT = Path(__file__).parents[1]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("QUARTERDECK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)

    def call(*given: str) -> str:
        done = CliRunner().invoke(app, list(given), catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    return call


def test_transcripts_are_read_in_and_what_was_found_is_told(run, tmp_path: Path) -> None:
    write(main_file(tmp_path), prompt("Fix it"), says(1), torn=b"{torn}\n" + b'{"half')
    (tmp_path / "projects" / "notes.jsonl").write_text('{"type":"note"}\n')
    said = run("import", "transcripts")
    assert "new      1 (1 session and 0 sub-agents)" in said
    assert "1: no transcripts of Claude Code" in said
    assert "1 reply, $0.0026" in said
    assert f"broken line, kept as it stands: {main_file(tmp_path)}:3: not a JSON object: {{torn}}" in said
    assert "1 file with a last line that is not whole yet" in said
    again = json.loads(run("import", "transcripts", str(tmp_path), "--json"))
    assert (again["status"], again["report"]["known"], again["report"]["new"]) == ("completed", 1, 0)
    tasks = json.loads(run("tasks", "--json"))
    assert [(task["runtime"], task["cost_usd"]) for task in tasks] == [("imported", PRICE / 1e9)]
    checks = {check["what"]: check for check in json.loads(run("doctor", "--json"))}
    assert checks["transcripts"]["ok"]
    assert "1 file kept" in checks["transcripts"]["found"]


def test_what_was_read_in_is_found_without_a_server(run, tmp_path: Path) -> None:
    write(main_file(tmp_path), prompt("Fix the rudder"), says(7))
    run("import", "transcripts")
    found = json.loads(run("search", "answer 7", "--json"))
    assert [(hit["kind"], hit["place"]) for hit in found["items"]] == [("text", "conversation")]
    assert found["items"][0]["address"].startswith("agent?id=")
    assert found["indexed"]["behind"] == 0
    places = sorted(hit["place"] for hit in json.loads(run("search", "rudder", "--json"))["items"])
    assert places == ["conversation", "task"]
    assert run("search", "x\x00 \U0001f680 " + 'y" ' * 4_000).splitlines()[-1] == "0 hits."


def test_what_is_added_to_a_watched_folder_is_told(
    lite: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(main_file(tmp_path), prompt("Fix it"), says(1))
    deck = at_rest(settings_module.read({"QUARTERDECK_HOME": str(tmp_path / "home")}), lite)
    turns = iter([b"", packed(says(2, second=4)), b""])

    def grow(_seconds: float) -> bool:
        more = next(turns, None)
        with path.open("ab") as file:
            file.write(more or b"")
        return more is None

    cli_import.keep_watching(deck, tmp_path, False, grow)
    assert capsys.readouterr().out == "0 new files, 1 grown: 1 reply, $0.0026\n"


def test_what_a_folder_used_is_told_without_reading_it_in(run, tmp_path: Path) -> None:
    unknown = says(2, second=3)
    unknown["message"] = unknown["message"] | {"model": "claude-of-tomorrow"}
    write(main_file(tmp_path), prompt("Fix it"), says(1), unknown)
    for given in (("usage", "--timezone", "UTC"), ("import", "transcripts", "--dry-run")):
        found = json.loads(run(*given, "--json"))
        assert [(day["day"], day["model"], day["cost_usd"]) for day in found["days"]] == [
            ("2026-11-01", "claude-of-tomorrow", None),
            ("2026-11-01", "claude-opus-4-8", PRICE / 1e9),
        ]
        assert found["unpriced_models"] == ["claude-of-tomorrow"]
    table = run("usage", "--timezone", "UTC")
    assert "unpriced" in table
    assert "$0.0026 (1 unpriced)" in table
    assert not (tmp_path / "home" / "quarterdeck.sqlite").exists()


def test_usage_is_answered_before_the_rest_is_loaded(run, tmp_path: Path) -> None:
    write(main_file(tmp_path), prompt("Fix it"), says(1))
    given = ["usage", "--timezone", "UTC", "--cost", "calculate", "--surcharge", str(tmp_path / "projects")]
    command = [sys.executable, "-W", "error", "-X", "importtime", "-m", "orchestrator_adapter"]
    for more in ([], ["--json"]):
        done = subprocess.run(
            [*command, *given, *more], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
        )
        assert done.stdout == run(*given, *more)
        loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
        assert "orchestrator_adapter.cli_usage" in loaded
        assert not loaded & {"typer", "sqlalchemy", "duckdb", "streamlit", "orchestrator_adapter.cli"}


@pytest.mark.parametrize(
    "given",
    [
        ["tasks"],
        ["usage", "--help"],
        ["usage", "--zone"],
        ["usage", "--timezone"],
        ["usage", "--cost", "guess"],
        ["usage", "--timezone", "Mars/Crater"],
        ["usage", "/no/such/folder"],
        ["usage", "/tmp", "/tmp"],
    ],
)
def test_what_is_refused_or_unusual_is_left_to_the_whole_command_line(
    run, given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert not cli_usage.at_once(given)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("given", "says_why"),
    [
        (("import", "transcripts", "/no/such/folder"), "folder /no/such/folder does not exist."),
        (("usage", "--timezone", "Mars/Crater"), "--timezone 'Mars/Crater' is no time zone"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(run, tmp_path: Path, given: tuple[str, ...], says_why: str) -> None:
    (tmp_path / "projects").mkdir()
    with pytest.raises(Exception, match=says_why):
        run(*given)
