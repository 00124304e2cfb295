"""Who has looked at the failure of a task."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("tasks", sa.Column("seen_by", sa.String(length=200), nullable=True))


def downgrade() -> None:
    op.drop_column("tasks", "seen_by")
