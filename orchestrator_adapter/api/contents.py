"""The API's table of contents: what is served where, and everything its documentation says about it."""

from __future__ import annotations

from data.domain import errors as e
from orchestrator_adapter.api import (
    adhoc,
    alert_rules,
    alerts,
    answers,
    approvals,
    batch,
    bodies,
    budget_outlook,
    budgets,
    channels,
    connect,
    control,
    conversation,
    conversation_shapes,
    estimates,
    exports,
    figures,
    files,
    fleet,
    fleet_answers,
    fleet_bodies,
    frontier,
    health,
    history,
    history_shapes,
    home,
    invoices,
    log_contents,
    measure,
    outcomes,
    performance,
    replay,
    roi,
    search,
    trends,
    what_if,
)
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
    return [
        *_server(meters),
        *_search(),
        *_tasks(),
        *estimates.operations(V1),
        *what_if.operations(V1),
        *_orders(),
        *outcomes.operations(V1, _CHANGE),
        *_batch(),
        *_fleet(),
        *home.operations(V1, _CHANGE),
        *_agents(),
        *files.operations(),
        *replay.operations(V1),
        *log_contents.operations(V1, _CHANGE),
        *_approvals(),
        *alert_rules.operations(V1, _CHANGE),
        *channels.operations(V1, _CHANGE),
        *alerts.operations(V1, _CHANGE),
        *_budgets(),
        *budget_outlook.operations(V1),
        *_history(),
        *_prompts(),
        *measure.operations(V1),
        *invoices.operations(V1, _CHANGE),
        *performance.operations(V1),
        *trends.operations(V1),
        *frontier.operations(V1),
        *figures.operations(V1),
        *exports.operations(V1),
        *adhoc.operations(V1),
        *roi.operations(V1),
        *connect.operations(V1),
    ]


def _server(meters: health.Meters) -> list[Operation]:
    return [
        Operation("GET", "/health", health.health, "Whether the process lives", gives=answers.HealthShape),
        Operation("GET", "/ready", health.ready, "Whether it is fit for work; 503 if not", gives=answers.ReadyShape),
        Operation("GET", "/metrics", meters.metrics, "Numbers for Prometheus"),
        Operation("GET", f"{V1}/status", health.status, "The fleet in counts", gives=fleet_answers.StatusShape),
    ]


def _search() -> list[Operation]:
    return [
        Operation(
            "GET",
            f"{V1}/search",
            search.search,
            "Full text of tasks, conversations, tools, files and logs",
            search.SearchQuery,
            search.SearchShape,
            refuses=(e.CursorInvalid,),
        )
    ]


def _tasks() -> list[Operation]:
    one, missing = f"{V1}/tasks/{{id}}", e.TaskNotFound
    body, task, many = bodies.TaskBody, answers.TaskShape, answers.TaskList
    return [
        Operation("GET", f"{V1}/tasks", control.tasks, "Tasks", bodies.TaskQuery, many, refuses=(e.CursorInvalid,)),
        Operation("POST", f"{V1}/tasks", control.submit_task, "Submit a task", body, task, 201, _SUBMIT),
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
            "GET",
            f"{one}/events",
            control.events,
            "The task's event log",
            bodies.EventQuery,
            answers.EventList,
            refuses=(missing,),
        ),
    ]


def _orders() -> list[Operation]:
    one, task = f"{V1}/tasks/{{id}}", answers.TaskShape
    late = (e.TaskNotFound, e.TooLate, *_CHANGE)
    sent = (e.BodyInvalid, *late)
    return [
        Operation("POST", f"{one}/cancel", control.cancel_task, "Stop a task and its agents", gives=task, refuses=late),
        Operation(
            "POST",
            f"{one}/pause",
            control.pause_task,
            "Start no further step; agents at work finish theirs, or are stopped",
            bodies.PauseBody,
            task,
            refuses=sent,
        ),
        Operation(
            "POST",
            f"{one}/resume",
            control.resume_task,
            "Let a paused, failed or cancelled task go on; completed steps are kept and not paid for again",
            bodies.ResumeBody,
            task,
            refuses=(e.StillRunning, *sent),
        ),
        Operation(
            "POST",
            f"{one}/rerun",
            control.rerun_task,
            "The same task once more, as a new one",
            gives=task,
            status=201,
            refuses=(e.TaskNotFound, e.FolderRefused, e.ModelUnknown, e.RuntimeUnavailable, *_CHANGE),
        ),
    ]


def _batch() -> list[Operation]:
    return [
        Operation(
            "POST",
            f"{V1}/tasks/batch",
            batch.order_tasks,
            "One order for many tasks; each is obeyed or refused by itself",
            bodies.TaskOrderBody,
            answers.OutcomeList,
            refuses=(e.BodyInvalid, *_CHANGE),
        ),
        Operation(
            "POST",
            f"{V1}/agents/batch",
            batch.order_agents,
            "One order for many agents; each is obeyed or refused by itself",
            bodies.AgentOrderBody,
            answers.OutcomeList,
            refuses=(e.BodyInvalid, *_CHANGE),
        ),
    ]


