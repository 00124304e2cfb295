"""What people say to an agent while it works: put from any thread, in order, taken by whoever runs the agent."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Note:
    """One message, in the words that reach the agent; of two the later has the larger id."""

    id: int
    text: str


class Inbox:
    """The messages of one agent that its runner has not taken yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[int, Note] = {}
        self._known: set[int] = set()
        self._wakes: list[Callable[[], None]] = []
        self.opened_with = 0
        """The last message that stands in the agent's first words; 0 if none does."""

    def put(self, note: Note) -> None:
        """Hand a message over; the same one twice is one."""
        with self._lock:
            if note.id in self._known:
                return
            self._known.add(note.id)
            self._waiting[note.id] = note
            wakes = list(self._wakes)
        for wake in wakes:
            wake()

    def said_already(self, note_id: int) -> None:
        """This one stands in the agent's first words."""
        with self._lock:
            self._known.add(note_id)
            self._waiting.pop(note_id, None)
            self.opened_with = max(note_id, self.opened_with)

    def take(self) -> list[Note]:
        with self._lock:
            taken = [self._waiting[note_id] for note_id in sorted(self._waiting)]
            self._waiting.clear()
        return taken

    def passed_on(self, note_id: int) -> bool:
        """Whether the agent got it: with its first words, or taken since."""
        with self._lock:
            return note_id in self._known and note_id not in self._waiting

    @property
    def waiting(self) -> bool:
        return bool(self._waiting)

    @contextmanager
    def waking(self, event: asyncio.Event) -> Iterator[None]:
        """Set the event of the caller's loop when a message comes, and at once if one waits."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(event.set)

        with self._lock:
            self._wakes.append(wake)
            if self._waiting:
                event.set()
        try:
            yield
        finally:
            with self._lock:
                self._wakes.remove(wake)
