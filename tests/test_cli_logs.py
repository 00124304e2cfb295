"""The log of an agent, why it failed, and taking in log folders, at a terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ingest import dialect
from tests.terminal import Run, home, run

__all__ = ["home", "run"]


@pytest.fixture
def said(run: Run) -> Callable[..., str]:
    """What a command prints, which has to end well."""

    def command(*words: str) -> str:
        done = run(*words)
        assert done.returncode == 0, done.stderr
        return str(done.stdout)

    return command


def test_import_then_read_the_log_and_why_it_failed(said: Callable[..., str], tmp_path: Path):
    log = dialect.TheirLog(tmp_path / "agent_logs", task="t-one").prompt("Fix it").init()
    log.uses("u1", "Read", file_path="/src/calc/a.py").returns("u1", "text")
    log.uses("u2", "Bash", command="pytest -q").returns("u2", "FAILED test_add", True)
    log.result(0.02, dialect.USAGE, "The tests fail.", is_error=True)
    (tmp_path / "agent_logs" / "x_y_20260101_000000").mkdir()
    first = said("import", "logs", str(tmp_path), "--zone", "Europe/Berlin")
    assert "1 new, 0 grown, 0 known, 1 skipped." in first
    assert "it is empty: its agent never ran" in first
    again = json.loads(said("import", "logs", str(tmp_path), "--json"))
    assert (again["new"], again["known"], again["skipped"]) == (0, 1, 1)
    agent = again["items"][0]["agent_id"] or again["items"][1]["agent_id"]
    listed = said("logs", agent, "--outcome", "failed")
    assert "running: pytest -q" in listed
    assert "reading a.py" not in listed
    found = json.loads(said("logs", agent, "--tool", "Read", "--json"))
    assert [(one["words"], one["outcome"]) for one in found] == [("reading a.py", "ok")]
    for name in ("t-one", agent):
        told = said("diagnose", name)
        assert "Builder Agent failed at 13:00:06 UTC on 2026-03-01: The tests fail." in told
        assert "FAILED test_add" in told
        assert "Last good step: reading a.py at 13:00:02 UTC" in told
    assert json.loads(said("diagnose", "t-one", "--json"))[0]["cause"]["tool_use_id"] == "u2"


def test_nothing_to_take_in_is_said(said: Callable[..., str], tmp_path: Path):
    (tmp_path / "empty").mkdir()
    assert "There is no agent log folder" in said("import", "logs", str(tmp_path / "empty"))
