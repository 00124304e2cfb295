"""History that was read in: transcripts with their content, and the imports that read them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "transcript_files",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("agent_id", sa.String(length=64), nullable=False),
        sa.Column("task_id", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=120), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("path_key", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("faults", sa.BigInteger(), nullable=False),
        sa.Column("undated", sa.BigInteger(), nullable=False),
        sa.Column("waiting", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("head_sha256", sa.String(length=64), nullable=False),
        sa.Column("tail_sha256", sa.String(length=64), nullable=False),
        sa.Column("parent_agent_id", sa.String(length=64), nullable=True),
        sa.Column("tool_use_id", sa.String(length=120), nullable=True),
        sa.Column("agent_type", sa.String(length=120), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("forked_from", sa.String(length=64), nullable=True),
        sa.Column("cli_version", sa.String(length=40), nullable=False),
        sa.Column("git_branch", sa.String(length=200), nullable=False),
        sa.Column("read_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transcript_files")),
    )
    with op.batch_alter_table("transcript_files") as batch:
        batch.create_index(batch.f("ix_transcript_files_agent_id"), ["agent_id"])
        batch.create_index(batch.f("ix_transcript_files_task_id"), ["task_id"])
        batch.create_index(batch.f("ix_transcript_files_path_key"), ["path_key"])
    op.create_table(
        "transcript_chunks",
        sa.Column("file_id", sa.String(length=64), nullable=False),
        sa.Column("first_line", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("file_id", "first_line", name=op.f("pk_transcript_chunks")),
    )
    op.create_table(
        "transcript_faults",
        sa.Column("file_id", sa.String(length=64), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("file_id", "line", name=op.f("pk_transcript_faults")),
    )
    op.create_table(
        "imports",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("rev", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("started_by", sa.String(length=200), nullable=False),
        sa.Column("started_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("heard_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("files_total", sa.BigInteger(), nullable=False),
        sa.Column("files_done", sa.BigInteger(), nullable=False),
        sa.Column("bytes_total", sa.BigInteger(), nullable=False),
        sa.Column("bytes_done", sa.BigInteger(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    with op.batch_alter_table("imports") as batch:
        batch.create_index("ix_imports_started_at_ms_id", ["started_at_ms", "id"])
    with op.batch_alter_table("messages") as batch:
        batch.add_column(sa.Column("imported", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch.add_column(sa.Column("undated", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch.add_column(sa.Column("web_searches", sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("messages") as batch:
        batch.drop_column("web_searches")
        batch.drop_column("undated")
        batch.drop_column("imported")
    for name in ("imports", "transcript_faults", "transcript_chunks", "transcript_files"):
        op.drop_table(name)
