"""Full-text search over everything that was said, called, answered, asked for and logged."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

# The texts lie in blobs and entries already; the index holds only where each word stands.
SQLITE = (
    "CREATE VIRTUAL TABLE search_words USING fts5(body, tags, content='', tokenize='unicode61 remove_diacritics 2')",
    # 16 MiB are gathered before they are sorted in: twice as fast for large imports as with 1 MiB
    "INSERT INTO search_words(search_words, rank) VALUES ('hashsize', 16777216)",
)
POSTGRESQL = (
    "CREATE TABLE search_words (id BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)",
    "CREATE INDEX ix_search_words_words ON search_words USING gin (words)",
)


def upgrade() -> None:
    op.create_table(
        "search_entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("task_id", sa.String(length=64), nullable=False),
        sa.Column("agent_id", sa.String(length=64), nullable=True),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("tool", sa.String(length=120), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("blob", sa.String(length=64), nullable=True),
        sa.Column("text", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_entries")),
    )
    op.create_index("ix_search_entries_agent_id_key", "search_entries", ["agent_id", "key"])
    progress = op.create_table(
        "search_progress",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_search_progress")),
    )
    op.bulk_insert(progress, [{"name": "events", "event_id": 0}])
    for statement in SQLITE if op.get_context().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    for name in ("search_words", "search_progress", "search_entries"):
        op.drop_table(name)
