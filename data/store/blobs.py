"""Large content, addressed by its SHA-256 and compressed."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
import zstandard

from data.domain.errors import BlobNotFound
from data.store import tables as t


def put(connection: sa.Connection, content: bytes) -> str:
    """Store the content once; its id."""
    key = hashlib.sha256(content).hexdigest()
    known = connection.execute(sa.select(t.blobs.c.id).where(t.blobs.c.id == key)).first()
    if known is None:
        packed = zstandard.ZstdCompressor(level=3).compress(content)
        connection.execute(sa.insert(t.blobs).values(id=key, size=len(content), content=packed))
    return key


def get(connection: sa.Connection, key: str) -> bytes:
    """The content; raises BlobNotFound."""
    row = connection.execute(sa.select(t.blobs.c.content).where(t.blobs.c.id == key)).first()
    if row is None:
        raise BlobNotFound(f"There is no content {key[:12]} in the store.", blob=key)
    return zstandard.ZstdDecompressor().decompress(row.content)
