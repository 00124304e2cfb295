"""The warehouse: which event wrote a reply last, and which replies are no longer counted."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    with op.batch_alter_table("messages") as batch:
        batch.add_column(sa.Column("rev", sa.BigInteger(), server_default="0", nullable=False))
    with op.batch_alter_table("messages") as batch:
        batch.alter_column("rev", server_default=None)
        batch.create_index(batch.f("ix_messages_rev"), ["rev"])
    op.create_table(
        "messages_gone",
        sa.Column("rev", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("message_id", sa.String(length=120), nullable=False),
        sa.Column("request_id", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("rev", "message_id", "request_id", name=op.f("pk_messages_gone")),
    )


def downgrade() -> None:
    op.drop_table("messages_gone")
    with op.batch_alter_table("messages") as batch:
        batch.drop_index(batch.f("ix_messages_rev"))
        batch.drop_column("rev")
