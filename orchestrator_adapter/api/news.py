"""What a listener of the event stream is told, and the protocol of whoever tells it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import orjson

from data.store import Recorded, Store


@dataclass(frozen=True)
class Message:
    """What happened, encoded except for the clock, which depends on who hears it."""

    clock: int
    rest: str


def message(clock: int, topic: str, kind: str, data: object) -> Message:
    rest = orjson.dumps({"topic": topic, "kind": kind, "data": data}, default=str).decode()
    return Message(clock, rest[1:])


@dataclass(frozen=True)
class News:
    """What a listener has missed, and where it stands once it has heard that."""

    position: int
    messages: tuple[Message, ...] = ()
    more: bool = False
    """Whether there is more to tell already."""


class Source(Protocol):
    """One topic."""

    topic: str
    pace: str
    """Which of the settings' intervals it keeps."""
    clocked: bool
    """Whether its positions are clock values."""

    def concerns(self, entry: Recorded) -> bool:
        """Whether the event changes what this topic tells."""
        ...

    def news(self, store: Store, positions: Iterable[int | None]) -> Mapping[int | None, News]:
        """What listeners at these positions have missed; asked in a worker thread, once for all of them."""
        ...
