"""Sessions as this process left them in the store, so that they are not read again for every batch."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from data.store import Board, Ledger, observed
from data.store.observed import Session

MOST = 2_000
"""Sessions that are kept."""
MOST_AGENTS = 500
"""A session with more is read each time."""
HEARD = timedelta(seconds=5)
"""How exactly the store knows when something was last heard of a session."""


class Known:
    """What is kept holds as long as nobody else writes about these sessions; `foreign` finds out whether they did."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Session, datetime]] = {}
        """Each with the time that the store has of it."""
        self._clock: int | None = None
        """Up to this event everything that was written about them is known."""

    def find(self, board: Board, ids: Collection[str]) -> dict[str, Session]:
        """These sessions as they are known, or else as they are read."""
        found = {one: self._kept[one][0] for one in ids if one in self._kept}
        missing = [one for one in ids if one not in found]
        return found | observed.sessions(board.connection, missing) if missing else found

    def foreign(self, ledger: Ledger, task_ids: Collection[str], read_at: int) -> bool:
        """Whether somebody else wrote about these tasks since they were read, or were left here.

        Inside of the transaction that writes about them. What is kept and no longer holds is forgotten.
        """
        since = read_at if self._clock is None else min(self._clock, read_at)
        others = observed.written_about(ledger.connection, since)
        if others is None or self._clock is None:
            self.forget()
        else:
            for one in [one for one, (session, _) in self._kept.items() if session.task_id in others]:
                del self._kept[one]
        return others is None or not others.isdisjoint(task_ids)

    def unsaved(self, before: Mapping[str, Session], after: Iterable[Session], now: datetime) -> list[Session]:
        """Those of which the store has to learn something: what they are, or that they were heard of."""
        return [
            one
            for one in after
            if one is not before[one.id] or one.id not in self._kept or abs(now - self._kept[one.id][1]) > HEARD
        ]

    def keep(self, sessions: Iterable[Session], saved: Collection[str], clock: int, now: datetime) -> None:
        """They were written like this, and nothing else was written up to this clock."""
        self._clock = clock
        for one in sessions:
            before = self._kept.pop(one.id, None)
            if len(one.agents) <= MOST_AGENTS and not (one.ours or one.deleted):
                self._kept[one.id] = (one, now if one.id in saved or before is None else before[1])
        while len(self._kept) > MOST:
            del self._kept[next(iter(self._kept))]

    def forget(self) -> None:
        """A transaction failed, or too much happened: all is read again."""
        self._kept.clear()
        self._clock = None
