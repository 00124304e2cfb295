"""Claude sessions that others run: what hooks and telemetry told of them, and how much was received."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "observed_sessions",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("task_id", sa.String(length=64), nullable=False),
        sa.Column("life", sa.Integer(), server_default="1", nullable=False),
        sa.Column("ours", sa.Boolean(), nullable=False),
        sa.Column("described", sa.Boolean(), nullable=False),
        sa.Column("hooked", sa.Boolean(), nullable=False),
        sa.Column("transcript", sa.Text(), nullable=False),
        sa.Column("read_to", sa.Text(), nullable=False),
        sa.Column("told_nanousd", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("metered_nanousd", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("heard_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_observed_sessions")),
    )
    with op.batch_alter_table("observed_sessions") as batch:
        batch.create_index("ix_observed_sessions_ended_heard_at_ms", ["ended", "heard_at_ms"])
    op.create_table(
        "received",
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("number", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "name", name=op.f("pk_received")),
    )
    op.create_index("ix_agents_session_id", "agents", ["session_id"])
    op.create_index("ix_messages_request_id", "messages", ["request_id"])


def downgrade() -> None:
    op.drop_index("ix_messages_request_id", "messages")
    op.drop_index("ix_agents_session_id", "agents")
    op.drop_table("received")
    op.drop_table("observed_sessions")
