"""The live views as patches: computed once per clock for everybody, and only what changed is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson

from data.domain.errors import StoreUnavailable
from data.store import Board, Recorded, Store
from orchestrator_adapter.api.news import Message, News

View = Callable[[Board, datetime], Mapping[str, Mapping[str, Any]]]

STALE = timedelta(seconds=30)
"""Age at which a view is computed again for a new listener though nothing happened: today may be another day."""
MOST_DROPPED = 500


class BoardSource:
    """One view, with the version in which each of its elements changed last."""

    clocked = False

    def __init__(self, topic: str, pace: str, view: View, concerns: Callable[[Recorded], bool]) -> None:
        self.topic, self.pace = topic, pace
        self._view, self._concerns = view, concerns
        self._seen: tuple[int, datetime] | None = None
        self._version = 0
        self._since = 0
        """Versions before this one can only be brought up to date as a whole."""
        self._elements: dict[str, tuple[int, bytes]] = {}
        self._dropped: dict[str, int] = {}

    def concerns(self, entry: Recorded) -> bool:
        return self._concerns(entry)

    def news(self, store: Store, positions: Iterable[int | None]) -> Mapping[int | None, News]:
        try:
            clock = self._refresh(store)
        except StoreUnavailable:  # what was last known is better than nothing; the hub says how old it is
            if self._seen is None:
                raise
            clock = self._seen[0]
        return {position: self._patch(position, clock) for position in positions}

    def _refresh(self, store: Store) -> int:
        now = store.now()
        with store.read() as board:
            clock = board.clock()
            if self._seen is None or clock != self._seen[0] or now - self._seen[1] > STALE:
                self._take(self._view(board, now))
                self._seen = (clock, now)
        return clock

    def _take(self, view: Mapping[str, Mapping[str, Any]]) -> None:
        self._version += 1
        fresh = {key: orjson.dumps(element) for key, element in view.items()}
        for key in self._elements.keys() - fresh.keys():
            del self._elements[key]
            self._dropped[key] = self._version
        for key, text in fresh.items():
            self._dropped.pop(key, None)
            if key not in self._elements or self._elements[key][1] != text:
                self._elements[key] = (self._version, text)
        if len(self._dropped) > MOST_DROPPED:
            self._dropped.clear()
            self._since = self._version

    def _patch(self, position: int | None, clock: int) -> News:
        full = position is None or not self._since <= position <= self._version
        after = -1 if full or position is None else position
        changed = {key: text for key, (version, text) in self._elements.items() if version > after}
        gone = [] if full else [key for key, version in self._dropped.items() if version > after]
        if not (full or changed or gone):
            return News(self._version)
        elements = b",".join(orjson.dumps(key) + b":" + text for key, text in changed.items()).decode()
        drop = orjson.dumps(gone).decode()
        data = f'{{"full":{"true" if full else "false"},"set":{{{elements}}},"drop":{drop}}}'
        rest = f'"topic":{orjson.dumps(self.topic).decode()},"kind":"board","data":{data}}}'
        return News(self._version, (Message(clock, rest),))
