"""What the API's table of contents has about logs."""

from __future__ import annotations

from data.domain import errors as e
from orchestrator_adapter.api import agent_logs, answers, log_bodies
from orchestrator_adapter.api.http import Operation


def operations(v1: str, change: tuple[type[e.FleetError], ...]) -> list[Operation]:
    one, missing = f"{v1}/agents/{{id}}", e.AgentNotFound
    return [
        Operation("GET", f"{one}/logs", agent_logs.logs, "Its log files", gives=answers.LogList, refuses=(missing,)),
        Operation(
            "GET",
            f"{one}/logs/tools",
            agent_logs.actions,
            "What it did: its tool calls with their outcome, or every action",
            log_bodies.LogActionQuery,
            log_bodies.LogActionList,
            refuses=(missing,),
        ),
        Operation(
            "GET",
            f"{one}/logs/{{name}}",
            agent_logs.log,
            "One log file, or a stretch of it",
            log_bodies.LogFileQuery,
            refuses=(missing, e.RouteNotFound),
        ),
        Operation(
            "GET",
            f"{one}/diagnosis",
            agent_logs.agent_diagnosis,
            "What went wrong with it, and what brought that about; empty if nothing did",
            gives=log_bodies.DiagnosisList,
            refuses=(missing,),
        ),
        Operation(
            "GET",
            f"{v1}/tasks/{{id}}/diagnosis",
            agent_logs.task_diagnosis,
            "Why its agents failed, the first of them first",
            gives=log_bodies.DiagnosisList,
            refuses=(e.TaskNotFound,),
        ),
        Operation(
            "POST",
            f"{v1}/imports/logs",
            agent_logs.import_logs,
            "Take in the agent log folders below a path; what was taken in before is not taken in again",
            log_bodies.LogImportBody,
            log_bodies.LogImportShape,
            refuses=(e.FolderRefused, e.BodyInvalid, *change),
        ),
    ]
