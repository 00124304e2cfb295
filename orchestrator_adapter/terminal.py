"""How a command of the command line reaches the fleet, and how it prints."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Annotated

import typer

from data.store import Store
from data.store.watch import Watcher
from orchestrator_adapter import settings as settings_module
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.engine.boot import Engine
from orchestrator_adapter.printing import print_json, print_table
from orchestrator_adapter.settings import Settings

__all__ = ["DAYS", "AsJson", "TaskId", "at_rest", "client", "opened", "print_json", "print_table", "served"]

DAYS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
"""How a day, or a moment, is written in an option."""
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON")]
TaskId = Annotated[str, typer.Argument(metavar="TASK", help="Its id")]


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
    settings_module.make_home(settings)
    with opened() as store:
        yield at_rest(settings, store)


def at_rest(settings: Settings, store: Store) -> Deck:
    engine = Engine(store, settings.engine_url, {}, settings.logs, settings.max_agents)
    return Deck(settings, store, engine, Watcher(store))


def served(deck: Deck) -> bool:
    """Whether some process runs the engine of this store."""
    return deck.engine.elsewhere()
