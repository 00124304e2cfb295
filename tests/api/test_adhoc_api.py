"""A program that asks questions of its own: answers, files, refusals, and what is saved for everybody."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from orchestrator_adapter.api.adhoc import SqlSchemaShape, SqlShape
from orchestrator_adapter.cli import app

SQL = "/api/v1/sql"
QUESTION = "select tool, count(*) as calls from tool_calls group by all order by tool"


def test_a_question_is_answered_the_same_over_http_and_at_a_terminal(
    client: TestClient, fleet: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.task()
    fleet.agent()
    answer = client.post(SQL, json={"sql": QUESTION})
    assert answer.status_code == 200, answer.text
    found = SqlShape.model_validate(answer.json())
    assert [column.name for column in found.columns] == ["tool", "calls"]
    assert found.rows
    lines = client.post(SQL, json={"sql": QUESTION, "format": "csv"}).text.splitlines()
    assert lines == ["tool,calls", *(f"{tool},{calls}" for tool, calls in found.rows)]
    refused = client.post(SQL, json={"sql": "from read_csv('/etc/passwd')"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "QUESTION_REFUSED")
    monkeypatch.setenv("QUARTERDECK_HOME", str(tmp_path / "terminal"))
    monkeypatch.setenv("DATABASE_URL", fleet.store.url.render_as_string(hide_password=False))
    done = CliRunner().invoke(app, ["sql", QUESTION, "--json"])
    assert done.exit_code == 0, done.output
    assert SqlShape.model_validate(json.loads(done.stdout)).rows == found.rows


def test_questions_are_saved_for_everybody_and_forgotten(client: TestClient, fleet: Any) -> None:
    saved = client.post(f"{SQL}/saved", json={"name": "Tools", "sql": QUESTION}).json()["saved"]
    assert saved == [{"name": "Tools", "sql": QUESTION}]
    schema = SqlSchemaShape.model_validate(client.get(SQL).json())
    assert [question.name for question in schema.saved] == ["Tools"]
    assert {table.name for table in schema.tables} == {"agents", "replies", "tasks", "tool_calls"}
    assert client.post(f"{SQL}/saved", json={"name": " ", "sql": QUESTION}).status_code == 422
    assert client.post(f"{SQL}/forget", json={"name": "Other"}).status_code == 422
    assert client.post(f"{SQL}/forget", json={"name": "Tools"}).json() == {"saved": []}


def test_how_reports_are_usually_wanted_is_kept(client: TestClient, fleet: Any) -> None:
    address = "/api/v1/reports/preferences"
    assert client.get(address).json() == {"format": None, "what": None, "window": None}
    wanted = {"format": "csv", "what": "tasks", "window": "90d"}
    assert client.post(address, json=wanted).json() == client.get(address).json() == wanted
    assert client.post(address, json=wanted | {"window": "ever"}).status_code == 422
