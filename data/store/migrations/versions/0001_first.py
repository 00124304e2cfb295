"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "agents",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("task_id", sa.String(length=64), nullable=False),
        sa.Column("step", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("model", sa.String(length=120), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("activity", sa.Text(), nullable=False),
        sa.Column("runtime", sa.String(length=20), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("started_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("tokens_input", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tokens_output", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tokens_cache_read", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tokens_cache_write_5m", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tokens_cache_write_1h", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cost_nanousd", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("unpriced_messages", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tool_calls", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reported_nanousd", sa.BigInteger(), nullable=True),
        sa.Column("reported_last_nanousd", sa.BigInteger(), nullable=True),
        sa.Column("context_used", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("context_window", sa.BigInteger(), nullable=True),
        sa.Column("session_id", sa.String(length=80), nullable=True),
        sa.Column("log_dir", sa.Text(), nullable=True),
        sa.Column("retry_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agents")),
    )
    with op.batch_alter_table("agents", schema=None) as batch_op:
        batch_op.create_index("ix_agents_created_at_ms_id", ["created_at_ms", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_agents_rev"), ["rev"], unique=False)
        batch_op.create_index("ix_agents_status", ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_agents_task_id"), ["task_id"], unique=False)

    op.create_table(
        "blobs",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blobs")),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("task_id", sa.String(length=64), nullable=False),
        sa.Column("agent_id", sa.String(length=64), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index("ix_events_agent_id_id", ["agent_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_events_at_ms"), ["at_ms"], unique=False)
        batch_op.create_index("ix_events_task_id_id", ["task_id", "id"], unique=False)

    op.create_table(
        "files",
        sa.Column("agent_id", sa.String(length=64), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("change", sa.String(length=10), nullable=False),
        sa.Column("task_id", sa.String(length=64), nullable=False),
        sa.Column("added", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("removed", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "path", "change", name=op.f("pk_files")),
    )
    with op.batch_alter_table("files", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_files_task_id"), ["task_id"], unique=False)

    op.create_table(
        "messages",
        sa.Column("message_id", sa.String(length=120), nullable=False),
        sa.Column("request_id", sa.String(length=120), nullable=False),
        sa.Column("task_id", sa.String(length=64), nullable=False),
        sa.Column("agent_id", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=120), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("tokens_input", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tokens_output", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tokens_cache_read", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tokens_cache_write_5m", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tokens_cache_write_1h", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cost_nanousd", sa.BigInteger(), nullable=True),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("subagent", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", "request_id", name=op.f("pk_messages")),
    )
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_messages_agent_id"), ["agent_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_messages_at_ms"), ["at_ms"], unique=False)
        batch_op.create_index(batch_op.f("ix_messages_task_id"), ["task_id"], unique=False)

    op.create_table(
        "step_runs",
        sa.Column("run_id", sa.String(length=200), nullable=False),
        sa.Column("task_id", sa.String(length=64), nullable=False),
        sa.Column("step", sa.String(length=80), nullable=False),
        sa.Column("agent_id", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=80), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("started_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("finished_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_step_runs")),
    )
    with op.batch_alter_table("step_runs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_step_runs_task_id"), ["task_id"], unique=False)

    op.create_table(
        "steps",
        sa.Column("task_id", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("depends_on", sa.Text(), nullable=False),
        sa.Column("constraints", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("started_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_at_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("task_id", "key", name=op.f("pk_steps")),
    )
    op.create_table(
        "tasks",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("task_type", sa.String(length=40), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("complexity", sa.String(length=20), nullable=False),
        sa.Column("complexity_reasons", sa.Text(), nullable=False),
        sa.Column("analyst_choice", sa.String(length=10), nullable=False),
        sa.Column("analyst_included", sa.Boolean(), nullable=False),
        sa.Column("analyst_reason", sa.Text(), nullable=False),
        sa.Column("current_step", sa.String(length=80), nullable=True),
        sa.Column("working_directory", sa.Text(), nullable=False),
        sa.Column("runtime", sa.String(length=20), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("model", sa.String(length=120), nullable=True),
        sa.Column("permission_mode", sa.String(length=40), nullable=False),
        sa.Column("scenario", sa.String(length=80), nullable=True),
        sa.Column("ai_planner", sa.Boolean(), nullable=False),
        sa.Column("budget_nanousd", sa.BigInteger(), nullable=True),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("started_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("archived_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("deleted_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("tokens_input", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tokens_output", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tokens_cache_read", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tokens_cache_write_5m", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tokens_cache_write_1h", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cost_nanousd", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("unpriced_messages", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tool_calls", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reported_nanousd", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
    )
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.create_index("ix_tasks_created_at_ms_id", ["created_at_ms", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_tasks_rev"), ["rev"], unique=False)
        batch_op.create_index("ix_tasks_status", ["status"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.drop_index("ix_tasks_status")
        batch_op.drop_index(batch_op.f("ix_tasks_rev"))
        batch_op.drop_index("ix_tasks_created_at_ms_id")

    op.drop_table("tasks")
    op.drop_table("steps")
    with op.batch_alter_table("step_runs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_step_runs_task_id"))

    op.drop_table("step_runs")
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_messages_task_id"))
        batch_op.drop_index(batch_op.f("ix_messages_at_ms"))
        batch_op.drop_index(batch_op.f("ix_messages_agent_id"))

    op.drop_table("messages")
    with op.batch_alter_table("files", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_files_task_id"))

    op.drop_table("files")
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_index("ix_events_task_id_id")
        batch_op.drop_index(batch_op.f("ix_events_at_ms"))
        batch_op.drop_index("ix_events_agent_id_id")

    op.drop_table("events")
    op.drop_table("blobs")
    with op.batch_alter_table("agents", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agents_task_id"))
        batch_op.drop_index("ix_agents_status")
        batch_op.drop_index(batch_op.f("ix_agents_rev"))
        batch_op.drop_index("ix_agents_created_at_ms_id")

    op.drop_table("agents")
