"""The same order for many tasks or agents: each is obeyed or refused by itself, and each gets an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from data.domain.agents import Agent
from data.domain.errors import FleetError, InvalidField
from data.domain.tasks import MOVES, RESUMABLE, Task, TaskStatus
from orchestrator_adapter import commands, commands_outcome
from orchestrator_adapter.access import Actor, require
from orchestrator_adapter.deck import Deck

MOST = 200
"""Ids that one order takes."""


class TaskOrder(StrEnum):
    """What can be done with many tasks at once."""

    CANCEL = "cancel"
    PAUSE = "pause"
    RESUME = "resume"
    DELETE = "delete"
    SEEN = "seen"
    """Somebody has looked at why they failed."""


class AgentOrder(StrEnum):
    """What can be done with many agents at once."""

    CANCEL = "cancel"
    """Their tasks are cancelled: an agent is not stopped alone."""
    DELETE = "delete"


@dataclass(frozen=True)
class Outcome:
    """What became of one of them."""

    id: str
    refused: FleetError | None = None

    @property
    def done(self) -> bool:
        return self.refused is None


def order_tasks(deck: Deck, actor: Actor, order: TaskOrder, ids: Sequence[str]) -> list[Outcome]:
    """Give the order to each task, in this sequence; an id that comes twice is asked once."""
    require(actor, "order_tasks")
    give: dict[TaskOrder, Callable[[Deck, Actor, str], object]] = {
        TaskOrder.CANCEL: commands.cancel_task,
        TaskOrder.PAUSE: commands.pause_task,
        TaskOrder.RESUME: commands.resume_task,
        TaskOrder.DELETE: commands.delete_task,
        TaskOrder.SEEN: commands_outcome.see_failure,
    }
    return [_outcome(one, lambda one: give[order](deck, actor, one)) for one in _checked(ids)]


def order_agents(deck: Deck, actor: Actor, order: AgentOrder, ids: Sequence[str]) -> list[Outcome]:
    """Give the order to each agent, in this sequence; an id that comes twice is asked once."""
    require(actor, "order_agents")

    def give(agent_id: str) -> None:
        if order is AgentOrder.DELETE:
            commands.delete_agent(deck, actor, agent_id)
        else:
            with deck.store.read() as board:
                task_id = board.agent(agent_id).task_id
            commands.cancel_task(deck, actor, task_id)

    return [_outcome(one, give) for one in _checked(ids)]


def _checked(ids: Sequence[str]) -> list[str]:
    unique = list(dict.fromkeys(ids))
    if not 1 <= len(unique) <= MOST:
        raise InvalidField(f"ids takes 1 to {MOST} ids, not {len(unique)}.", field="ids")
    return unique


def _outcome(one: str, give: Callable[[str], object]) -> Outcome:
    try:
        give(one)
    except FleetError as refusal:
        return Outcome(one, refusal)
    return Outcome(one)


def task_hindrance(order: TaskOrder, task: Task) -> str | None:
    """Why the order would be refused as the task stands now; None if it would not be."""
    status = task.status
    fits = {
        TaskOrder.CANCEL: TaskStatus.CANCELLED in MOVES[status] or status is TaskStatus.CANCELLED,
        TaskOrder.PAUSE: TaskStatus.PAUSED in MOVES[status] or status is TaskStatus.PAUSED,
        TaskOrder.RESUME: status in RESUMABLE - {TaskStatus.COMPLETED},
        TaskOrder.DELETE: task.ended,
        TaskOrder.SEEN: status is TaskStatus.FAILED,
    }
    again = order is TaskOrder.CANCEL and status is TaskStatus.CANCELLED  # a second time says the same
    if order not in (TaskOrder.DELETE, TaskOrder.SEEN) and not again and not commands.ours(task):
        return f"{task.runtime}: another program runs it"
    return None if fits[order] else f"it is {status.replace('_', ' ')}"


def agent_hindrance(order: AgentOrder, agent: Agent) -> str | None:
    """Why the order would be refused as the agent stands now; None if it would not be."""
    if order is AgentOrder.DELETE:
        return "it is still running" if agent.live else None
    return None if agent.live else f"it is {agent.status}"
