"""A program that asks what was spent: the same numbers as the page and the command line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from data.domain import events as e
from data.domain.agents import Runtime
from data.domain.money import Tokens
from orchestrator_adapter.api import answers
from orchestrator_adapter.api.figures import FiguresShape
from orchestrator_adapter.api.invoices import InvoiceShape
from orchestrator_adapter.api.measure import CostShape
from orchestrator_adapter.cli import app

COSTS = "/api/v1/metrics/costs"


def costs(client: TestClient, **query: object) -> CostShape:
    answer = client.get(COSTS, params=query)
    assert answer.status_code == 200, answer.text
    return CostShape.model_validate(answer.json())


def spend(fleet: Any, agent: str, message: str, nanousd: int | None, task: str = "t1") -> None:
    with fleet.store.write() as ledger:
        names = {"task_id": task, "agent_id": agent, "message_id": message, "model": "claude-sonnet-5-5"}
        ledger.append(e.MessageMetered(**names, tokens=Tokens(input=100, output=100), cost_nanousd=nanousd))


@pytest.fixture
def real(fleet: Any) -> Any:
    """One real task with an agent, beside a simulated one."""
    fleet.task(runtime=Runtime.CLAUDE)
    with fleet.store.write() as ledger:
        names = {"task_id": "t1", "agent_id": "real", "name": "B", "model": "m", "step": "builder"}
        ledger.append(e.AgentCreated(**names, role="builder", runtime=Runtime.CLAUDE))
    spend(fleet, "real", "m1", 1_500_000_000)
    spend(fleet, "real", "m2", 500_000)
    spend(fleet, "real", "m3", None)
    return fleet


def test_spending_is_told_with_its_parts_and_simulated_money_apart(client: TestClient, real: Any) -> None:
    real.task("t2")
    real.agent("t2", "a2")
    simulated = costs(client, simulated=True)
    found = costs(client, by="role")
    assert (found.cost_usd, found.before_usd, found.replies, found.unpriced_replies) == (1.5005, 0, 3, 1)
    assert [(item.name, item.cost_usd) for item in found.items] == [("builder", 1.5005)]
    assert found.simulated_usd == simulated.cost_usd > 0
    assert [task.id for task in found.dearest.tasks] == ["t1"]
    assert sum(item.cost_usd for item in costs(client, by="day").items) == 1.5005
    assert {item.name: item.tokens for item in costs(client, by="token_kind").items}["input"] == 300
    assert costs(client, role="tester").cost_usd == 0


def test_days_are_those_of_the_zone(client: TestClient, real: Any) -> None:
    (day,) = costs(client, by="day", tz="Asia/Kathmandu").items
    assert day.name.endswith("T18:15:00+00:00")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"tz": "Mars"}, "WINDOW_INVALID"),
        ({"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "WINDOW_INVALID"),
        ({"from": "2001-02-01T00:00:00Z", "by": "hour"}, "WINDOW_INVALID"),
        ({"by": "mood"}, "INVALID_FIELD"),
        ({"from": "yesterday"}, "INVALID_FIELD"),
    ],
)
def test_what_cannot_be_asked_is_refused(client: TestClient, fleet: Any, query: dict[str, str], code: str) -> None:
    answer = client.get(COSTS, params=query)
    assert answer.status_code == 422, answer.text
    assert answers.RefusalShape.model_validate(answer.json()).error.code == code


def test_the_command_line_has_the_same_numbers(
    client: TestClient, real: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUARTERDECK_HOME", str(tmp_path / "terminal"))
    monkeypatch.setenv("DATABASE_URL", real.store.url.render_as_string(hide_password=False))
    done = CliRunner().invoke(app, ["costs", "--by", "model", "--json"])
    assert done.exit_code == 0, done.output
    page = client.get(COSTS, params={"by": "model"}).json()
    told = json.loads(done.stdout)
    assert {name: told[name] for name in ("cost_usd", "items", "dearest", "tokens")} == {
        name: page[name] for name in ("cost_usd", "items", "dearest", "tokens")
    }
    lines = CliRunner().invoke(app, ["costs", "--by", "model"]).stdout.splitlines()
    assert lines[0].startswith("$1.50 from ")
    assert "1 reply without a known price" in lines[1]
    assert lines[3].split() == ["claude-sonnet-5-5", "$1.50", "600", "3"]


def test_an_invoice_is_compared_and_the_alarm_is_an_exit_code(
    client: TestClient, real: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = real.store.now().date().isoformat()
    sent = client.post(f"{COSTS}/invoice", json={"csv": f"day,cost\n{day},1.51\n"})
    assert sent.status_code == 200, sent.text
    found = InvoiceShape.model_validate(sent.json())
    assert (found.billed_usd, found.counted_usd, found.beyond, found.unpriced_replies) == (1.51, 1.5005, False, 1)
    refused = client.post(f"{COSTS}/invoice", json={"csv": "day,cost\nsoon,1"})
    assert (refused.status_code, refused.json()["error"]["details"]["field"]) == (422, "csv")
    monkeypatch.setenv("QUARTERDECK_HOME", str(tmp_path / "terminal"))
    monkeypatch.setenv("DATABASE_URL", real.store.url.render_as_string(hide_password=False))
    (tmp_path / "bill.csv").write_text(f"day,cost\n{day},1.51\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["invoice", str(tmp_path / "bill.csv"), "--json"])
    assert (done.exit_code, json.loads(done.stdout)) == (0, sent.json())
    far = CliRunner().invoke(app, ["invoice", str(tmp_path / "bill.csv"), "--limit", "0.5"])
    assert (far.exit_code, far.stdout.splitlines()[-2:]) == (
        1,
        ["The share and the count of 1 run are 0.5 % or more apart.", "They are 0.5 % or more apart."],
    )


def test_each_run_has_its_share_of_the_invoice(
    client: TestClient, real: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real.task("t2", runtime=Runtime.CLAUDE)
    with real.store.write() as ledger:
        names = {"task_id": "t2", "agent_id": "other", "name": "B", "model": "m", "step": "builder"}
        ledger.append(e.AgentCreated(**names, role="builder", runtime=Runtime.CLAUDE))
        told = {"task_id": "t2", "agent_id": "other", "message_id": "m9", "model": "claude-haiku-5-5"}
        ledger.append(e.MessageMetered(**told, tokens=Tokens(input=100), cost_nanousd=1_000_000_000))
    day = real.store.now().date().isoformat()
    bill = f"day,model,cost\n{day},sonnet,1.65055\n{day},opus,0.25\n"
    sent = client.post(f"{COSTS}/invoice", json={"csv": bill, "most_runs": 5})
    assert sent.status_code == 200, sent.text
    found = InvoiceShape.model_validate(sent.json())
    first, second = found.runs
    assert (first.task_id, first.invoice_share_usd, first.invoice_beside_usd) == ("t1", 1.65055, 1.5005)
    assert (first.invoice_drift_percent, first.invoice_drifting, first.counted_usd) == (10, True, 1.5005)
    assert (second.task_id, second.invoice_share_usd, second.invoice_drifting) == ("t2", None, False)
    assert (found.shared_usd, found.unlisted_usd, found.unshared_usd, found.drifting_runs) == (1.65055, 0, 0.25, 1)
    assert [(cell.model, cell.billed_usd, cell.counted_usd, cell.drifting) for cell in found.cells] == [
        ("claude-haiku-5-5", None, 1, False),
        ("claude-opus-5-5", 0.25, 0, False),
        ("claude-sonnet-5-5", 1.65055, 1.5005, True),
    ]
    monkeypatch.setenv("QUARTERDECK_HOME", str(tmp_path / "terminal"))
    monkeypatch.setenv("DATABASE_URL", real.store.url.render_as_string(hide_password=False))
    (tmp_path / "bill.csv").write_text(bill, encoding="utf-8")
    done = CliRunner().invoke(app, ["invoice", str(tmp_path / "bill.csv"), "--runs", "5", "--json"])
    assert (done.exit_code, json.loads(done.stdout)) == (1, sent.json())
    said = CliRunner().invoke(app, ["invoice", str(tmp_path / "bill.csv")]).stdout
    assert "share of the invoice" in said
    assert "$0.25 of the invoice are for days and models of which nothing was counted." in said


def test_runs_whose_figures_are_apart_raise_an_alarm(client: TestClient, real: Any) -> None:
    assert costs(client).drifting_runs == 1, "the price table has a few cents for these tokens"
    assert costs(client, simulated=True).drifting_runs == 0


def test_the_figures_of_a_run_are_the_same_on_the_command_line(
    client: TestClient, real: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with real.store.write() as ledger:
        names = {"task_id": "t1", "agent_id": "real", "session_id": "s"}
        ledger.append(e.TranscriptCounted(**names, replies=3, cost_nanousd=1_500_500_000, unpriced=1))
    sent = client.get("/api/v1/metrics/figures")
    assert sent.status_code == 200, sent.text
    found = FiguresShape.model_validate(sent.json())
    (run,) = found.items
    assert (run.counted_usd, run.transcript_usd, run.transcript_beside_usd) == (1.5005, 1.5005, 1.5005)
    assert (run.reported_usd, run.unpriced_replies, run.drifting) == (None, 1, True)
    assert found.drifting_runs == costs(client).drifting_runs == 1
    monkeypatch.setenv("QUARTERDECK_HOME", str(tmp_path / "terminal"))
    monkeypatch.setenv("DATABASE_URL", real.store.url.render_as_string(hide_password=False))
    done = CliRunner().invoke(app, ["figures", "--json"])
    assert (done.exit_code, json.loads(done.stdout)["items"]) == (1, sent.json()["items"])
    table = CliRunner().invoke(app, ["figures"])
    assert table.stdout.splitlines()[-1] == "The figures of 1 run are 5 % or more apart."
