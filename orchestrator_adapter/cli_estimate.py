"""The command by which a person at a terminal asks what a task would cost before it is handed in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import structlog
import typer

from data.domain import experience, words
from data.domain.agents import Runtime
from data.domain.tasks import AnalystChoice, Draft, TaskType
from orchestrator_adapter import commands, planning
from orchestrator_adapter.api import estimates
from orchestrator_adapter.planning import Preview
from orchestrator_adapter.terminal import AsJson, client, print_json, print_table

app = typer.Typer()


@app.command()
def estimate(
    description: Annotated[str, typer.Argument(help="What the agents would have to do")],
    task_type: Annotated[TaskType | None, typer.Option("--type", help="Guessed if it is missing")] = None,
    analyst: Annotated[AnalystChoice, typer.Option(help="Who decides about an ANALYST")] = AnalystChoice.AUTO,
    folder: Annotated[Path | None, typer.Option("--dir", help="Where the agents would work")] = None,
    runtime: Annotated[Runtime | None, typer.Option(help="What would run the agents")] = None,
    model: Annotated[str | None, typer.Option(help="The runtime's own if it is missing")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a task would become, cost and take, without submitting it."""
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))  # stdout is for other programs
    planning.check_description(description)
    draft = Draft(description, task_type, analyst, str(folder.absolute()) if folder else None, runtime, model)
    with client() as deck:
        found = commands.preview_task(deck, draft)
    if as_json:
        print_json(estimates.told(found))
    else:
        _print(found)


def _print(found: Preview) -> None:
    kind = "simulated, " if found.simulated else ""
    low, high = words.dollars(found.cost_nanousd_low), words.dollars(found.cost_nanousd_high)
    first, last = words.took(found.duration_s_low), words.took(found.duration_s_high)
    print(f"About {low} to {high} ({kind}{first} to {last}): {found.basis}.")
    if found.expected:
        print(experience.record_words(found.record))
    print(f"{found.complexity.value.capitalize()} {words.task_type(found.task_type)}. {found.plan.analyst_reason}.")
    costs = {step.key: step for step in found.steps}
    rows = [
        [
            step.key,
            words.dollars(costs[step.key].cost_nanousd_low),
            words.dollars(costs[step.key].cost_nanousd_high),
            f"{costs[step.key].steps} past steps" if costs[step.key].steps else "rule of thumb",
        ]
        for step in found.plan.workflow
    ]
    print_table(["step", "from", "to", "drawn from"], rows)
