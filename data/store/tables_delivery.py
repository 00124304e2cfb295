"""The tables of channels, of their secrets, of schedules of reports, and of what is delivered."""

from __future__ import annotations

import sqlalchemy as sa

from data.store.tables import metadata

_Id = sa.String(64)

channels = sa.Table(
    "channels",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("rev", sa.BigInteger, nullable=False),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("shown", sa.Text, nullable=False),
    sa.Column("changed_by", sa.String(200), nullable=False),
    sa.Column("changed_at_ms", sa.BigInteger, nullable=False),
    sa.Column("removed_at_ms", sa.BigInteger),
    sa.Column("tried_at_ms", sa.BigInteger),
)

channel_secrets = sa.Table(
    "channel_secrets",
    metadata,
    sa.Column("channel_id", _Id, primary_key=True),
    sa.Column("address", sa.Text, nullable=False),
)
"""Apart from the events, from which rows can be told to anybody."""

report_schedules = sa.Table(
    "report_schedules",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("rev", sa.BigInteger, nullable=False),
    sa.Column("plan", sa.Text, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("changed_by", sa.String(200), nullable=False),
    sa.Column("changed_at_ms", sa.BigInteger, nullable=False),
    sa.Column("removed_at_ms", sa.BigInteger),
    sa.Column("last_at_ms", sa.BigInteger),
    sa.Column("next_at_ms", sa.BigInteger, index=True),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("subject_id", _Id, primary_key=True),
    sa.Column("at_ms", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("channel_id", _Id, primary_key=True),
    sa.Column("rev", sa.BigInteger, nullable=False),
    sa.Column("about", sa.String(20), nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("said", sa.Text, nullable=False),
    sa.Column("tried_at_ms", sa.BigInteger),
    sa.Column("next_at_ms", sa.BigInteger, index=True),
    sa.Index("ix_deliveries_at_ms", "at_ms"),
)
