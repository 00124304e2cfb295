"""The reads behind a conversation: the events it is made of, and much content at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import sqlalchemy as sa
import zstandard

from data.domain import conversation_lines
from data.domain.conversation_events import ENTRIES, KINDS
from data.store import rows
from data.store import tables as t
from data.store.ledger import Recorded
from data.store.look import recorded
from data.store.transcripts import Transcripts

_COMPACTED = b'"compact_boundary"'
_AT_ONCE = 400
"""Contents that are asked for in one question."""


class Conversations(Transcripts):
    """What agents said and did, in the order in which it happened."""

    def conversation_events(self, agent_id: str, after: int = 0) -> list[Recorded]:
        """The events of a conversation after a clock value, oldest first."""
        c = t.events.c
        query = sa.select(t.events).where(c.agent_id == agent_id, c.id > after, c.kind.in_(KINDS)).order_by(c.id)
        return [recorded(row) for row in self.connection.execute(query).mappings()]

    def conversation_glance(self, agent_id: str, most: int, *, end: bool) -> tuple[list[Recorded], int]:
        """The first or the last events of a conversation, oldest first, and about how many entries it has in all."""
        c = t.events.c
        mine = sa.select(t.events).where(c.agent_id == agent_id, c.kind.in_(KINDS))
        query = mine.order_by(c.id.desc() if end else c.id).limit(most)
        found = [recorded(row) for row in self.connection.execute(query).mappings()]
        count = sa.select(sa.func.count()).where(c.agent_id == agent_id, c.kind.in_(ENTRIES))
        return found[::-1] if end else found, int(self.connection.execute(count).scalar_one())

    def conversation_compactions(self, agent_id: str) -> list[datetime]:
        """When the context of an agent was compacted, oldest first; also of one whose transcript was read in."""
        c = t.events.c
        query = sa.select(c.at_ms).where(c.agent_id == agent_id, c.kind == "context_compacted").order_by(c.id)
        told = [rows.at(at_ms) for at_ms in self.connection.execute(query).scalars()]
        lines = (line.value() or {} for line in self.transcript_lines(agent_id) if _COMPACTED in line.raw)
        read = (conversation_lines.when(line) for line in lines if line.get("subtype") == "compact_boundary")
        return sorted([*told, *(at for at in read if at is not None)])

    def conversation_contents(self, blobs: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """The contents of these blobs, each once, in no order; those that the store has not are left out."""
        wanted = list(dict.fromkeys(blobs))
        unpack = zstandard.ZstdDecompressor().decompress
        for start in range(0, len(wanted), _AT_ONCE):
            query = sa.select(t.blobs.c.id, t.blobs.c.content).where(t.blobs.c.id.in_(wanted[start : start + _AT_ONCE]))
            for row in self.connection.execute(query):
                yield row.id, unpack(row.content)
