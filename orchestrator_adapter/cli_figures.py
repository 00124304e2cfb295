"""The command by which a person at a terminal sees whether the figures of each run agree."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from data.domain import windows, words
from orchestrator_adapter.api import bodies
from orchestrator_adapter.api import figures as answers
from orchestrator_adapter.cli_costs import Simulated, Since, Until, Zone, asked, maybe, told
from orchestrator_adapter.terminal import AsJson, print_json, print_table

app = typer.Typer()


@app.command()
def figures(
    since: Since = None,
    until: Until = None,
    tz: Zone = windows.UTC_NAME,
    simulated: Simulated = False,
    limit: Annotated[int, typer.Option(min=1, max=answers.MOST, help="Runs at most, the furthest apart first")] = 20,
    as_json: AsJson = False,
) -> None:
    """What was counted of each run beside its other figures; ends with 1 if any are too far apart."""
    query = bodies.read(answers.FigureQuery, asked(since, until, tz) | {"simulated": simulated, "limit": limit})
    found = told(answers.told, query)
    if as_json:
        print_json(found)
    else:
        _print(found)
    if found["drifting_runs"]:
        raise typer.Exit(1)


def _print(found: dict[str, Any]) -> None:
    rows = [
        [
            item["task_id"],
            words.title(item["description"], 40),
            *(maybe(item[f"{name}_usd"]) for name in ("counted", "reported", "price_table", "transcript")),
            "–" if item["apart_percent"] is None else f"{item['apart_percent']:.1f} %{' !' * item['drifting']}",
        ]
        for item in found["items"]
    ]
    if rows:
        print_table(["task", "run", "counted", "own total", "price table", "transcript", "apart"], rows)
    runs = words.count(found["drifting_runs"], "run")
    print(f"The figures of {runs} are {found['limit_percent']:g} % or more apart.")
