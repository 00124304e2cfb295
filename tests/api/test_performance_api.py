"""A program that asks how the fleet works, and how that changes: the numbers of the pages and the command line."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from orchestrator_adapter.api import answers
from orchestrator_adapter.api.performance import PerformanceShape
from orchestrator_adapter.api.trends import TrendShape
from orchestrator_adapter.cli import app

PERFORMANCE = "/api/v1/metrics/performance"
TRENDS = "/api/v1/metrics/trends"


def test_how_the_fleet_works_is_told_the_same_at_a_terminal(
    client: TestClient, fleet: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.task()
    fleet.agent()
    answer = client.get(PERFORMANCE, params={"simulated": True, "by": "week"})
    found = PerformanceShape.model_validate(answer.json())
    assert sum(item.tokens.output for item in found.items) == found.tokens.output > 0
    assert found.cache_read_share is not None
    assert sum(tool.calls for tool in found.tools) > 0
    assert found.durations.all is not None
    assert sum(one.agents for one in found.durations.distribution) == found.durations.all.agents
    assert PerformanceShape.model_validate(client.get(PERFORMANCE).json()).tools == []
    monkeypatch.setenv("QUARTERDECK_HOME", str(tmp_path / "terminal"))
    monkeypatch.setenv("DATABASE_URL", fleet.store.url.render_as_string(hide_password=False))
    done = CliRunner().invoke(app, ["performance", "--simulated", "--by", "week", "--json"])
    assert done.exit_code == 0, done.output
    told = PerformanceShape.model_validate(json.loads(done.stdout))
    assert told.model_copy(update={"window": found.window}) == found
    lines = CliRunner().invoke(app, ["performance", "--simulated"]).stdout.splitlines()
    assert lines[0].endswith("simulated work.")


def test_how_the_fleet_changes_is_told_the_same_at_a_terminal(
    client: TestClient, fleet: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.task()
    fleet.agent()
    found = TrendShape.model_validate(client.get(TRENDS, params={"simulated": True}).json())
    assert found.window.end - found.window.begin > timedelta(days=89)
    assert sum(item.cost_usd for item in found.items) == pytest.approx(found.spans[0].cost_usd) != 0
    assert sum(item.tasks_created for item in found.items) == sum(hour.tasks for hour in found.hours) == 1
    assert [way.roles for way in found.workflows] == [["builder"]]
    assert TrendShape.model_validate(client.get(TRENDS).json()).items == []
    monkeypatch.setenv("QUARTERDECK_HOME", str(tmp_path / "terminal"))
    monkeypatch.setenv("DATABASE_URL", fleet.store.url.render_as_string(hide_password=False))
    done = CliRunner().invoke(app, ["trends", "--simulated", "--by", "day", "--json"])
    assert done.exit_code == 0, done.output
    told = TrendShape.model_validate(json.loads(done.stdout))
    assert told.model_copy(update={"window": found.window}) == found
    assert "in 30 days" in CliRunner().invoke(app, ["trends", "--simulated"]).stdout


@pytest.mark.parametrize("address", [PERFORMANCE, TRENDS])
@pytest.mark.parametrize(("query", "code"), [({"tz": "Mars"}, "WINDOW_INVALID"), ({"by": "role"}, "INVALID_FIELD")])
def test_what_cannot_be_asked_is_refused(
    client: TestClient, fleet: Any, query: dict[str, str], code: str, address: str
) -> None:
    answer = client.get(address, params=query)
    assert answer.status_code == 422, answer.text
    assert answers.RefusalShape.model_validate(answer.json()).error.code == code
