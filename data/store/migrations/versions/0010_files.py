"""Files: what a comparison of the folder found, with contents before and after."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

COLUMNS = ("at_ms", "lines", "found", "before_blob", "after_blob", "before_size", "after_size", "withheld")


def upgrade() -> None:
    with op.batch_alter_table("files") as batch:
        batch.add_column(sa.Column("at_ms", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("lines", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("found", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch.add_column(sa.Column("before_blob", sa.String(length=64), nullable=True))
        batch.add_column(sa.Column("after_blob", sa.String(length=64), nullable=True))
        batch.add_column(sa.Column("before_size", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("after_size", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("withheld", sa.Text(), nullable=True))
        batch.add_column(sa.Column("changed_ms", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("shared", sa.Text(), server_default="[]", nullable=False))
        batch.create_index(batch.f("ix_files_path"), ["path"])


def downgrade() -> None:
    with op.batch_alter_table("files") as batch:
        batch.drop_index(batch.f("ix_files_path"))
        for name in ("shared", "changed_ms", *reversed(COLUMNS)):
            batch.drop_column(name)
