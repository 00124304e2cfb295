"""The API's table of contents: what is served where, and everything its documentation says about it."""

from __future__ import annotations

from data.domain import errors as e
from orchestrator_adapter.api import answers, bodies, control, health
from orchestrator_adapter.api.http import Operation

V1 = "/api/v1"
_SUBMIT = (
    e.BodyInvalid,
    e.DescriptionInvalid,
    e.FolderRefused,
    e.ModelUnknown,
    e.RuntimeUnavailable,
    e.BodyTooLarge,
    e.CrossSite,
    e.NotAllowed,
)
_CHANGE = (e.CrossSite, e.NotAllowed)


def operations(meters: health.Meters) -> list[Operation]:
    """Every operation, in the order in which its documentation tells it."""
    return [*_server(meters), *_tasks(), *_agents(), *_prompts()]


def _server(meters: health.Meters) -> list[Operation]:
    return [
        Operation("GET", "/health", health.health, "Whether the process lives", gives=answers.HealthShape),
        Operation("GET", "/ready", health.ready, "Whether it is fit for work; 503 if not", gives=answers.ReadyShape),
        Operation("GET", "/metrics", meters.metrics, "Numbers for Prometheus"),
        Operation("GET", f"{V1}/status", health.status, "The fleet in counts", gives=answers.StatusShape),
    ]


def _tasks() -> list[Operation]:
    one, missing = f"{V1}/tasks/{{id}}", e.TaskNotFound
    body, task, many = bodies.TaskBody, answers.TaskShape, answers.TaskList
    return [
        Operation("GET", f"{V1}/tasks", control.tasks, "Tasks", bodies.TaskQuery, many, refuses=(e.CursorInvalid,)),
        Operation("POST", f"{V1}/tasks", control.submit_task, "Submit a task", body, task, 201, _SUBMIT),
        Operation(
            "POST",
            f"{V1}/tasks/estimate",
            control.estimate,
            "What a task would become and cost",
            body,
            answers.EstimateShape,
            refuses=(e.BodyInvalid, e.DescriptionInvalid),
        ),
        Operation("GET", one, control.task, "One task", gives=task, refuses=(missing,)),
        Operation(
            "DELETE",
            one,
            control.delete_task,
            "Delete a task that has ended, with its agents",
            status=204,
            refuses=(missing, e.StillRunning, *_CHANGE),
        ),
        Operation(
            "POST",
            f"{one}/cancel",
            control.cancel_task,
            "Stop a task and its agents",
            gives=task,
            refuses=(missing, e.TooLate, *_CHANGE),
        ),
        Operation(
            "GET",
            f"{one}/events",
            control.events,
            "The task's event log",
            bodies.EventQuery,
            answers.EventList,
            refuses=(missing,),
        ),
    ]


def _agents() -> list[Operation]:
    one, missing = f"{V1}/agents/{{id}}", e.AgentNotFound
    body, agent, many = bodies.AgentBody, answers.AgentShape, answers.AgentList
    return [
        Operation("GET", f"{V1}/agents", control.agents, "Agents", bodies.AgentQuery, many, refuses=(e.CursorInvalid,)),
        Operation("POST", f"{V1}/agents", control.start_agent, "Start a single agent", body, agent, 201, _SUBMIT),
        Operation("GET", one, control.agent, "One agent", gives=agent, refuses=(missing,)),
        Operation(
            "DELETE",
            one,
            control.delete_agent,
            "Take an agent that has ended off every list",
            status=204,
            refuses=(missing, e.StillRunning, *_CHANGE),
        ),
        Operation("GET", f"{one}/logs", control.logs, "Its log files", gives=answers.LogList, refuses=(missing,)),
        Operation("GET", f"{one}/logs/{{name}}", control.log, "One log file", refuses=(missing, e.RouteNotFound)),
    ]


def _prompts() -> list[Operation]:
    return [
        Operation(
            "GET",
            f"{V1}/prompts/role/{{role}}",
            control.role_prompt,
            "The system prompt of a role",
            bodies.RoleQuery,
            answers.RolePrompt,
            refuses=(e.RoleUnknown,),
        ),
        Operation(
            "GET",
            f"{V1}/prompts/preview",
            control.preview_prompts,
            "The very texts that a task's agents would be sent",
            bodies.PromptQuery,
            answers.PromptList,
            refuses=(e.DescriptionInvalid,),
        ),
    ]
