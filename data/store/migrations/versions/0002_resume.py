"""Tasks that go on: runs of a task, generations of a step, money kept by resuming."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.batch_alter_table("tasks") as batch:
        batch.add_column(sa.Column("run", sa.Integer(), server_default="1", nullable=False))
        batch.add_column(sa.Column("kept_nanousd", sa.BigInteger(), server_default="0", nullable=False))
        batch.add_column(sa.Column("rerun_of", sa.String(length=64), nullable=True))
    with op.batch_alter_table("steps") as batch:
        batch.add_column(sa.Column("generation", sa.Integer(), server_default="1", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("steps") as batch:
        batch.drop_column("generation")
    with op.batch_alter_table("tasks") as batch:
        batch.drop_column("rerun_of")
        batch.drop_column("kept_nanousd")
        batch.drop_column("run")
