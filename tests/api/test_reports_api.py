"""Reports and exports: the same bytes from every front end, exact money, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pyarrow import parquet
from starlette.testclient import TestClient
from typer.testing import CliRunner

from data.domain import events as e
from data.domain.agents import Runtime
from data.domain.exports import Format
from data.domain.money import NANO
from data.store import tables as t
from orchestrator_adapter import reports
from orchestrator_adapter.cli import app
from tests.api.test_costs_api import spend

EXPORT = "/api/v1/reports/export"
NASTY = '=cmd|"/c calc"!A1, "quoted"\nand more'


@pytest.fixture
def busy(fleet: Any) -> Any:
    """A real task whose description is a formula, with two replies; another whose only reply has no price."""
    for number in (1, 2):
        fleet.task(f"t{number}", runtime=Runtime.CLAUDE, description=NASTY if number == 1 else "plain")
        with fleet.store.write() as ledger:
            names = {"task_id": f"t{number}", "agent_id": f"r{number}", "name": "B", "model": "m", "step": "builder"}
            ledger.append(e.AgentCreated(**names, role="builder", runtime=Runtime.CLAUDE))
    spend(fleet, "r1", "m1", 1_234_567_891)
    spend(fleet, "r1", "m2", 1)
    spend(fleet, "r2", "m3", None, task="t2")
    return fleet


def got(client: TestClient, **body: object) -> bytes:
    answer = client.post(EXPORT, json=body)
    assert answer.status_code == 200, answer.text
    assert f".{body['format']}" in answer.headers["content-disposition"]
    return answer.content


def test_csv_json_and_parquet_say_the_same_exactly(client: TestClient, busy: Any) -> None:
    lines = list(csv.DictReader(io.StringIO(got(client, what="tasks", format="csv").decode())))
    told = json.loads(got(client, what="tasks", format="json"))
    table = parquet.read_table(io.BytesIO(got(client, what="tasks", format="parquet")))
    assert list(lines[0]) == told["columns"] == table.column_names
    assert [row["cost_nanousd"] for row in told["rows"]] == table["cost_nanousd"].to_pylist() == [1_234_567_892, None]
    assert [row["cost_usd"] for row in told["rows"]] == ["1.234567892", None]
    assert table["cost_usd"].to_pylist() == [Decimal("1.234567892"), None]
    assert [line["cost_usd"] for line in lines] == ["1.234567892", ""]
    assert told["rows"][0]["description"] == NASTY
    assert lines[0]["description"] == f"'{NASTY}"
    assert told["rows"][0]["created_at"].endswith("+00:00")
    assert [row["unpriced_replies"] for row in told["rows"]] == [0, 1]


def test_every_row_is_the_ledgers_own_and_demos_are_left_out(client: TestClient, busy: Any) -> None:
    busy.task("demo")
    busy.agent("demo", "simulated")
    costs = json.loads(got(client, what="costs", format="json", by="month"))
    with busy.store.read() as board:
        real = sa.select(sa.func.sum(t.messages.c.cost_nanousd)).where(~t.messages.c.simulated)
        assert sum(row["cost_nanousd"] or 0 for row in costs["rows"]) == board.connection.execute(real).scalar_one()
    assert not any(row["simulated"] for row in costs["rows"])
    demos = json.loads(got(client, what="agents", format="json", simulated=True))
    assert [(row["id"], row["simulated"]) for row in demos["rows"]] == [("simulated", True)]
    assert json.loads(got(client, what="tools", format="json", simulated=True))["rows"]


def test_the_report_is_a_pdf_and_the_same_each_time(client: TestClient, busy: Any) -> None:
    first, again = (got(client, format="pdf", simulated=True) for _ in range(2))
    assert first == again
    assert first.startswith(b"%PDF-")
    assert b"/Lang" in first


def test_the_report_of_real_spending_is_a_pdf(client: TestClient, busy: Any) -> None:
    """Its tables say what the pages say, and more of it than an empty one has."""
    asked = {"format": "pdf", "from": "2026-01-01T00:00:00Z", "to": "2031-01-01T00:00:00Z"}
    assert len(got(client, **asked)) > len(got(client, **asked, simulated=True)) > 0


def test_the_terminal_writes_the_same_bytes(
    client: TestClient, busy: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUARTERDECK_HOME", str(tmp_path / "terminal"))
    monkeypatch.setenv("DATABASE_URL", busy.store.url.render_as_string(hide_password=False))
    begin, end = "2026-01-01", "2031-01-01"
    asked = {"from": f"{begin}T00:00:00Z", "to": f"{end}T00:00:00Z", "by": "month"}
    for kind in ("json", "parquet"):
        command = ["export", "agents", "--format", kind, "--since", begin, "--until", end, "--by", "month"]
        done = CliRunner().invoke(app, [*command, "--out", str(tmp_path / f"f.{kind}")])
        assert done.exit_code == 0, done.output
        assert (tmp_path / f"f.{kind}").read_bytes() == got(client, what="agents", format=kind, **asked)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"format": "xlsx"}, "INVALID_FIELD"),
        ({"what": "secrets"}, "INVALID_FIELD"),
        ({"tz": "Mars"}, "WINDOW_INVALID"),
        ({"colour": "red"}, "INVALID_FIELD"),
    ],
)
def test_what_cannot_be_had_is_refused(client: TestClient, busy: Any, body: dict[str, str], code: str) -> None:
    answer = client.post(EXPORT, json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)


def test_dollars_are_exact_for_any_amount() -> None:
    assert reports.USD.precision >= 28
    assert Decimal(2**62) / NANO == Decimal("4611686018.427387904")
    assert set(reports.MEDIA) == set(Format)
