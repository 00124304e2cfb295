"""Archiving when a person wants it; by itself it is done four times a day."""

from __future__ import annotations

from data.domain.errors import StoreUnavailable
from orchestrator_adapter import archive
from orchestrator_adapter.access import Actor, require
from orchestrator_adapter.archive import Done
from orchestrator_adapter.deck import Deck


def archive_history(deck: Deck, actor: Actor) -> Done:
    """Move and write down what is old enough; the store keeps everything. Raises NotAllowed, StoreUnavailable."""
    require(actor, "archive_history")
    try:
        return archive.keep(deck.warehouse, deck.settings.home, deck.store.now())
    except OSError as error:
        raise StoreUnavailable(f"The archive cannot be written: {error.strerror}.") from error
