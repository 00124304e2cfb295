"""A conversation at the terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from data.domain import observed
from orchestrator_adapter.cli import app
from tests.ingest.trees import SESSION, calls, main_file, prompt, returns, says, write

AGENT = observed.agent_id(SESSION)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("QUARTERDECK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    write(
        main_file(tmp_path), prompt("Fix the till"), calls(2, "Bash", {"command": "ls"}), returns(2), says(3, second=4)
    )

    def call(*given: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, list(given))
        assert done.exit_code == code, done.output
        return done.stdout if code == 0 else str(done.exception or done.output)

    call("import", "transcripts", str(tmp_path))
    return call


def test_a_conversation_is_read_in_lines_as_json_and_as_markdown(run) -> None:
    lines = [line.split() for line in run("conversation", AGENT).splitlines()]
    assert [line[1:4] for line in lines[1:]] == [
        ["prompt", "Fix", "the"],
        ["Bash", "ls", "$0.0026"],
        ["text", "Answer", "3."],
    ]
    found = json.loads(run("conversation", AGENT, "--json"))
    assert [(item["kind"], item["output"]) for item in found] == [("prompt", None), ("tool", "done"), ("text", None)]
    text = run("conversation", AGENT, "--md")
    assert "## Prompt · 2026-11-01 10:00:00 UTC\n\nFix the till\n" in text
    assert "### Bash: ls" in text


def test_an_unknown_agent_is_refused(run) -> None:
    assert "There is no agent nobody." in run("conversation", "nobody", code=1)
