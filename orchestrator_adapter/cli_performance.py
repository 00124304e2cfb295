"""The command by which a person at a terminal sees how the fleet works."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from data.domain import windows, words
from orchestrator_adapter.api import bodies
from orchestrator_adapter.api import performance as answers
from orchestrator_adapter.cli_costs import Simulated, Since, Type, Until, Zone, asked, told
from orchestrator_adapter.terminal import AsJson, print_json, print_table

app = typer.Typer()


@app.command()
def performance(
    since: Since = None,
    until: Until = None,
    by: Annotated[str, typer.Option(help="hour, day, week or month: the steps of time in the JSON")] = "day",
    tz: Zone = windows.UTC_NAME,
    role: Annotated[str | None, typer.Option(help="Only agents of this role")] = None,
    task_type: Type = None,
    simulated: Simulated = False,
    as_json: AsJson = False,
) -> None:
    """How the fleet works: tokens, cache, tools, durations, success; the same numbers as on the page."""
    given = asked(since, until, tz) | {"by": by, "simulated": simulated}
    given |= {name: value for name, value in (("role", role), ("task_type", task_type)) if value is not None}
    found = told(answers.told, bodies.read(answers.PerformanceQuery, given))
    if as_json:
        print_json(found)
    else:
        _print(found)


def _print(found: dict[str, Any]) -> None:
    begin, end = (f"{found['window'][name]:%Y-%m-%d %H:%M}" for name in ("from", "to"))
    print(f"From {begin} to {end} UTC{', simulated work' if found['simulated'] else ''}.")
    tokens = [[kind.replace("_", " "), words.tokens(number)] for kind, number in found["tokens"].items()]
    print_table(["tokens", "number"], [*tokens, ["from cache", percent(found["cache_read_share"])]])
    if found["tools"]:
        rows = [[row["tool"], *(str(row[name]) for name in ("calls", "failed", "refused"))] for row in found["tools"]]
        print_table(["tool", "calls", "failed", "refused"], rows)
    if found["durations"]["all"]:
        ways = [found["durations"]["all"], *found["durations"]["by_role"], *found["durations"]["by_model"]]
        rows = [
            [way["name"], str(way["agents"]), *(words.duration(way[f"{q}_s"]) for q in ("p50", "p95", "p99"))]
            for way in ways
        ]
        print_table(["agents", "ended", "p50", "p95", "p99"], rows)
    if found["success"]:
        rows = [
            [row["task_type"], str(row["completed"]), str(row["failed"]), percent(row["success_share"])]
            for row in found["success"]
        ]
        print_table(["tasks", "completed", "failed", "success"], rows)


def percent(share: float | None) -> str:
    return "–" if share is None else words.percent(share, 1)
