"""Rows out of the store as frozen values, and times as they lie in it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from data.domain.agents import Agent, AgentStatus, Role, Runtime
from data.domain.approvals import AnswerScope, Approval, ApprovalStatus
from data.domain.assignment import AssignedBy, Assignment
from data.domain.fleet import Priority
from data.domain.money import Tokens
from data.domain.outcomes import Outcome
from data.domain.tasks import AnalystChoice, Complexity, Task, TaskStatus, TaskType
from data.domain.workflows import Step, StepStatus, Workflow

Row = Mapping[Any, Any]


def ms(at: datetime) -> int:
    """Milliseconds since 1970 of an aware time."""
    return round(at.timestamp() * 1000)


def at(value: int) -> datetime:
    return datetime.fromtimestamp(value / 1000, UTC)


def maybe_at(value: int | None) -> datetime | None:
    return None if value is None else at(value)


def tokens(row: Row) -> Tokens:
    return Tokens(
        row["tokens_input"],
        row["tokens_output"],
        row["tokens_cache_read"],
        row["tokens_cache_write_5m"],
        row["tokens_cache_write_1h"],
    )


def token_columns(value: Tokens) -> dict[str, int]:
    return {f"tokens_{kind}": count for kind, count in value.as_dict().items()}


def step(row: Row) -> Step:
    return Step(
        key=row["key"],
        role=Role(row["role"]),
        scope=row["scope"],
        depends_on=tuple(json.loads(row["depends_on"])),
        constraints=tuple(json.loads(row["constraints"])),
        status=StepStatus(row["status"]),
        generation=row["generation"],
    )


def files_by_change(rows: Iterable[Row]) -> dict[str, list[str]]:
    """Paths by what was done to them; a file that was created is not also called modified."""
    out: dict[str, set[str]] = {}
    for row in rows:
        out.setdefault(row["change"], set()).add(row["path"])
    if "created" in out:
        out["modified"] = out.get("modified", set()) - out["created"]
    return {change: sorted(paths) for change, paths in out.items() if paths}


def task(row: Row, workflow: Workflow, files: dict[str, list[str]], analyst_nanousd: int) -> Task:
    return Task(
        id=row["id"],
        description=row["description"],
        task_type=TaskType(row["task_type"]),
        status=TaskStatus(row["status"]),
        complexity=Complexity(row["complexity"]),
        complexity_reasons=tuple(json.loads(row["complexity_reasons"])),
        analyst_choice=AnalystChoice(row["analyst_choice"]),
        analyst_included=row["analyst_included"],
        analyst_reason=row["analyst_reason"],
        workflow=workflow,
        current_step=row["current_step"],
        working_directory=row["working_directory"],
        runtime=Runtime(row["runtime"]),
        simulated=row["simulated"],
        model=row["model"],
        permission_mode=row["permission_mode"],
        created_by=row["created_by"],
        created_at=at(row["created_at_ms"]),
        started_at=maybe_at(row["started_at_ms"]),
        ended_at=maybe_at(row["ended_at_ms"]),
        archived_at=maybe_at(row["archived_at_ms"]),
        tokens=tokens(row),
        cost_nanousd=row["cost_nanousd"],
        analyst_nanousd=analyst_nanousd,
        unpriced_messages=row["unpriced_messages"],
        reported_nanousd=row["reported_nanousd"],
        tool_calls=row["tool_calls"],
        budget_nanousd=row["budget_nanousd"],
        scenario=row["scenario"],
        ai_planner=row["ai_planner"],
        result=row["result"],
        error=row["error"],
        files=files,
        run=row["run"],
        kept_nanousd=row["kept_nanousd"],
        rerun_of=row["rerun_of"],
        ask_tools=tuple(json.loads(row["ask_tools"])),
        priority=Priority(row["priority"]),
        assignment=Assignment(AssignedBy(row["analyst_by"]), row["analyst_probability"]),
        borderline=row["borderline"],
        outcome=outcome(row),
        seen_by=row["seen_by"],
    )


def outcome(row: Row) -> Outcome:
    return Outcome(
        tests_passed=row["tests_passed"],
        review_passed=row["review_passed"],
        score=row["score"],
        note=row["outcome_note"] or "",
        merged=row["merged"],
        reworked=row["reworked"],
        rework_task=row["rework_task"],
        set_by=json.loads(row["outcome_set_by"]),
    )


def approval(row: Row) -> Approval:
    return Approval(
        id=row["id"],
        task_id=row["task_id"],
        agent_id=row["agent_id"],
        tool=row["tool"],
        words=row["words"],
        input_blob=row["input_blob"],
        why=row["why"],
        status=ApprovalStatus(row["status"]),
        asked_at=at(row["asked_at_ms"]),
        expires_at=at(row["expires_at_ms"]),
        scope=None if row["scope"] is None else AnswerScope(row["scope"]),
        reason=row["reason"],
        answered_by=row["answered_by"],
        answered_at=maybe_at(row["answered_at_ms"]),
    )


def agent(row: Row, files: dict[str, list[str]]) -> Agent:
    return Agent(
        id=row["id"],
        task_id=row["task_id"],
        step=row["step"],
        role=Role(row["role"]),
        name=row["name"],
        model=row["model"],
        status=AgentStatus(row["status"]),
        activity=row["activity"],
        runtime=Runtime(row["runtime"]),
        simulated=row["simulated"],
        created_at=at(row["created_at_ms"]),
        started_at=maybe_at(row["started_at_ms"]),
        ended_at=maybe_at(row["ended_at_ms"]),
        tokens=tokens(row),
        cost_nanousd=row["cost_nanousd"],
        unpriced_messages=row["unpriced_messages"],
        reported_nanousd=row["reported_nanousd"],
        transcript_nanousd=row["transcript_nanousd"],
        context_used=row["context_used"],
        context_window=row["context_window"],
        tool_calls=row["tool_calls"],
        files=files,
        error=row["error"],
        session_id=row["session_id"],
        log_dir=row["log_dir"],
        retry_at=maybe_at(row["retry_at_ms"]),
        tool_since=maybe_at(row["tool_since_ms"]),
        result=row["result"],
    )
