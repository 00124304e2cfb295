"""What people can change about the fleet as a whole: its limits, retries, patience and clean-up, and who goes first."""

from __future__ import annotations

from collections.abc import Sequence

from data.domain import events as e
from data.domain import fleet
from data.domain.errors import TooLate
from data.domain.fleet import Cleanup, Limits, Lottery, Patience, Priority, Retries
from data.domain.tasks import Task
from data.store import Board, settings
from orchestrator_adapter.access import Actor, require
from orchestrator_adapter.commands import must_be_ours
from orchestrator_adapter.deck import Deck

Setting = Limits | Retries | Patience | Cleanup | Lottery


def set_limits(deck: Deck, actor: Actor, limits: Limits) -> Limits:
    """How many agents may work at once, from the next free place on; agents at work go on."""
    require(actor, "set_limits")
    _set(deck, actor, [fleet.checked(limits)])
    return limits


def set_retries(deck: Deck, actor: Actor, retries: Retries) -> Retries:
    """How often a step is tried again by itself, from the next failure on."""
    require(actor, "set_retries")
    _set(deck, actor, [fleet.checked(retries)])
    return retries


def set_patience(deck: Deck, actor: Actor, patience: Patience) -> Patience:
    """When an agent counts as stuck."""
    require(actor, "set_patience")
    _set(deck, actor, [fleet.checked(patience)])
    return patience


def set_cleanup(deck: Deck, actor: Actor, cleanup: Cleanup) -> Cleanup:
    """Whether agents that have ended leave the lists by themselves, and after how many days."""
    require(actor, "set_cleanup")
    _set(deck, actor, [fleet.checked(cleanup)])
    return cleanup


def set_lottery(deck: Deck, actor: Actor, lottery: Lottery) -> Lottery:
    """Whether a lot decides about the ANALYST of some borderline tasks, from the next task on."""
    require(actor, "set_lottery")
    _set(deck, actor, [fleet.checked(lottery)])
    return lottery


def set_fleet(deck: Deck, actor: Actor, wanted: Sequence[Setting]) -> None:
    """Several of them at once, or none if one is refused."""
    require(actor, "set_fleet")
    _set(deck, actor, [_checked(setting) for setting in wanted])


def prioritize_task(deck: Deck, actor: Actor, task_id: str, priority: Priority) -> Task:
    """The task's next steps get their places in this order; steps at work go on.

    Raises TooLate for a task that has ended.
    """
    require(actor, "prioritize_task")
    with deck.store.write(durable=True) as ledger:
        task = Board(ledger.connection).task(task_id)
        must_be_ours(task)
        if task.ended:
            raise TooLate(f"A task that is {task.status} waits for no place any more.", task_id=task_id)
        if task.priority is not priority:
            ledger.append(e.TaskPrioritized(task_id=task_id, priority=priority, by=actor.name))
        return Board(ledger.connection).task(task_id)


def _checked(setting: Setting) -> Setting:
    match setting:
        case Limits():
            return fleet.checked(setting)
        case Retries():
            return fleet.checked(setting)
        case Patience():
            return fleet.checked(setting)
        case Cleanup():
            return fleet.checked(setting)
        case Lottery():
            return fleet.checked(setting)


def _set(deck: Deck, actor: Actor, wanted: Sequence[Setting]) -> None:
    """Write down what differs from what holds; a second click says nothing new."""
    with deck.store.write(durable=True) as ledger:
        now = settings.everything(ledger.connection)
        for setting in wanted:
            if setting not in (now.limits, now.retries, now.patience, now.cleanup, now.lottery):
                ledger.append(settings.event(setting, actor.name))
