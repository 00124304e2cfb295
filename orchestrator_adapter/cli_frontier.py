"""The command by which a person at a terminal compares what workflows cost and how often they succeed."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from data.domain import windows, words
from data.domain.money import from_usd
from orchestrator_adapter.api import bodies
from orchestrator_adapter.api import frontier as answers
from orchestrator_adapter.cli_costs import Simulated, Since, Type, Until, Zone, asked, told
from orchestrator_adapter.terminal import AsJson, print_json, print_table

app = typer.Typer()


@app.command()
def frontier(
    since: Since = None,
    until: Until = None,
    tz: Zone = windows.UTC_NAME,
    task_type: Type = None,
    folder: Annotated[str | None, typer.Option(help="Only in this folder")] = None,
    simulated: Simulated = False,
    as_json: AsJson = False,
) -> None:
    """Cost against success by workflow and kind of task, in 90 days unless told otherwise, and what is recommended."""
    given = asked(since, until, tz) | {"simulated": simulated}
    given |= {name: value for name, value in (("task_type", task_type), ("folder", folder)) if value is not None}
    found = told(answers.told, bodies.read(answers.FrontierQuery, given))
    if as_json:
        print_json(found)
        return
    if not found["kinds"]:
        print("No task of this fleet ended in this time.")
    for kind in found["kinds"]:
        print(kind["words"])
        rows = [_row(way) for way in kind["ways"]]
        print_table(["workflow", "tasks", "succeed", "cost of a task", "cost of a success", ""], rows)


def _row(way: dict[str, Any]) -> list[str]:
    share, cost, each = way["success"], way["mean_cost_usd"], way["each_success_usd"]
    spread = f"{100 * share['low']:.0f} to {100 * share['high']:.0f} %"
    return [
        " → ".join(way["roles"]) or "no steps",
        str(way["tasks"]),
        f"{words.percent(way['succeeded'], way['tasks'])} ({spread})",
        "not known" if cost is None else f"{_usd(cost['value'])} ({_usd(cost['low'])} to {_usd(cost['high'])})",
        "–" if each is None else _usd(each),
        way["standing"],
    ]


def _usd(usd: float) -> str:
    return words.dollars(from_usd(usd))
