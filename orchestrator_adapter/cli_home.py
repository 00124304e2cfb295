"""The command by which a person at a terminal chooses what the home page shows first."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated, Any

import typer

from data.domain.errors import InvalidField
from data.domain.home import Density, Home, Panel, TableOrder, TablePlace
from orchestrator_adapter import commands_home
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.terminal import AsJson, client, print_json, print_table

app = typer.Typer()
NONE = "none"


@app.command()
def home(
    panels: Annotated[str | None, typer.Option(help="Live parts in their order: numbers,tasks,agents, or none")] = None,
    table: Annotated[TablePlace | None, typer.Option(help="Where the table of all agents stands")] = None,
    order: Annotated[TableOrder | None, typer.Option(help="What the table is sorted by")] = None,
    density: Annotated[Density | None, typer.Option(help="How much room a card takes")] = None,
    mine: Annotated[bool | None, typer.Option("--mine/--everybody", help="Whose tasks and agents")] = None,
    reset: Annotated[bool, typer.Option("--reset", help="As it is for who never chose")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what your home page shows first, or choose it."""
    told: dict[str, Any] = {"table": table, "order": order, "density": density, "mine": mine}
    told = {name: value for name, value in told.items() if value is not None}
    if panels is not None:
        told["panels"] = _panels(panels)
    with client() as deck:
        with deck.store.read() as board:
            now = Home() if reset else board.home(LOCAL.name)
        if told or reset:
            now = commands_home.set_home(deck, LOCAL, replace(now, **told))
    if as_json:
        print_json(asdict(now))
    else:
        whose = "yours" if now.mine else "everybody's"
        rows = [["live parts", ", ".join(now.panels) or NONE], ["table of all agents", now.table], ["order", now.order]]
        print_table(["home page", ""], [*rows, ["density", now.density], ["tasks and agents", whose]])


def _panels(text: str) -> tuple[Panel, ...]:
    names = [] if text == NONE else [name.strip() for name in text.split(",")]
    known = [panel.value for panel in Panel]
    if wrong := [name for name in names if name not in known]:
        raise InvalidField(f"panels must be of {', '.join(known)}, or {NONE}, not {wrong[0][:80]!r}.", field="panels")
    return tuple(Panel(name) for name in names)
