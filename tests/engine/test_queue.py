"""The queue that people see is the one that the engine keeps: same order, same limits, changed while agents work."""

from __future__ import annotations

import threading
from collections.abc import Callable

from data.domain.agents import Role
from data.domain.fleet import Limits, Priority
from data.domain.tasks import Draft, TaskType
from data.domain.waiting import Queue, Reason
from orchestrator_adapter import commands, commands_fleet
from orchestrator_adapter.access import LOCAL, Actor
from orchestrator_adapter.deck import Deck
from tests.engine.cast import Cast
from tests.engine.conftest import Launch

Eventually = Callable[..., None]
BO = Actor("bo", "developer")


def submit(deck: Deck, priority: Priority = Priority.NORMAL, actor: Actor = LOCAL) -> str:
    """A task whose first agent, a documenter, is held by the test."""
    draft = Draft("fix the typo", task_type=TaskType.DOCUMENTATION, priority=priority)
    return commands.submit_task(deck, actor, draft).id


def queue(deck: Deck) -> Queue:
    with deck.store.read() as board:
        return board.queue()


def order(deck: Deck) -> list[str]:
    return [one.task_id for one in queue(deck).waiting]


def test_places_are_given_in_the_order_that_is_shown(launch: Launch, eventually: Eventually) -> None:
    go = threading.Event()
    cast = Cast(hold={Role.DOCUMENTER: go})
    deck = launch(cast, QUARTERDECK_MAX_AGENTS="1")
    first = submit(deck)
    eventually(lambda: len(cast.jobs) == 1)
    low, normal, high = submit(deck, Priority.LOW), submit(deck), submit(deck, Priority.HIGH)
    assert order(deck) == [high, normal, low]
    assert {one.words for one in queue(deck).waiting} == {"The only place of this machine is taken."}
    commands_fleet.prioritize_task(deck, LOCAL, low, Priority.URGENT)
    shown = order(deck)
    assert shown == [low, high, normal]
    go.set()

    def started() -> list[str]:
        return list(dict.fromkeys(job.task_id for job in cast.jobs))

    # a step stands as begun before its agent is there
    eventually(lambda: len(started()) == 4 and not queue(deck).waiting, within=30)
    assert started() == [first, *shown]


def test_limits_hold_at_once_and_say_why_others_wait(launch: Launch, eventually: Eventually) -> None:
    go = threading.Event()
    cast = Cast(hold={Role.DOCUMENTER: go})
    deck = launch(cast, QUARTERDECK_MAX_AGENTS="8")
    commands_fleet.set_limits(deck, LOCAL, Limits(per_user=1, in_all=2))
    mine = [submit(deck), submit(deck)]
    theirs = [submit(deck, actor=BO), submit(deck, actor=BO)]
    eventually(lambda: len(cast.jobs) == 2)
    assert {job.task_id for job in cast.jobs} == {mine[0], theirs[0]}
    assert [one.task_id for one in queue(deck).waiting] == [mine[1], theirs[1]]
    assert [one.words for one in queue(deck).waiting] == [
        "local has 1 of 1 agents at work.",
        "bo has 1 of 1 agents at work.",
    ]
    commands_fleet.set_limits(deck, LOCAL, Limits(per_user=None, in_all=2))
    assert {one.reason for one in queue(deck).waiting} == {Reason.IN_ALL}
    commands_fleet.set_limits(deck, LOCAL, Limits())
    eventually(lambda: len(cast.jobs) == 4)
    assert queue(deck).waiting == ()
    go.set()
