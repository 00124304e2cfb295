"""From when to when the texts of each stretch of the index are: what was asked of an old time begins there."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

FROM_ENTRIES = (
    "INSERT INTO search_stretches (id, least_ms, most_ms)"
    " SELECT id / 4096, min(at_ms), max(at_ms) FROM search_entries GROUP BY id / 4096"
)


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "search_stretches",
        sa.Column("id", number, autoincrement=False, nullable=False),
        sa.Column("least_ms", sa.BigInteger(), nullable=False),
        sa.Column("most_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_stretches")),
    )
    op.execute(FROM_ENTRIES)


def downgrade() -> None:
    op.drop_table("search_stretches")
