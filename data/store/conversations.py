"""The reads behind a conversation: the events it is made of, and much content at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import sqlalchemy as sa
import zstandard

from data.domain.conversation_events import KINDS
from data.store import tables as t
from data.store.ledger import Recorded
from data.store.look import Look, recorded

_AT_ONCE = 400
"""Contents that are asked for in one question."""


class Conversations(Look):
    """What agents said and did, in the order in which it happened."""

    def conversation_events(self, agent_id: str, after: int = 0) -> list[Recorded]:
        """The events of a conversation after a clock value, oldest first."""
        c = t.events.c
        query = sa.select(t.events).where(c.agent_id == agent_id, c.id > after, c.kind.in_(KINDS)).order_by(c.id)
        return [recorded(row) for row in self.connection.execute(query).mappings()]

    def conversation_contents(self, blobs: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """The contents of these blobs, each once, in no order; those that the store has not are left out."""
        wanted = list(dict.fromkeys(blobs))
        unpack = zstandard.ZstdDecompressor().decompress
        for start in range(0, len(wanted), _AT_ONCE):
            query = sa.select(t.blobs.c.id, t.blobs.c.content).where(t.blobs.c.id.in_(wanted[start : start + _AT_ONCE]))
            for row in self.connection.execute(query):
                yield row.id, unpack(row.content)
