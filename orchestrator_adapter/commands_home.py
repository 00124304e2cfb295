"""What people can change for themselves alone: what their home page shows first, and how they want reports."""

from __future__ import annotations

from data.domain import home as homes
from data.domain.control_events import PreferenceSet
from data.domain.exports import Format, What
from data.domain.home import Home
from data.domain.windows import Preset
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


def set_reports(deck: Deck, actor: Actor, *, written: Format, what: What, window: Preset) -> dict[str, str]:
    """What the Reports page begins with for this person; the same once more says nothing new."""
    require(actor, "set_reports")
    values = {"format": written.value, "what": what.value, "window": window.value}
    with deck.store.write() as ledger:
        if preferences.reports(ledger.connection, actor.name) != values:
            event = PreferenceSet(task_id="", name=preferences.REPORTS, values=dict(values), by=actor.name)
            ledger.append(event)
    return values
