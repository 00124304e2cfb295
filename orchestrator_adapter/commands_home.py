"""What people can change for themselves alone: what their home page shows first."""

from __future__ import annotations

from data.domain import home as homes
from data.domain.home import Home
from data.store import Board, preferences
from orchestrator_adapter.access import Actor, require
from orchestrator_adapter.deck import Deck


def set_home(deck: Deck, actor: Actor, home: Home) -> Home:
    """The person's own home page from now on; a second click says nothing new."""
    require(actor, "set_home")
    homes.checked(home)
    with deck.store.write() as ledger:
        if Board(ledger.connection).home(actor.name) != home:
            ledger.append(preferences.event(home, actor.name))
    return home
