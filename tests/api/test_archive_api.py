"""Archiving by a program, at a terminal and by hand: the same words on what lies where."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from orchestrator_adapter.api.archive import ArchivedShape, ArchiveShape
from orchestrator_adapter.cli import app


def test_what_lies_where_is_told_and_archiving_again_does_nothing(client: TestClient, fleet: Any) -> None:
    fleet.task()
    fleet.agent()
    sent = client.get("/api/v1/archive")
    assert sent.status_code == 200, sent.text
    found = ArchiveShape.model_validate(sent.json())
    assert found.hot is not None
    assert found.warm is not None
    assert (found.warm.files, found.cold) == (0, [])
    done = client.post("/api/v1/archive", json={})
    assert done.status_code == 200, done.text
    assert ArchivedShape.model_validate(done.json()).moved_files == 0


def test_the_command_archives_checks_and_reads(fleet: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUARTERDECK_HOME", str(tmp_path / "terminal"))
    monkeypatch.setenv("DATABASE_URL", fleet.store.url.render_as_string(hide_password=False))
    done = CliRunner().invoke(app, ["archive", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["written_months"] == []
    shown = CliRunner().invoke(app, ["archive"])
    assert shown.stdout.splitlines()[-1] == "0 files and 0 months were written."
    checked = CliRunner().invoke(app, ["archive", "--check"])
    assert (checked.exit_code, checked.stdout) == (0, "0 archived months are as they were written.\n")
    refused = CliRunner().invoke(app, ["archive", "--read", "2020-01"])
    assert refused.exit_code != 0
