"""The tables of search; the index itself, `search_words`, is a table that each database makes in its own way."""

from __future__ import annotations

import sqlalchemy as sa

from data.store.tables import metadata

_Id = sa.String(64)

search_entries = sa.Table(
    "search_entries",
    metadata,
    # given by us, in the order of arrival: the index of SQLite has no keys but these
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
    sa.Column("task_id", _Id, nullable=False),
    sa.Column("agent_id", _Id),
    sa.Column("key", sa.String(120), nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("tool", sa.String(120), nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("blob", _Id),
    sa.Column("text", sa.LargeBinary),
    sa.Index("ix_search_entries_agent_id_key", "agent_id", "key"),
)

search_progress = sa.Table(
    "search_progress",
    metadata,
    sa.Column("name", _Id, primary_key=True),
    sa.Column("event_id", sa.BigInteger, nullable=False),
)

STRETCH = 4096
"""Entries of which the times are known together."""

search_stretches = sa.Table(
    "search_stretches",
    metadata,
    # the number of its entries divided by STRETCH
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
    sa.Column("least_ms", sa.BigInteger, nullable=False),
    sa.Column("most_ms", sa.BigInteger, nullable=False),
)

INDEX = "search_words"
"""SQLite: a virtual table with tables of its own; PostgreSQL: one column of word places and an index on it."""
