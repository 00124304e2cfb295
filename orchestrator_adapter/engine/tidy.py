"""Takes agents that ended long ago off the lists, if people want that."""

from __future__ import annotations

from datetime import datetime, timedelta

from data.domain import events as e
from data.domain.agents import AgentStatus
from data.domain.errors import TooLate
from data.store import Store, settings

AT_ONCE = 500
"""Agents in one transaction: nobody waits long for it."""


def tidy(store: Store, now: datetime) -> int:
    """Delete what the fleet's clean-up names as old; what it spent stays counted. How many agents went."""
    with store.read() as board:
        wanted = settings.cleanup(board.connection)
    if not wanted.automatic:
        return 0
    before, gone = now - timedelta(days=wanted.after_days), 0
    while found := _old(store, before):
        why = f"Ended more than {wanted.after_days} days ago."
        with store.write() as ledger:
            for task_id, agent_id in found:
                try:
                    ledger.append(e.AgentMoved(task_id=task_id, agent_id=agent_id, to=AgentStatus.DELETED, why=why))
                except TooLate:
                    continue  # somebody else deleted it in the same moment
        gone += len(found)
    return gone


def _old(store: Store, before: datetime) -> list[tuple[str, str]]:
    with store.read() as board:
        return board.ended_agents(before, AT_ONCE)
