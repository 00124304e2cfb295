"""Agents: what the transcript of their session adds up to."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column("agents", sa.Column("transcript_nanousd", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("agents", "transcript_nanousd")
