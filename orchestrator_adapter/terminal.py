"""How a command of the command line reaches the fleet, and how it prints."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from data.store import Store
from data.store.watch import Watcher
from orchestrator_adapter import settings as settings_module
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.engine.boot import Engine
from orchestrator_adapter.settings import Settings

DAYS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
"""How a day, or a moment, is written in an option."""
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON")]
TaskId = Annotated[str, typer.Argument(metavar="TASK", help="Its id")]


def print_json(value: object) -> None:
    print(orjson.dumps(value, default=str).decode())


def print_table(columns: list[str], rows: list[list[str]]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    # without a terminal nothing is folded, so that other programs find one row in one line
    Console(width=None if sys.stdout.isatty() else 400, highlight=False, markup=False).print(table)


@contextlib.contextmanager
def opened() -> Iterator[Store]:
    """The store of this environment."""
    store = Store.open(settings_module.read().database_url)
    try:
        yield store
    finally:
        store.close()


@contextlib.contextmanager
def client() -> Iterator[Deck]:
    """A deck whose engine never starts: what it writes down is done by the process that serves."""
    settings = settings_module.read()
    settings.home.mkdir(parents=True, exist_ok=True)
    with opened() as store:
        yield at_rest(settings, store)


def at_rest(settings: Settings, store: Store) -> Deck:
    engine = Engine(store, settings.engine_url, {}, settings.logs, settings.max_agents)
    return Deck(settings, store, engine, Watcher(store))


def served(deck: Deck) -> bool:
    """Whether some process runs the engine of this store."""
    return deck.engine.elsewhere()
