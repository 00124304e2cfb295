"""What the live parts of the pages show, as elements by id: texts are ready to be shown, times tick in the browser."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from data.domain import words
from data.domain.agents import Agent, AgentStatus, FileChange
from data.domain.alerts import Alert
from data.domain.assignment import DECIDERS, AssignedBy
from data.domain.errors import TaskNotFound
from data.domain.money import to_usd
from data.domain.tasks import Task
from data.domain.waiting import Queue, Reason, ordinal
from data.store import AgentFilter, Board
from data.store.board import Fleet
from data.store.story import Crew, StepTimes
from orchestrator_adapter.views import attention, happenings

Element = dict[str, Any]
Elements = dict[str, Element]

LINGER = timedelta(minutes=2)
"""How long an ended task stays on the fleet page."""
MOST_AGENTS = 200
MOST_TASKS = 50
WITH_ALL_AGENTS = 10
"""Tasks whose ended agents are shown too; of the others only the live ones are."""
WHEN_QUIET = 8
STREAMING = ("thinking", "writing the answer")
"""Activities in which the model's reply comes in."""
LINES = 60
_FAR = 4_000_000_000_000
"""Milliseconds in the year 2096: subtracting from it puts the newest first with numbers above zero."""


def fleet(board: Board, now: datetime) -> Elements:
    """The fleet page: counts, running tasks and their agents."""
    tasks = shown_tasks(board, now)
    ids = [task.id for task in tasks]
    crews, times = board.crews(ids), board.step_times_of(ids)
    agents = _shown_agents(board, tasks, crews)
    by_task: dict[str, list[Agent]] = {}
    for agent in agents:
        by_task.setdefault(agent.task_id, []).append(agent)
    asked = board.approvals_waiting()
    out = {"kpis": kpis(board.fleet(now), board.clock(), len(asked), attention.tightest_budget(board, now))}
    if asked:
        out["approvals"] = attention.approvals(asked, agents)
    standing = attention.open_ones(board.alerts_standing())
    if standing:
        out["alerts"] = attention.alerts(standing)
    failed = attention.failures(board, now)
    if failed["count"]:
        out["failures"] = failed
    line = _queue(board, tasks)
    for task in tasks:
        crew = crews.get(task.id, Crew())
        steps = _steps(task, by_task.get(task.id, []), times.get(task.id, []))
        out[f"task:{task.id}"] = task_element(task, steps, crew, line)
    owners = {task.id: task.created_by for task in tasks}
    if others := {agent.task_id for agent in agents} - owners.keys():
        owners |= board.owners(sorted(others))
    return out | _agents(agents, standing, owners)


def _agents(agents: Iterable[Agent], standing: Iterable[Alert], owners: Mapping[str, str]) -> Elements:
    """Their cards, with what is wrong with them."""
    wrong = {alert.agent_id: alert.kind.value for alert in standing if alert.agent_id is not None}
    return {
        f"agent:{agent.id}": agent_element(agent, wrong.get(agent.id)) | {"by": owners.get(agent.task_id, "")}
        for agent in agents
    }


def task(board: Board, task_id: str, _now: datetime) -> Elements:
    """One task's page; nothing once the task is deleted."""
    try:
        found = board.task(task_id)
    except TaskNotFound:
        return {}
    agents = board.agents(AgentFilter(task_id=task_id), limit=MOST_AGENTS).items
    crew = board.crews([task_id]).get(task_id, Crew())
    steps = _steps(found, agents, board.step_times(task_id))
    element = task_element(found, steps, crew, _queue(board, [found])) | {"result": (found.result or "")[:2000]}
    owner = {found.id: found.created_by}
    out = {"task": element} | _agents(agents, attention.open_ones(board.alerts_standing()), owner)
    return out | lines(board, task_id, agents)


def shown_tasks(board: Board, now: datetime) -> list[Task]:
    """Running tasks, and those that ended just now."""
    return board.running_tasks(MOST_TASKS) + board.just_ended(now - LINGER, among=MOST_TASKS)


def _queue(board: Board, tasks: list[Task]) -> Queue | None:
    """The queue, if any of these tasks can stand in it."""
    return None if all(task.ended for task in tasks) else board.queue()


