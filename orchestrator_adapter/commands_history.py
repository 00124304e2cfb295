"""What people do about history: read that of Claude Code in, and keep doing so by itself."""

from __future__ import annotations

from data.domain.fleet import Watching
from data.domain.imports import Import
from data.store import settings
from orchestrator_adapter.access import Actor, require
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.ingest import history_folder


def import_transcripts(deck: Deck, actor: Actor, folder: str | None = None, *, again: bool = False) -> Import:
    """Read a folder of transcripts in, in the background; without one, that of Claude Code on this machine.

    `again`: sessions that were deleted here, too. Raises HistoryFolderInvalid or ImportRunning.
    """
    require(actor, "import_transcripts")
    return deck.importer.start(history_folder.checked(folder, deck.settings.environment), by=actor.name, again=again)


def watch_history(deck: Deck, actor: Actor, folder: str | None = None, *, automatic: bool = True) -> Watching:
    """Read in by itself what Claude Code adds to this folder from now on; saying it again changes nothing."""
    require(actor, "watch_history")
    path = history_folder.checked(folder, deck.settings.environment) if automatic or folder else None
    with deck.store.write(durable=True) as ledger:
        before = settings.watching(ledger.connection)
        wanted = Watching(automatic, before.folder if path is None else str(path))
        if wanted != before:
            ledger.append(settings.event(wanted, actor.name))
    return wanted
