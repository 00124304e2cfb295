"""Taking in agent log folders that another program wrote."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from data.domain.errors import FolderRefused, InvalidField
from orchestrator_adapter import planning
from orchestrator_adapter.access import Actor, require
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.ingest import log_import
from orchestrator_adapter.ingest.log_import import Report, Tell


def import_logs(
    deck: Deck, actor: Actor, path: str, *, zone: str = "", anywhere: bool = False, tell: Tell | None = None
) -> Report:
    """Read every agent log folder at or below the path; nothing there is changed, and nothing is taken in twice.

    `zone`: of times that are written without an offset, by itself this machine's. `anywhere`: for a person at this
    machine's terminal, who may read it all anyway; others only below the folders in which tasks may work. Raises
    FolderRefused or InvalidField.
    """
    require(actor, "import_logs")
    try:
        where = ZoneInfo(zone) if zone else None
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidField(f"zone must be a time zone like Europe/Berlin, not {zone[:80]!r}.", field="zone") from error
    return log_import.take_in(deck.store, Path(path) if anywhere else _allowed(deck, path), where, tell)


def _allowed(deck: Deck, path: str) -> Path:
    try:
        return planning.check_folder(path, deck.settings.workdirs)
    except FolderRefused as refused:
        raise FolderRefused(str(refused), **refused.details | {"field": "path"}) from None