def _place(task_id: str, line: Queue | None) -> str:
    """`3rd in the queue: all 4 places of this machine are taken`."""
    found = line.of_task(task_id) if line is not None else None
    if found is None or found.position is None:
        return ""
    if found.reason is Reason.NEXT:
        return "next in the queue"
    why = found.words if found.reason is Reason.USER else found.words[0].lower() + found.words[1:]  # a name stays
    return f"{ordinal(found.position)} in the queue: {why.rstrip('.')}"


def _shown_agents(board: Board, tasks: list[Task], crews: Mapping[str, Crew]) -> list[Agent]:
    found = board.agents(AgentFilter(live=True), limit=MOST_AGENTS).items
    for task in tasks[:WITH_ALL_AGENTS]:
        crew = crews.get(task.id, Crew())
        if crew.live == crew.agents:  # nobody of it has ended
            continue
        found += board.agents(AgentFilter(task_id=task.id, live=False), limit=MOST_AGENTS).items
    found = found or board.agents(AgentFilter(imported=False), limit=WHEN_QUIET).items
    return list({agent.id: agent for agent in found}.values())[:MOST_AGENTS]


def kpis(fleet: Fleet, clock: int, asked: int, budget: str) -> Element:
    decided = fleet.completed_7d + fleet.failed_7d
    return {
        "order": 0,
        "clock": clock,
        "active": sum(fleet.by_role.values()),
        "agents": fleet.agents,
        "running": fleet.running_tasks,
        "waiting": _waiting(asked, fleet.by_status.get(AgentStatus.WAITING, 0)),
        "spend": words.dollars(fleet.today_nanousd),
        "spend_note": _spend_note(fleet, budget),
        "tokens": words.tokens(fleet.today_tokens.total),
        "tokens_note": f"cache read {words.percent(fleet.today_tokens.cache_read, fleet.today_tokens.prompt)}"
        if fleet.today_tokens.prompt
        else "",
        "success": words.percent(fleet.completed_7d, decided),
        "success_note": f"{fleet.completed_7d} of {decided} in 7 days" if decided else "nothing ended in 7 days",
        "spend_spark": [to_usd(nanousd) for nanousd in fleet.spend_by_hour],
        "start_spark": fleet.starts_by_hour,
        "by_role": fleet.by_role,
        "by_status": fleet.by_status,
        "analyst": _analysts(fleet),
    }


def _analysts(fleet: Fleet) -> str:
    said = f"ANALYST in {fleet.analyst_in_7d} of {words.count(fleet.analyst_asked_7d, 'task')} in 7 days"
    return f"{said}, {words.dollars(fleet.analyst_7d_nanousd)}" if fleet.analyst_7d_nanousd else said


def _waiting(asked: int, agents: int) -> str:
    if asked:
        return f"{asked} waiting for you"
    return f"{agents} waiting" if agents else ""


def _spend_note(fleet: Fleet, budget: str) -> str:
    notes = [budget] if budget else []
    if fleet.today_unpriced:
        notes.append(f"without {words.count(fleet.today_unpriced, 'unpriced reply', 'unpriced replies')}")
    if fleet.simulated_today_nanousd:
        notes.append(f"{words.dollars(fleet.simulated_today_nanousd)} simulated apart")
    return ", ".join(notes)


@functools.lru_cache(4)
def _home(_named: str | None) -> str:
    """Kept: finding it out anew is a third of what making the element of a task takes."""
    return str(Path.home())


def _ms(at: datetime | None) -> int | None:
    return None if at is None else round(at.timestamp() * 1000)


def _changed(files: dict[str, list[str]]) -> int:
    return len({path for change, paths in files.items() if change != FileChange.READ for path in paths})


def _decider(task: Task) -> str:
    """Who decided about the ANALYST; empty where there was nothing to decide."""
    return "" if task.assignment.by is AssignedBy.NOBODY else DECIDERS[task.assignment.by]


