"""Tasks: who decided about the ANALYST and with which probability, and what became of their work."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

NEW = (
    *("analyst_by", "analyst_probability", "borderline", "tests_passed", "review_passed", "score", "outcome_note"),
    *("merged", "reworked", "rework_task", "outcome_set_by", "good"),
)


def upgrade() -> None:
    with op.batch_alter_table("tasks") as batch:
        batch.add_column(sa.Column("analyst_by", sa.String(length=10), server_default="nobody", nullable=False))
        batch.add_column(sa.Column("analyst_probability", sa.Float(), nullable=True))
        batch.add_column(sa.Column("borderline", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch.add_column(sa.Column("tests_passed", sa.Boolean(), nullable=True))
        batch.add_column(sa.Column("review_passed", sa.Boolean(), nullable=True))
        batch.add_column(sa.Column("score", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("outcome_note", sa.Text(), nullable=True))
        batch.add_column(sa.Column("merged", sa.Boolean(), nullable=True))
        batch.add_column(sa.Column("reworked", sa.Boolean(), nullable=True))
        batch.add_column(sa.Column("rework_task", sa.String(length=64), nullable=True))
        batch.add_column(sa.Column("outcome_set_by", sa.Text(), server_default="{}", nullable=False))
        batch.add_column(sa.Column("good", sa.Boolean(), nullable=True))
    _look_back()


def _look_back() -> None:
    """Of older tasks: what their choice says, and that those which failed were not good."""
    tasks = sa.table(
        "tasks",
        *(
            sa.column(name)
            for name in ("id", "runtime", "analyst_choice", "analyst_by", "analyst_probability", "status")
        ),
        *(sa.column(name, sa.Boolean()) for name in ("analyst_included", "good")),
    )
    c = tasks.c
    here = c.runtime.in_(["claude", "demo", "scripted"])
    auto = c.analyst_choice == "auto"
    by = sa.case((auto, "rule"), else_="person")
    odds = sa.case((auto & c.analyst_included, 1.0), (auto, 0.0), else_=sa.null())
    op.execute(sa.update(tasks).where(here).values(analyst_by=by, analyst_probability=odds))
    planned = sa.text(
        "select task_id from events where kind = 'task_planned' and body like '%\"analyst_included\"%'"
    ).columns(sa.column("task_id"))
    own = c.id.in_(planned) & (c.analyst_by == "rule")
    op.execute(sa.update(tasks).where(own).values(analyst_by="planner", analyst_probability=None))
    op.execute(sa.update(tasks).where(c.status == "failed").values(good=False))


def downgrade() -> None:
    with op.batch_alter_table("tasks") as batch:
        for name in reversed(NEW):
            batch.drop_column(name)
