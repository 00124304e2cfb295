"""The commands by which a person at a terminal orders many tasks or agents at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from orchestrator_adapter import commands_batch
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.api import batch
from orchestrator_adapter.commands_batch import AgentOrder, Outcome, TaskOrder
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.terminal import AsJson, client, print_json, print_table

app = typer.Typer()
Ids = Annotated[list[str], typer.Argument(metavar="ID...", help=f"Up to {commands_batch.MOST} ids")]


@app.command(name="order-tasks")
def order_tasks(order: TaskOrder, ids: Ids, as_json: AsJson = False) -> None:
    """Give many tasks the same order; each is obeyed or refused by itself."""
    _give(lambda deck: commands_batch.order_tasks(deck, LOCAL, order, ids), as_json)


@app.command(name="order-agents")
def order_agents(order: AgentOrder, ids: Ids, as_json: AsJson = False) -> None:
    """Delete many agents, or cancel the tasks they work on."""
    _give(lambda deck: commands_batch.order_agents(deck, LOCAL, order, ids), as_json)


def _give(give: Callable[[Deck], Sequence[Outcome]], as_json: bool) -> None:
    with client() as deck:
        outcomes = give(deck)
    if as_json:
        print_json([batch.shape(one) for one in outcomes])
    else:
        print_table(["id", "", "why"], [[one.id, _word(one), str(one.refused or "")] for one in outcomes])
    if not all(one.done for one in outcomes):
        raise typer.Exit(1)


def _word(one: Outcome) -> str:
    return "done" if one.done else "refused"
