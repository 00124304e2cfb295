"""The command by which a person at a terminal sees how the fleet changes."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from data.domain import windows, words
from orchestrator_adapter.api import bodies
from orchestrator_adapter.api import trends as answers
from orchestrator_adapter.cli_costs import Simulated, Since, Type, Until, Zone, asked, dollars, told
from orchestrator_adapter.cli_performance import percent
from orchestrator_adapter.terminal import AsJson, print_json, print_table

app = typer.Typer()


@app.command()
def trends(
    since: Since = None,
    until: Until = None,
    by: Annotated[str, typer.Option(help="hour, day, week or month")] = "week",
    tz: Zone = windows.UTC_NAME,
    task_type: Type = None,
    simulated: Simulated = False,
    as_json: AsJson = False,
) -> None:
    """How spending, work and success change; 90 days unless told otherwise; the same numbers as on the page."""
    given = asked(since, until, tz) | {"by": by, "simulated": simulated}
    query = bodies.read(answers.TrendQuery, given | ({"task_type": task_type} if task_type else {}))
    found = told(answers.told, query)
    if as_json:
        print_json(found)
    else:
        _print(found)


def _print(found: dict[str, Any]) -> None:
    for span in found["spans"]:
        print(
            f"{dollars(span['cost_usd'])} in {span['days']} days, {dollars(span['before_usd'])} "
            f"in the {span['days']} before{', simulated' if found['simulated'] else ''}."
        )
    if not found["items"]:
        return
    rows = [
        [
            f"{item['name']:%Y-%m-%d %H:%M}",
            dollars(item["cost_usd"]),
            str(item["tasks_created"]),
            percent(item["success_share"]),
            "–" if item["p50_s"] is None else words.duration(item["p50_s"]),
        ]
        for item in found["items"]
    ]
    print_table([f"{found['by']} from (UTC)", "cost", "new tasks", "success", "p50"], rows)
