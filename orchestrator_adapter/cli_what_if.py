"""The command by which a person at a terminal asks what work would have cost otherwise."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import structlog
import typer

from data.domain import windows, words
from data.domain.agents import Role
from data.domain.errors import InvalidField
from orchestrator_adapter import what_if as question
from orchestrator_adapter.api import bodies
from orchestrator_adapter.api import what_if as answers
from orchestrator_adapter.cli_costs import Simulated, Since, Type, Until, Zone, asked
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.terminal import AsJson, client, print_json, print_table
from orchestrator_adapter.what_if import Found

app = typer.Typer()


@app.command(name="what-if")
def what_if(
    one: Annotated[str | None, typer.Argument(metavar="ID", help="Of a task; without it all spending")] = None,
    agent: Annotated[bool, typer.Option("--agent", help="The ID is of one agent")] = False,
    model: Annotated[str | None, typer.Option(help="With this model")] = None,
    date: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="At the prices of this UTC day")] = None,
    since: Since = None,
    until: Until = None,
    tz: Zone = windows.UTC_NAME,
    simulated: Simulated = False,
    role: Annotated[Role | None, typer.Option(help="Only what this role spent")] = None,
    of_model: Annotated[str | None, typer.Option(help="Only what this model cost")] = None,
    task_type: Type = None,
    folder: Annotated[str | None, typer.Option(help="Only of tasks in this folder")] = None,
    user: Annotated[str | None, typer.Option(help="Only of tasks of this person")] = None,
    analyst: Annotated[bool | None, typer.Option(help="Only of tasks with an ANALYST, or without")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a task, or all spending of a window, would have cost with another model, at other prices and so on."""
    filters: dict[str, Any] = {"role": role, "model": of_model, "task_type": task_type, "folder": folder}
    filters |= {"user": user, "analyst": analyst, "simulated": simulated or None}
    given = {name: value for name, value in filters.items() if value is not None}
    day = date.date() if date else None
    if one is not None:
        if given or since or until:
            raise InvalidField("An ID leaves nothing to filter; leave out one of the two.", field="id")
        ask = question.of_agent if agent else question.of_task
        _say(lambda deck: (ask(deck, one, model, day), answers.told), as_json)
        return
    if agent:
        raise InvalidField("--agent needs the ID of an agent.", field="id")
    query = bodies.read(answers.SpendingQuery, asked(since, until, tz) | given | {"other_model": model, "date": day})
    _say(lambda deck: answers.spending(deck, query), as_json)


def _say(ask: Callable[[Deck], tuple[Found, Callable[[Found], dict[str, Any]]]], as_json: bool) -> None:
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))  # stdout is for other programs
    with client() as deck:
        try:
            found, told = ask(deck)
        finally:
            deck.warehouse.close()
    if as_json:
        print_json(told(found))
        return
    simulated = " simulated" if found.simulated else ""
    print(f"It cost {words.dollars(found.cost_nanousd)}{simulated}.")
    if found.unpriced:
        print(f"{words.count(found.unpriced, 'reply', 'replies')} without a known price are in none of the figures.")
    paid = found.cost_nanousd
    rows = [[one.title, question.amount(one), question.against(one, paid), one.assumption] for one in found.answers]
    print_table(["otherwise", "from and to", "against it", "assumption"], rows)
