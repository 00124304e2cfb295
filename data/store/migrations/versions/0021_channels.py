"""Channels, their secrets, what is delivered through them, and which rules tell which channels."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "channels",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.String(length=200), nullable=False),
        sa.Column("changed_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("removed_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("tried_at_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channels")),
    )
    op.create_table(
        "channel_secrets",
        sa.Column("channel_id", sa.String(length=64), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("channel_id", name=op.f("pk_channel_secrets")),
    )
    op.create_table(
        "deliveries",
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel_id", sa.String(length=64), nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("about", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("tried_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("next_at_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("subject_id", "at_ms", "channel_id", name=op.f("pk_deliveries")),
    )
    op.create_index("ix_deliveries_next_at_ms", "deliveries", ["next_at_ms"])
    op.create_index("ix_deliveries_at_ms", "deliveries", ["at_ms"])
    with op.batch_alter_table("alert_rules") as batch:
        batch.add_column(sa.Column("channels", sa.Text(), nullable=False, server_default="[]"))


def downgrade() -> None:
    with op.batch_alter_table("alert_rules") as batch:
        batch.drop_column("channels")
    op.drop_index("ix_deliveries_at_ms", table_name="deliveries")
    op.drop_index("ix_deliveries_next_at_ms", table_name="deliveries")
    op.drop_table("deliveries")
    op.drop_table("channel_secrets")
    op.drop_table("channels")
