"""The tables of rules of alerts."""

from __future__ import annotations

import sqlalchemy as sa

from data.store.tables import metadata

_Id = sa.String(64)

alert_rules = sa.Table(
    "alert_rules",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("rev", sa.BigInteger, nullable=False),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("metric", sa.String(20), nullable=False),
    sa.Column("threshold", sa.Float, nullable=False),
    sa.Column("window_s", sa.Integer, nullable=False),
    sa.Column("scope", sa.String(20), nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("cooldown_s", sa.Integer, nullable=False),
    sa.Column("least_usd", sa.Float, nullable=False),
    sa.Column("simulated", sa.Boolean, nullable=False),
    sa.Column("channels", sa.Text, nullable=False, server_default="[]"),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("changed_by", sa.String(200), nullable=False),
    sa.Column("changed_at_ms", sa.BigInteger, nullable=False),
    sa.Column("removed_at_ms", sa.BigInteger),
)