def _fleet() -> list[Operation]:
    every, shape = f"{V1}/fleet/settings", fleet_answers.FleetSettingsShape
    return [
        Operation(
            "GET",
            f"{V1}/queue",
            fleet.queue,
            "What waits for a free place, the first in order first, and why",
            fleet_bodies.QueueQuery,
            fleet_answers.QueueShape,
        ),
        Operation(
            "POST",
            f"{V1}/tasks/{{id}}/priority",
            fleet.prioritize_task,
            "Change how soon a task gets a free place",
            fleet_bodies.PriorityBody,
            answers.TaskShape,
            refuses=(e.TaskNotFound, e.TooLate, e.RuntimeUnavailable, e.BodyInvalid, *_CHANGE),
        ),
        Operation("GET", every, fleet.settings, "Limits, retries, patience, clean-up; who changed them", gives=shape),
        Operation(
            "PATCH",
            every,
            fleet.change_settings,
            "Change what is sent; the rest stays, and everything if one number is refused",
            fleet_bodies.FleetBody,
            shape,
            refuses=(e.BodyInvalid, *_CHANGE),
        ),
    ]


def _approvals() -> list[Operation]:
    every, one = f"{V1}/approvals", f"{V1}/approvals/{{id}}"
    shape, missing = answers.ApprovalShape, e.ApprovalNotFound
    refuses = (missing, e.TooLate, e.BodyInvalid, *_CHANGE)
    return [
        Operation(
            "GET",
            every,
            approvals.approvals,
            "Tool calls that wait for a person, or were answered",
            bodies.ApprovalQuery,
            answers.ApprovalList,
            refuses=(e.CursorInvalid,),
        ),
        Operation("GET", one, approvals.approval, "One of them", gives=shape, refuses=(missing,)),
        Operation(
            "POST", one, approvals.answer_approval, "Allow or deny it", bodies.AnswerBody, shape, refuses=refuses
        ),
        Operation(
            "POST",
            every,
            approvals.answer_named_approval,
            "Allow or deny the one that the body names",
            bodies.NamedAnswerBody,
            shape,
            refuses=refuses,
        ),
    ]


def _budgets() -> list[Operation]:
    every, missing = f"{V1}/budgets", e.BudgetNotFound
    refuses = (missing, e.BudgetInvalid, e.ModelUnknown, e.BodyInvalid, *_CHANGE)
    return [
        Operation("GET", every, budgets.budgets, "Budgets and what is used of them", gives=answers.BudgetList),
        Operation(
            "POST",
            every,
            budgets.set_budget,
            "Make a budget, or with its id change one",
            bodies.BudgetBody,
            answers.BudgetShape,
            201,
            refuses,
        ),
        Operation(
            "GET",
            f"{every}/history",
            budgets.history,
            "Who made, changed and removed budgets, and which stages were reached",
            bodies.HistoryQuery,
            answers.BudgetHistory,
        ),
        Operation(
            "DELETE",
            f"{every}/{{id}}",
            budgets.remove_budget,
            "Take a budget away; its history stays",
            status=204,
            refuses=(missing, *_CHANGE),
        ),
    ]


def _history() -> list[Operation]:
    every, watched, shape = f"{V1}/imports", f"{V1}/imports/watching", history_shapes.ImportShape
    refuses = (e.HistoryFolderInvalid, e.BodyInvalid, *_CHANGE)
    return [
        Operation("GET", every, history.imports, "The last imports, newest first", gives=history_shapes.ImportList),
        Operation(
            "POST",
            every,
            history.begin,
            "Read transcripts of Claude Code in, in the background",
            history_shapes.ImportBody,
            shape,
            202,
            (e.ImportRunning, *refuses),
        ),
        Operation("GET", watched, history.watching, "What is read in by itself", gives=history_shapes.WatchingShape),
        Operation(
            "POST",
            watched,
            history.watch,
            "Read in by itself what is added to a folder, or stop doing so",
            history_shapes.WatchingBody,
            history_shapes.WatchingShape,
            refuses=refuses,
        ),
        Operation(
            "GET",
            f"{every}/{{id}}",
            history.imported,
            "How far an import is, and what it found",
            gives=shape,
            refuses=(e.ImportNotFound,),
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
        Operation(
            "POST",
            f"{one}/message",
            control.tell_agent,
            "Interrupt it with a message; it goes on with that in its session",
            bodies.MessageBody,
            agent,
            202,
            (missing, e.TooLate, e.RuntimeUnavailable, e.BodyInvalid, *_CHANGE),
        ),
        Operation(
            "GET",
            f"{one}/conversation",
            conversation.read,
            "What it was sent, said, thought and called; any stretch of it, what is new, or all of it as Markdown",
            conversation_shapes.ConversationQuery,
            conversation_shapes.ConversationShape,
            refuses=(missing, e.MessageNotFound, e.CursorInvalid),
        ),
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
