"""What the intake remembers: requests that may be sent again, and running totals by series."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "received_requests",
        sa.Column("mark", sa.String(length=32), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_received_requests")),
    )
    op.create_index(op.f("ix_received_requests_at_ms"), "received_requests", ["at_ms"])
    op.add_column("observed_sessions", sa.Column("series", sa.Text(), server_default="{}", nullable=False))


def downgrade() -> None:
    op.drop_column("observed_sessions", "series")
    op.drop_table("received_requests")
