"""Text as every database takes it."""

from __future__ import annotations


def storable(text: str) -> str:
    """Text that every database takes: NUL (refused by PostgreSQL) and lone surrogates become readable marks."""
    if text.isascii() and "\x00" not in text:  # most are, and this is asked of every text of every event
        return text
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
