"""The command by which a person at a terminal sees how the fleet changes."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import structlog
import typer

from data.domain import windows, words
from data.domain.money import from_usd
from data.domain.tasks import TaskType
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.api import bodies
from orchestrator_adapter.api import trends as answers
from orchestrator_adapter.api.http import Call
from orchestrator_adapter.cli_costs import Since, Until, Zone, asked
from orchestrator_adapter.cli_performance import percent
from orchestrator_adapter.kept import Kept
from orchestrator_adapter.terminal import AsJson, client, print_json, print_table

app = typer.Typer()


@app.command()
def trends(
    since: Since = None,
    until: Until = None,
    by: Annotated[str, typer.Option(help="hour, day, week or month")] = "week",
    tz: Zone = windows.UTC_NAME,
    task_type: Annotated[TaskType | None, typer.Option("--type", help="Only of this type")] = None,
    simulated: Annotated[bool, typer.Option("--simulated", help="Demos instead of real work")] = False,
    as_json: AsJson = False,
) -> None:
    """How spending, work and success change; 90 days unless told otherwise; the same numbers as on the page."""
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))  # stdout is for other programs
    given = asked(since, until, tz) | {"by": by, "simulated": simulated}
    query = bodies.read(answers.TrendQuery, given | ({"task_type": task_type} if task_type else {}))
    with client() as deck:
        found = answers.told(Call(deck, LOCAL, {}, Kept()), query)
        deck.warehouse.close()
    if as_json:
        print_json(found)
    else:
        _print(found)


def _print(found: dict[str, Any]) -> None:
    for span in found["spans"]:
        print(
            f"{_dollars(span['cost_usd'])} in {span['days']} days, {_dollars(span['before_usd'])} "
            f"in the {span['days']} before{', simulated' if found['simulated'] else ''}."
        )
    if not found["items"]:
        return
    rows = [
        [
            f"{item['name']:%Y-%m-%d %H:%M}",
            _dollars(item["cost_usd"]),
            str(item["tasks_created"]),
            percent(item["success_share"]),
            "–" if item["p50_s"] is None else words.duration(item["p50_s"]),
        ]
        for item in found["items"]
    ]
    print_table([f"{found['by']} from (UTC)", "cost", "new tasks", "success", "p50"], rows)


def _dollars(usd: float) -> str:
    return words.dollars(from_usd(usd))
