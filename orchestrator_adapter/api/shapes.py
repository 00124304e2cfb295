"""Values as the plain JSON that the API gives: dollars as numbers, times with offset, ids as text."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from data.domain import words
from data.domain.agents import Agent, FileChange
from data.domain.alerts import Alert
from data.domain.approvals import Approval
from data.domain.assignment import Assignment
from data.domain.budgets import Scope, begins
from data.domain.money import to_usd
from data.domain.outcomes import FIELDS
from data.domain.tasks import Task
from data.domain.waiting import Share, Waiting
from data.store import Recorded
from data.store.board import Fleet
from data.store.settings import FleetSettings
from data.store.spending import Usage
from data.store.workers import Worker

Json = dict[str, Any]


def _usd(nanousd: int | None) -> float | None:
    return None if nanousd is None else to_usd(nanousd)


def _cost(nanousd: int, unpriced: int) -> float | None:
    """None where nothing at all could be priced: that is not the same as free."""
    return None if unpriced and not nanousd else to_usd(nanousd)


def _seconds(started: datetime | None, ended: datetime | None) -> float | None:
    return None if started is None or ended is None else round((ended - started).total_seconds(), 3)


def task(value: Task) -> Json:
    return {
        "id": value.id,
        "description": value.description,
        "task_type": value.task_type,
        "status": value.status,
        "complexity": value.complexity,
        "complexity_reasons": value.complexity_reasons,
        "analyst": {
            "included": value.analyst_included,
            "reason": value.analyst_why,
            "cost_usd": to_usd(value.analyst_nanousd),
        },
        "assignment": assignment(value.assignment, value.borderline),
        "outcome": outcome(value),
        "workflow": [
            {"key": s.key, "role": s.role, "depends_on": s.depends_on, "status": s.status, "generation": s.generation}
            for s in value.workflow
        ],
        "current_step": value.current_step,
        "working_directory": value.working_directory,
        "runtime": value.runtime,
        "simulated": value.simulated,
        "model": value.model,
        "permission_mode": value.permission_mode,
        "scenario": value.scenario,
        "ai_planner": value.ai_planner,
        "ask_tools": value.ask_tools,
        "priority": value.priority,
        "run": value.run,
        "kept_usd": to_usd(value.kept_nanousd),
        "rerun_of": value.rerun_of,
        "cost_usd": _cost(value.cost_nanousd, value.unpriced_messages),
        "reported_cost_usd": _usd(value.reported_nanousd),
        "unpriced_messages": value.unpriced_messages,
        "tokens": value.tokens.as_dict(),
        "tool_calls": value.tool_calls,
        "files": _files(value.files),
        "budget_usd": _usd(value.budget_nanousd),
        "result": value.result,
        "error": value.error,
        "created_by": value.created_by,
        "created_at": value.created_at,
        "started_at": value.started_at,
        "ended_at": value.ended_at,
        "duration_s": _seconds(value.started_at, value.ended_at),
        "archived_at": value.archived_at,
        "seen_by": value.seen_by,
    }


def assignment(value: Assignment, borderline: bool) -> Json:
    return {"by": value.by, "probability": value.probability, "borderline": borderline}


def outcome(value: Task) -> Json:
    found = value.outcome
    said = {name: getattr(found, name) for name in FIELDS}
    return said | {"good": value.good, "set_by": found.set_by}


def agent(value: Agent) -> Json:
    return {
        "id": value.id,
        "task_id": value.task_id,
        "step": value.step,
        "role": value.role,
        "name": value.name,
        "model": value.model,
        "status": value.status,
        "activity": value.activity,
        "runtime": value.runtime,
        "simulated": value.simulated,
        "cost_usd": _cost(value.cost_nanousd, value.unpriced_messages),
        "reported_cost_usd": _usd(value.reported_nanousd),
        "transcript_cost_usd": _usd(value.transcript_nanousd),
        "unpriced_messages": value.unpriced_messages,
        "tokens": value.tokens.as_dict(),
        "context": {"used": value.context_used, "window": value.context_window},
        "tool_calls": value.tool_calls,
        "files": _files(value.files),
        "created_at": value.created_at,
        "started_at": value.started_at,
        "ended_at": value.ended_at,
        "duration_s": _seconds(value.started_at, value.ended_at),
        "retry_at": value.retry_at,
        "result": value.result,
        "error": value.error,
        "session_id": value.session_id,
    }


def _files(files: dict[str, list[str]]) -> dict[str, list[str]]:
    return {change.value: files.get(change.value, []) for change in FileChange}


def recorded(entry: Recorded) -> Json:
    """A line of the log; its id is the clock."""
    body = entry.event.model_dump(mode="json", exclude={"kind", "task_id", "agent_id"})
    for name in [name for name in body if name.endswith("_nanousd")]:
        body[name.removesuffix("_nanousd") + "_usd"] = _usd(body.pop(name))
    return {
        "id": str(entry.id),
        "at": entry.at,
        "kind": entry.event.kind,
        "task_id": entry.event.task_id,
        "agent_id": getattr(entry.event, "agent_id", None),
        "data": body,
    }


def spend(fleet: Fleet) -> Json:
    """What today cost; simulated money stands apart."""
    return {
        "cost_usd": _cost(fleet.today_nanousd, fleet.today_unpriced),
        "tokens": fleet.today_tokens.as_dict(),
        "unpriced_messages": fleet.today_unpriced,
        "simulated_cost_usd": to_usd(fleet.simulated_today_nanousd),
    }


def approval(value: Approval, given: object) -> Json:
    """A question to a person, with the input of the tool call."""
    return {
        "id": value.id,
        "task_id": value.task_id,
        "agent_id": value.agent_id,
        "tool": value.tool,
        "words": value.words,
        "input": given,
        "why": value.why,
        "status": value.status,
        "scope": value.scope,
        "reason": value.reason,
        "answered_by": value.answered_by,
        "asked_at": value.asked_at,
        "expires_at": value.expires_at,
        "answered_at": value.answered_at,
    }


def waiting(value: Waiting) -> Json:
    """One place in the queue, or what stands beside it."""
    return {
        "position": value.position,
        "task_id": value.task_id,
        "title": words.title(value.description),
        "step": value.step,
        "role": value.role,
        "priority": value.priority,
        "created_by": value.user,
        "runtime": value.runtime,
        "since": value.since,
        "reason": value.reason,
        "words": value.words,
    }


def share(value: Share) -> Json:
    return {"name": value.name, "taken": value.taken, "most": value.most}


def worker(value: Worker) -> Json:
    return {
        "id": value.id,
        "host": value.host,
        "pid": value.pid,
        "pages": value.pages,
        "state": value.state,
        "agents": value.agents,
        "max_agents": value.max_agents,
        "started_at": value.started_at,
        "heard_at": value.beat_at,
    }


def fleet_settings(value: FleetSettings) -> Json:
    return {
        "limits": asdict(value.limits),
        "retries": asdict(value.retries),
        "patience": asdict(value.patience),
        "cleanup": asdict(value.cleanup),
        "lottery": asdict(value.lottery),
        "changed": {name: {"by": last.by, "at": last.at} for name, last in value.changed.items()},
    }


def alert(value: Alert) -> Json:
    return {
        "id": value.id,
        "kind": value.kind,
        "status": value.status,
        "words": value.words,
        "evidence": value.evidence,
        "task_id": value.task_id,
        "agent_id": value.agent_id,
        "raised_at": value.raised_at,
        "until": value.until,
        "answered_by": value.answered_by,
        "note": value.note,
        "right": value.right,
        "judged_by": value.judged_by,
        "rule_id": value.rule_id or None,
    }


def budget(usage: Usage, now: datetime) -> Json:
    """A budget with what was used of it; one of single agents has no sum."""
    value, spent = usage.budget, usage.spent
    summed = value.scope is not Scope.AGENT
    return {
        "id": value.id,
        "name": value.name,
        "scope": value.scope,
        "subject": value.subject,
        "period": value.period,
        "limit_usd": _usd(value.limit_nanousd),
        "limit_tokens": value.limit_tokens,
        "stages": [{"percent": stage.percent, "act": stage.act} for stage in value.stages],
        "cheaper_model": value.cheaper_model,
        "simulated": value.simulated,
        "spent_usd": to_usd(spent.nanousd) if summed else None,
        "spent_tokens": spent.tokens if summed else None,
        "reserved_usd": to_usd(usage.reserved_nanousd) if summed else None,
        "percent_used": round(spent.percent(value), 2) if summed else None,
        "period_started_at": begins(value.period, now),
    }
