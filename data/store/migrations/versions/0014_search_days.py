"""What search knows of a text's time is its day; what is in the index without it is put in anew."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    _start_over()


def downgrade() -> None:
    _start_over()


def _start_over() -> None:
    sqlite = op.get_context().dialect.name == "sqlite"
    op.execute("INSERT INTO search_words(search_words) VALUES ('delete-all')" if sqlite else "TRUNCATE search_words")
    op.execute("DELETE FROM search_entries")
    op.execute("DELETE FROM search_progress WHERE name <> 'events'")
    op.execute("UPDATE search_progress SET event_id = 0")
