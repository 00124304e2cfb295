"""Where an agent's log lies and what it says: the same answers for pages, API and command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from data.domain.agents import Agent, AgentStatus, Runtime
from data.domain.diagnosis import Diagnosis, diagnose
from data.domain.log_entries import LogEntry, entries
from data.store import AgentFilter, Board
from data.store.log_reads import NEAR_END

ENDED_BADLY = (AgentStatus.FAILED, AgentStatus.CANCELLED)
MOST_AGENTS = 20
"""Of so many agents of a task it is told why they failed."""


def folder(agent: Agent, root: Path) -> Path | None:
    """The agent's log folder; None if it has none, or none that may be read.

    Ours lie under the folder of all logs. One that was imported is read where it lies, as long as no part of its path
    was made a link that leads elsewhere.
    """
    if agent.log_dir is None:
        return None
    path = root / agent.log_dir
    try:
        real = path.resolve()
    except (OSError, RuntimeError, ValueError):
        return None
    inside = real.is_relative_to(root.resolve())
    return real if inside or (agent.runtime is Runtime.IMPORTED and real == path) else None


def actions(board: Board, agent_id: str) -> list[LogEntry]:
    """Everything the agent did, in order."""
    return entries(board.log_actions(agent_id))


def of_agent(board: Board, agent_id: str, found: Sequence[LogEntry] | None = None) -> Diagnosis | None:
    """What went wrong with an agent; None if nothing did. Raises AgentNotFound."""
    agent = board.agent(agent_id)
    return diagnose(agent, actions(board, agent_id) if found is None else found)


def of_task(board: Board, task_id: str) -> list[Diagnosis]:
    """Why agents of a task failed or were stopped, in that order, and the first of them first. Raises TaskNotFound."""
    board.task(task_id)
    found: list[Diagnosis] = []
    for status in ENDED_BADLY:
        agents = board.agents(AgentFilter(task_id=task_id, status=status), limit=MOST_AGENTS).items
        told = [diagnose(agent, entries(board.log_actions(agent.id, NEAR_END))) for agent in agents]
        found += sorted((one for one in told if one is not None), key=lambda one: one.at)
    return found
