"""What a person can say to an agent at work: its turn is interrupted, and it goes on with the message."""

from __future__ import annotations

from data.domain import events as e
from data.domain.agents import LIVE, Agent
from data.domain.errors import InvalidField, TooLate
from data.store import Board
from orchestrator_adapter.access import Actor, require
from orchestrator_adapter.commands import must_be_ours
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.engine import approvals

MOST = 2000
"""Longest message, in characters."""


def tell_agent(deck: Deck, actor: Actor, agent_id: str, text: str) -> Agent:
    """Interrupt the agent with a message; what it did stays, and questions it has asked are taken back.

    It is delivered when the agent's step goes on, if its process is gone just now. Raises InvalidField for a text of
    no fitting length, TooLate for an agent that works no more, RuntimeUnavailable for one that another program runs.
    """
    require(actor, "tell_agent")
    words = text.strip()
    if not 1 <= len(words) <= MOST:
        raise InvalidField(f"text must have 1 to {MOST} characters, not {len(words)}.", field="text")
    with deck.store.write(durable=True) as ledger:
        agent = Board(ledger.connection).agent(agent_id)
        task = Board(ledger.connection).task(agent.task_id)
        must_be_ours(task)
        if agent.status not in LIVE:
            raise TooLate(f"An agent that is {agent.status} reads no message any more.", agent_id=agent_id)
        if task.ended:
            raise TooLate(f"The task is {task.status}, so its agent reads no message any more.", agent_id=agent_id)
        approvals.withdraw(ledger, agent_id, approvals.INTERRUPTED)
        ledger.append(e.AgentTold(task_id=task.id, agent_id=agent_id, words=words, by=actor.name))
        return Board(ledger.connection).agent(agent_id)
