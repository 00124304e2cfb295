"""One change of the fleet that a page can be watched for: an agent does something else, and costs a cent more."""

from __future__ import annotations

import time
from dataclasses import dataclass

from data.domain import events as e
from data.domain.money import Tokens, dollars
from data.store import Store

START_USD = 1_000
CENT_NANOUSD = 10_000_000


@dataclass(frozen=True)
class Target:
    """The agent that changes: the newest one at work."""

    task_id: str
    agent_id: str


@dataclass(frozen=True)
class Change:
    """What a page shows once it knows."""

    words: str
    cost: str
    at_ms: float
    """When its transaction began."""


def target(store: Store) -> Target:
    """The newest agent at work: the newest task of all may be waiting."""
    with store.read() as board:
        agent = next(a for a in board.agents(limit=200).items if a.status == "active")
        spent = board.task(agent.task_id).cost_nanousd
    _meter(store, Target(agent.task_id, agent.id), START_USD * 100 * CENT_NANOUSD - spent, "start")
    return Target(agent.task_id, agent.id)


def commit(store: Store, who: Target, number: int, origin: str) -> Change:
    """The number-th change, seen from a task page as its cost and from the fleet page as the agent's words."""
    words = f"reading {origin}_{number:04}.py"
    at_ms = time.time() * 1000
    with store.write() as ledger:
        ledger.append(e.Activity(task_id=who.task_id, agent_id=who.agent_id, words=words))
        ledger.append(_reply(who, CENT_NANOUSD, f"{origin}-{number}"))
    return Change(words, dollars((START_USD * 100 + number) * CENT_NANOUSD), at_ms)


def _meter(store: Store, who: Target, cost_nanousd: int, name: str) -> None:
    with store.write() as ledger:
        ledger.append(_reply(who, cost_nanousd, name))


def _reply(who: Target, cost_nanousd: int, name: str) -> e.MessageMetered:
    return e.MessageMetered(
        task_id=who.task_id,
        agent_id=who.agent_id,
        message_id=f"bench-{name}",
        model="claude-sonnet-5-5",
        tokens=Tokens(input=10, output=100, cache_read=1_000),
        cost_nanousd=cost_nanousd,
    )
