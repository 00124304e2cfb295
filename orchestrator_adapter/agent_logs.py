"""Where an agent's log lies and what it says: the same answers for pages, API and command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from data.domain import log_talk
from data.domain.agents import Agent, AgentStatus, Runtime
from data.domain.diagnosis import Diagnosis, diagnose
from data.domain.errors import BlobNotFound
from data.domain.log_entries import EntryKind, LogEntry, Outcome, entries
from data.store import AgentFilter, Board, Store
from data.store.log_reads import NEAR_END
from orchestrator_adapter.views import conversation

ENDED_BADLY = (AgentStatus.FAILED, AgentStatus.CANCELLED)
BEGINNING, END = 500, 2_500
"""Characters that are told of what brought a failure about."""
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


def actions(store: Store, board: Board, agent: Agent) -> list[LogEntry]:
    """Everything the agent did, in order; of one whose transcript was read in, what that tells."""
    if agent.runtime is Runtime.IMPORTED and board.transcript_file(agent.id) is not None:
        return log_talk.actions(agent.id, conversation.kept.of(store, board, agent.id).source.entries.values())
    return entries(board.log_actions(agent.id))


def of_agent(store: Store, board: Board, agent: Agent, found: Sequence[LogEntry] | None = None) -> Diagnosis | None:
    """What went wrong with an agent; None if nothing did."""
    known = diagnose(agent, actions(store, board, agent) if found is None else found)
    return None if known is None else _in_full(board, known)


def _in_full(board: Board, known: Diagnosis) -> Diagnosis:
    """The likely cause with all that came back: the line that says why seldom is among the first."""
    cause = known.cause
    if cause is None or cause.kind is not EntryKind.CALL or cause.outcome is not Outcome.FAILED:
        return known
    text = cause.output_text
    try:
        text = board.blob(cause.output_blob).decode("utf-8", "replace") if cause.output_blob else text
    except BlobNotFound:
        text = ""
    return replace(known, cause=replace(cause, answer=_ends(text))) if text else known


def _ends(text: str) -> str:
    """Of a long text its beginning and, more of it, its end."""
    left_out = len(text) - BEGINNING - END
    if left_out <= 0:
        return text
    return f"{text[:BEGINNING]}\n[{left_out:,} more characters]\n{text[-END:]}"


def of_task(board: Board, task_id: str) -> list[Diagnosis]:
    """Why agents of a task failed or were stopped, in that order, and the first of them first. Raises TaskNotFound."""
    board.task(task_id)
    found: list[Diagnosis] = []
    for status in ENDED_BADLY:
        agents = board.agents(AgentFilter(task_id=task_id, status=status), limit=MOST_AGENTS).items
        told = [diagnose(agent, entries(board.log_actions(agent.id, NEAR_END))) for agent in agents]
        found += sorted((_in_full(board, one) for one in told if one is not None), key=lambda one: one.at)
    return found
