"""What this process has learned from past tasks, made anew only when another one has ended."""

from __future__ import annotations

from data.domain.experience import Experience
from data.store import Store
from orchestrator_adapter.kept import Kept

KINDS = 4
"""Real and simulated experience, as it is now and as it was a moment ago."""


class Learned:
    """One for each process: everybody who types a task asks it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: Kept[Experience] = Kept(KINDS)

    def of(self, *, simulated: bool) -> Experience:
        """Real tasks never tell anything of simulated ones, nor the other way round. Raises StoreUnavailable."""
        with self._store.read() as board:
            key = (simulated, board.past_clock())
            return self._kept.get(key, lambda: Experience(board.past_tasks(simulated=simulated)))