def task_element(task: Task, steps: list[Element], crew: Crew, line: Queue | None = None) -> Element:
    return {
        "order": _FAR - (_ms(task.created_at) or 0),
        "id": task.id,
        "by": task.created_by,
        "title": words.title(task.description),
        "type": words.task_type(task.task_type),
        "folder": words.folder(task.working_directory, _home(os.environ.get("HOME"))),
        "analyst": {
            "included": task.analyst_included,
            "reason": task.analyst_reason,
            "by": _decider(task),
            "cost": words.dollars(task.analyst_nanousd) if task.analyst_nanousd else "",
            "none": task.analyst_words if task.is_session else None,
        },
        "status": task.status,
        "queue": _place(task.id, line),
        "runtime": task.runtime,
        "simulated": task.simulated,
        "cost": words.dollars(task.cost_nanousd),
        "unpriced": task.unpriced_messages,
        "tokens": words.tokens(task.tokens.total),
        "started_at": _ms(task.started_at),
        "ended_at": _ms(task.ended_at),
        "steps": steps,
        "files": _changed(task.files),
        "agents": crew.agents,
        "finished": {
            "agents": crew.agents - crew.live,
            "cost": words.dollars(crew.ended_nanousd),
            "tokens": words.tokens(crew.ended_tokens),
        },
        "error": task.error,
    }


def _steps(task: Task, agents: Iterable[Agent], ran: Iterable[StepTimes]) -> list[Element]:
    times = {step.key: step for step in ran}
    doing = {agent.step: agent.activity for agent in agents if agent.live}
    return [
        {
            "key": step.key,
            "role": step.role,
            "status": step.status,
            "started_at": _ms(times[step.key].started_at),
            "ended_at": _ms(times[step.key].ended_at),
            "activity": doing.get(step.key, ""),
        }
        for step in task.workflow
        if step.key in times
    ]


def agent_element(agent: Agent, alert: str | None = None) -> Element:
    used, window = agent.context_used, agent.context_window
    return {
        # live ones first; the order of an agent changes only once, when it ends
        "order": _FAR - (_ms(agent.created_at) or 0) + (0 if agent.live else _FAR),
        "id": agent.id,
        "task_id": agent.task_id,
        "name": agent.name,
        "role": agent.role,
        "status": agent.status,
        "activity": agent.activity,
        "doing": _doing(agent),
        "tool_since": _ms(agent.tool_since) if agent.status is AgentStatus.ACTIVE else None,
        "alert": alert if agent.live else None,
        "model": agent.model,
        "runtime": agent.runtime,
        "simulated": agent.simulated,
        "cost": words.dollars(agent.cost_nanousd),
        "unpriced": agent.unpriced_messages,
        "tokens": words.tokens(agent.tokens.total),
        "context": {"used": used, "window": window, "percent": round(100 * used / window) if window else None},
        "tool_calls": agent.tool_calls,
        "files": _changed(agent.files),
        "started_at": _ms(agent.started_at),
        "ended_at": _ms(agent.ended_at),
        "retry_at": _ms(agent.retry_at),
        "error": agent.error,
    }


def _doing(agent: Agent) -> str:
    """The activity, with what it is told apart: a stream, a tool, a person it waits for, a next try."""
    if agent.status is AgentStatus.WAITING and agent.retry_at is None:
        return f"waiting for you: {agent.activity.removeprefix('wants: ')}"
    if agent.live and agent.retry_at is not None:
        return f"retrying at {agent.retry_at:%H:%M:%S} UTC: {agent.activity}"
    if agent.status is AgentStatus.ACTIVE and agent.tool_since is None and agent.activity in STREAMING:
        return f"streaming: {agent.activity}"
    return agent.activity


def lines(board: Board, task_id: str, agents: Iterable[Agent]) -> Elements:
    """The newest happenings of a task, in words."""
    known = {agent.id: agent for agent in agents}
    clock = board.clock()
    found: Elements = {}
    for back in (300, 3000, clock):  # most often the newest few hundred events hold enough
        found = {}
        for entry in _log(board, task_id, max(0, clock - back)):
            if line := happenings.line(entry.event, known):
                found[f"line:{entry.id}"] = {"order": entry.id, "at": _ms(entry.at), **line}
        if len(found) >= LINES or back >= clock:
            break
    return dict(list(found.items())[-LINES:])


def _log(board: Board, task_id: str, after: int) -> Iterable[Any]:
    while stretch := board.events(task_id=task_id, after=after, limit=1000):
        yield from stretch
        after = stretch[-1].id
