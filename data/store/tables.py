"""The tables of the store, the same on SQLite and PostgreSQL."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


_Serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_Id = sa.String(64)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, server_default="0")


def _tokens() -> list[sa.Column[int]]:
    return [
        _count("tokens_input"),
        _count("tokens_output"),
        _count("tokens_cache_read"),
        _count("tokens_cache_write_5m"),
        _count("tokens_cache_write_1h"),
    ]


def _money() -> list[sa.Column[int]]:
    return [*_tokens(), _count("cost_nanousd"), _count("unpriced_messages"), _count("tool_calls")]


events = sa.Table(
    "events",
    metadata,
    sa.Column("id", _Serial, primary_key=True, autoincrement=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
    sa.Column("task_id", _Id, nullable=False),
    sa.Column("agent_id", _Id),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Index("ix_events_task_id_id", "task_id", "id"),
    sa.Index("ix_events_agent_id_id", "agent_id", "id"),
    sa.Index("ix_events_kind_id", "kind", "id"),
    # ids are the clock: without AUTOINCREMENT SQLite would give a deleted id again
    sqlite_autoincrement=True,
)

tasks = sa.Table(
    "tasks",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("rev", sa.BigInteger, nullable=False, index=True),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("task_type", sa.String(40), nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("complexity", sa.String(20), nullable=False),
    sa.Column("complexity_reasons", sa.Text, nullable=False),
    sa.Column("analyst_choice", sa.String(10), nullable=False),
    sa.Column("analyst_included", sa.Boolean, nullable=False),
    sa.Column("analyst_reason", sa.Text, nullable=False),
    sa.Column("current_step", sa.String(80)),
    sa.Column("working_directory", sa.Text, nullable=False),
    sa.Column("runtime", sa.String(20), nullable=False),
    sa.Column("simulated", sa.Boolean, nullable=False),
    sa.Column("model", sa.String(120)),
    sa.Column("permission_mode", sa.String(40), nullable=False),
    sa.Column("scenario", sa.String(80)),
    sa.Column("ai_planner", sa.Boolean, nullable=False),
    sa.Column("budget_nanousd", sa.BigInteger),
    sa.Column("created_by", sa.String(200), nullable=False),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    sa.Column("started_at_ms", sa.BigInteger),
    sa.Column("ended_at_ms", sa.BigInteger),
    sa.Column("archived_at_ms", sa.BigInteger),
    sa.Column("deleted_at_ms", sa.BigInteger),
    *_money(),
    sa.Column("reported_nanousd", sa.BigInteger),
    sa.Column("result", sa.Text),
    sa.Column("error", sa.Text),
    sa.Column("run", sa.Integer, nullable=False, server_default="1"),
    _count("kept_nanousd"),
    sa.Column("rerun_of", _Id),
    sa.Column("ask_tools", sa.Text, nullable=False, server_default="[]"),
    sa.Column("priority", sa.String(10), nullable=False, server_default="normal"),
    sa.Column("analyst_by", sa.String(10), nullable=False, server_default="nobody"),
    sa.Column("analyst_probability", sa.Float),
    sa.Column("borderline", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("tests_passed", sa.Boolean),
    sa.Column("review_passed", sa.Boolean),
    sa.Column("score", sa.Integer),
    sa.Column("outcome_note", sa.Text),
    sa.Column("merged", sa.Boolean),
    sa.Column("reworked", sa.Boolean),
    sa.Column("rework_task", _Id),
    sa.Column("outcome_set_by", sa.Text, nullable=False, server_default="{}"),
    sa.Column("good", sa.Boolean),
    sa.Column("seen_by", sa.String(200)),
    sa.Index("ix_tasks_created_at_ms_id", "created_at_ms", "id"),
    sa.Index("ix_tasks_status", "status"),
)

steps = sa.Table(
    "steps",
    metadata,
    sa.Column("task_id", _Id, primary_key=True),
    sa.Column("key", sa.String(80), primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("depends_on", sa.Text, nullable=False),
    sa.Column("constraints", sa.Text, nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("generation", sa.Integer, nullable=False, server_default="1"),
    sa.Column("started_at_ms", sa.BigInteger),
    sa.Column("ended_at_ms", sa.BigInteger),
)

agents = sa.Table(
    "agents",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("rev", sa.BigInteger, nullable=False, index=True),
    sa.Column("task_id", _Id, nullable=False, index=True),
    sa.Column("step", sa.String(80), nullable=False),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("model", sa.String(120), nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("activity", sa.Text, nullable=False),
    sa.Column("runtime", sa.String(20), nullable=False),
    sa.Column("simulated", sa.Boolean, nullable=False),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    sa.Column("started_at_ms", sa.BigInteger),
    sa.Column("ended_at_ms", sa.BigInteger),
    *_money(),
    sa.Column("reported_nanousd", sa.BigInteger),
    sa.Column("reported_last_nanousd", sa.BigInteger),
    sa.Column("transcript_nanousd", sa.BigInteger),
    _count("context_used"),
    sa.Column("context_window", sa.BigInteger),
    sa.Column("session_id", sa.String(80), index=True),
    sa.Column("log_dir", sa.Text),
    sa.Column("retry_at_ms", sa.BigInteger),
    sa.Column("tool_since_ms", sa.BigInteger),
    sa.Column("result", sa.Text),
    sa.Column("error", sa.Text),
    sa.Index("ix_agents_created_at_ms_id", "created_at_ms", "id"),
    sa.Index("ix_agents_status", "status"),
)

messages = sa.Table(
    "messages",
    metadata,
    sa.Column("message_id", sa.String(120), primary_key=True),
    sa.Column("request_id", sa.String(120), primary_key=True, index=True),
    sa.Column("task_id", _Id, nullable=False, index=True),
    sa.Column("agent_id", _Id, nullable=False, index=True),
    sa.Column("model", sa.String(120), nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
    *_tokens(),
    sa.Column("cost_nanousd", sa.BigInteger),
    sa.Column("simulated", sa.Boolean, nullable=False),
    sa.Column("subagent", sa.Boolean, nullable=False),
    sa.Column("imported", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("undated", sa.Boolean, nullable=False, server_default=sa.false()),
    _count("web_searches"),
    # of the event that wrote the row last; without a default, so that a write that forgets it fails
    sa.Column("rev", sa.BigInteger, nullable=False, index=True),
)

messages_gone = sa.Table(
    "messages_gone",
    metadata,
    sa.Column("rev", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("message_id", sa.String(120), primary_key=True),
    sa.Column("request_id", sa.String(120), primary_key=True),
)

files = sa.Table(
    "files",
    metadata,
    sa.Column("agent_id", _Id, primary_key=True),
    sa.Column("path", sa.Text, primary_key=True),
    sa.Column("change", sa.String(10), primary_key=True),
    sa.Column("task_id", _Id, nullable=False, index=True),
    _count("added"),
    _count("removed"),
    sa.Column("at_ms", sa.BigInteger),
    sa.Column("lines", sa.BigInteger),
    sa.Column("found", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("before_blob", sa.String(64)),
    sa.Column("after_blob", sa.String(64)),
    sa.Column("before_size", sa.BigInteger),
    sa.Column("after_size", sa.BigInteger),
    sa.Column("withheld", sa.Text),
    sa.Column("changed_ms", sa.BigInteger),
    sa.Column("shared", sa.Text, nullable=False, server_default="[]"),
    sa.Index("ix_files_path", "path"),
)

step_runs = sa.Table(
    "step_runs",
    metadata,
    sa.Column("run_id", sa.String(200), primary_key=True),
    sa.Column("task_id", _Id, nullable=False, index=True),
    sa.Column("step", sa.String(80), nullable=False),
    sa.Column("agent_id", _Id, nullable=False),
    sa.Column("session_id", sa.String(80)),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("started_at_ms", sa.BigInteger, nullable=False),
    sa.Column("finished_at_ms", sa.BigInteger),
    sa.Column("outcome", sa.Text),
    _count("reserved_nanousd"),
    sa.Column("owner", sa.String(120)),
    sa.Column("retries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("spared", sa.Integer, nullable=False, server_default="0"),
)

workers = sa.Table(
    "workers",
    metadata,
    sa.Column("id", sa.String(120), primary_key=True),
    sa.Column("host", sa.String(200), nullable=False),
    sa.Column("pid", sa.BigInteger, nullable=False),
    sa.Column("pages", sa.Boolean, nullable=False),
    sa.Column("max_agents", sa.Integer, nullable=False),
    sa.Column("started_at_ms", sa.BigInteger, nullable=False),
    sa.Column("beat_at_ms", sa.BigInteger, nullable=False),
    sa.Column("ended_at_ms", sa.BigInteger),
    sa.Column("lost_at_ms", sa.BigInteger),
)

attachments = sa.Table(
    "attachments",
    metadata,
    sa.Column("task_id", _Id, primary_key=True),
    sa.Column("host", sa.String(200), nullable=False),
    sa.Column("pid", sa.BigInteger, nullable=False),
    sa.Column("born_ms", sa.BigInteger, nullable=False),
    sa.Column("beat_at_ms", sa.BigInteger, nullable=False),
    sa.Column("ended_at_ms", sa.BigInteger),
)

fleet_settings = sa.Table(
    "fleet_settings",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("rev", sa.BigInteger, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("changed_by", sa.String(200), nullable=False),
    sa.Column("changed_at_ms", sa.BigInteger, nullable=False),
)

preferences = sa.Table(
    "preferences",
    metadata,
    sa.Column("person", sa.String(200), primary_key=True),
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("rev", sa.BigInteger, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("changed_at_ms", sa.BigInteger, nullable=False),
)

alerts = sa.Table(
    "alerts",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("rev", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("status", sa.String(20), nullable=False, index=True),
    sa.Column("task_id", _Id),
    sa.Column("agent_id", _Id, index=True),
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("raised_at_ms", sa.BigInteger, nullable=False),
    sa.Column("until_ms", sa.BigInteger),
    sa.Column("answered_by", sa.String(200)),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("verdict", sa.Boolean),
    sa.Column("judged_by", sa.String(200)),
    sa.Column("rule_id", _Id),
    sa.Column("subject", sa.Text),
    sa.Column("bucket_ms", sa.BigInteger),
    sa.Index("ix_alerts_raised_at_ms_id", "raised_at_ms", "id"),
    sa.Index("ix_alerts_rule_id_bucket_ms", "rule_id", "bucket_ms"),
)

budgets = sa.Table(
    "budgets",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("rev", sa.BigInteger, nullable=False),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("scope", sa.String(20), nullable=False),
    sa.Column("period", sa.String(20), nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("limit_nanousd", sa.BigInteger),
    sa.Column("limit_tokens", sa.BigInteger),
    sa.Column("stages", sa.Text, nullable=False),
    sa.Column("cheaper_model", sa.String(120), nullable=False),
    sa.Column("simulated", sa.Boolean, nullable=False),
    sa.Column("removed_at_ms", sa.BigInteger),
)

budget_stages = sa.Table(
    "budget_stages",
    metadata,
    sa.Column("budget_id", _Id, primary_key=True),
    sa.Column("period_ms", sa.BigInteger, primary_key=True),
    sa.Column("percent", sa.Integer, primary_key=True),
    sa.Column("subject", _Id, primary_key=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
)

approvals = sa.Table(
    "approvals",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("rev", sa.BigInteger, nullable=False),
    sa.Column("task_id", _Id, nullable=False, index=True),
    sa.Column("agent_id", _Id, nullable=False),
    sa.Column("tool", sa.String(120), nullable=False),
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("input_blob", sa.String(64), nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("status", sa.String(20), nullable=False, index=True),
    sa.Column("scope", sa.String(10)),
    sa.Column("reason", sa.Text),
    sa.Column("answered_by", sa.String(200)),
    sa.Column("asked_at_ms", sa.BigInteger, nullable=False),
    sa.Column("expires_at_ms", sa.BigInteger, nullable=False),
    sa.Column("answered_at_ms", sa.BigInteger),
    sa.Column("used_at_ms", sa.BigInteger),
)

observed_sessions = sa.Table(
    "observed_sessions",
    metadata,
    sa.Column("id", sa.String(200), primary_key=True),
    sa.Column("task_id", _Id, nullable=False),
    sa.Column("life", sa.Integer, nullable=False, server_default="1"),
    sa.Column("ours", sa.Boolean, nullable=False),
    sa.Column("described", sa.Boolean, nullable=False),
    sa.Column("hooked", sa.Boolean, nullable=False),
    sa.Column("transcript", sa.Text, nullable=False),
    sa.Column("read_to", sa.Text, nullable=False),
    _count("told_nanousd"),
    _count("metered_nanousd"),
    sa.Column("series", sa.Text, nullable=False, server_default="{}"),
    sa.Column("heard_at_ms", sa.BigInteger, nullable=False),
    sa.Column("ended", sa.Boolean, nullable=False),
    sa.Index("ix_observed_sessions_ended_heard_at_ms", "ended", "heard_at_ms"),
)

received_requests = sa.Table(
    "received_requests",
    metadata,
    sa.Column("mark", sa.String(32), primary_key=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False, index=True),
)

received = sa.Table(
    "received",
    metadata,
    sa.Column("source", sa.String(20), primary_key=True),
    sa.Column("name", sa.String(120), primary_key=True),
    _count("number"),
    sa.Column("last_at_ms", sa.BigInteger, nullable=False),
)

blobs = sa.Table(
    "blobs",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
)
