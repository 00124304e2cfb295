"""The command by which a person at a terminal asks what work would have cost otherwise."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Annotated

import structlog
import typer

from data.domain import words
from orchestrator_adapter import what_if as question
from orchestrator_adapter.api import what_if as answers
from orchestrator_adapter.terminal import AsJson, client, print_json, print_table

app = typer.Typer()


@app.command(name="what-if")
def what_if(
    one: Annotated[str, typer.Argument(metavar="ID", help="Of a task, or with --agent of an agent")],
    agent: Annotated[bool, typer.Option("--agent", help="Of one agent instead of a task")] = False,
    model: Annotated[str | None, typer.Option(help="With this model")] = None,
    date: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="At the prices of this UTC day")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a task would have cost with another model, at other prices, without the cache or its ANALYST."""
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))  # stdout is for other programs
    with client() as deck:
        ask = question.of_agent if agent else question.of_task
        try:
            found = ask(deck, one, model, date.date() if date else None)
        finally:
            deck.warehouse.close()
    if as_json:
        print_json(answers.told(found))
        return
    simulated = " simulated" if found.simulated else ""
    print(f"It cost {words.dollars(found.cost_nanousd)}{simulated}.")
    if found.unpriced:
        print(f"{words.count(found.unpriced, 'reply', 'replies')} without a known price are in none of the figures.")
    paid = found.cost_nanousd
    rows = [[one.title, question.amount(one), question.against(one, paid), one.assumption] for one in found.answers]
    print_table(["otherwise", "from and to", "against it", "assumption"], rows)
