"""What of the live board somebody's home page shows."""

from __future__ import annotations

from typing import Any

from data.domain.home import Density, Home, Panel, TablePlace
from data.store import Store
from orchestrator_adapter.views.now import current

PARTS = {Panel.NUMBERS: "kpis", Panel.TASKS: "tasks", Panel.AGENTS: "agents"}
"""The names that the live parts have for what a person chooses from."""


def shown(home: Home) -> list[str]:
    """The live parts of this page, in their order; what has failed stands first of all, but for the numbers."""
    parts = [PARTS[panel] for panel in home.panels]
    parts.insert(int(parts[:1] == [PARTS[Panel.NUMBERS]]), "failures")
    return parts


def first_picture(store: Store, name: str) -> dict[str, Any] | None:
    """What this person's home page shows before any script of it runs; None where it does not begin with the board."""
    with store.read() as board:
        home = board.home(name)
        if home.table is TablePlace.ABOVE or not board.tasks(limit=1).items:
            return None
    return {
        "show": shown(home),
        "compact": home.density is Density.COMPACT,
        "owner": name if home.mine else None,
        "board": current(store),
    }
