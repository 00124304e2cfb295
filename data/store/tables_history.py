"""The tables of what was read in from elsewhere: transcripts, their content, and the imports that read them."""

from __future__ import annotations

import sqlalchemy as sa

from data.store.tables import metadata

_Id = sa.String(64)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


transcript_files = sa.Table(
    "transcript_files",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("agent_id", _Id, nullable=False, index=True),
    sa.Column("task_id", _Id, nullable=False, index=True),
    sa.Column("session_id", sa.String(120), nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("path_key", _Id, nullable=False, index=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    _number("offset"),
    _number("lines"),
    _number("faults"),
    _number("undated"),
    _number("waiting"),
    _number("mtime_ns"),
    sa.Column("head_sha256", _Id, nullable=False),
    sa.Column("tail_sha256", _Id, nullable=False),
    sa.Column("parent_agent_id", _Id),
    sa.Column("tool_use_id", sa.String(120)),
    sa.Column("agent_type", sa.String(120), nullable=False),
    sa.Column("depth", sa.Integer, nullable=False),
    sa.Column("forked_from", _Id),
    sa.Column("cli_version", sa.String(40), nullable=False),
    sa.Column("git_branch", sa.String(200), nullable=False),
    _number("read_at_ms"),
)

transcript_chunks = sa.Table(
    "transcript_chunks",
    metadata,
    sa.Column("file_id", _Id, primary_key=True),
    sa.Column("first_line", sa.BigInteger, primary_key=True),
    _number("lines"),
    _number("start"),
    _number("size"),
    sa.Column("sha256", _Id, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

transcript_faults = sa.Table(
    "transcript_faults",
    metadata,
    sa.Column("file_id", _Id, primary_key=True),
    sa.Column("line", sa.BigInteger, primary_key=True),
    _number("offset"),
    sa.Column("why", sa.Text, nullable=False),
)

imports = sa.Table(
    "imports",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("rev", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("folder", sa.Text, nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("started_by", sa.String(200), nullable=False),
    _number("started_at_ms"),
    _number("heard_at_ms"),
    sa.Column("ended_at_ms", sa.BigInteger),
    _number("files_total"),
    _number("files_done"),
    _number("bytes_total"),
    _number("bytes_done"),
    sa.Column("report", sa.Text, nullable=False),
    sa.Column("error", sa.Text),
    sa.Index("ix_imports_started_at_ms_id", "started_at_ms", "id"),
)
