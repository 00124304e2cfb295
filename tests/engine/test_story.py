"""What really ran is replayed to where its rows are: good and failed, tried again, paused, resumed, cancelled."""

from __future__ import annotations

import threading
from collections.abc import Callable

from data.domain.agents import Role
from data.domain.errors import AgentFailed
from data.domain.tasks import Task, TaskStatus
from orchestrator_adapter import commands
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.deck import Deck
from tests.engine.cast import Cast, submit
from tests.engine.test_retrying import Flaky
from tests.store.test_replay import last, rows, told

Ended = Callable[[Deck, str], Task]
Launch = Callable[..., Deck]


def replayed(deck: Deck, task_id: str) -> None:
    assert told(last(deck.store, task_id)) == rows(deck.store, task_id)


def test_a_story_that_went_wrong_and_was_mended(launch: Launch, ended: Ended, eventually: Callable[..., None]):
    cast = Cast(answers={Role.BUILDER: AgentFailed("boom")}, hold={Role.REVIEWER: threading.Event()})
    deck = launch(cast)
    task = submit(deck)
    assert ended(deck, task.id).status is TaskStatus.FAILED
    replayed(deck, task.id)
    cast.answers.clear()
    commands.resume_task(deck, LOCAL, task.id)
    eventually(lambda: any(job.role is Role.REVIEWER for job in cast.jobs), within=30)
    commands.pause_task(deck, LOCAL, task.id, stop_agents=True)
    eventually(lambda: Role.REVIEWER in cast.closed, within=10)
    eventually(lambda: not any(agent.live for agent in rows(deck.store, task.id)[1]), within=10)
    replayed(deck, task.id)
    cast.hold.clear()
    commands.resume_task(deck, LOCAL, task.id)
    assert ended(deck, task.id).status is TaskStatus.COMPLETED
    replayed(deck, task.id)
    commands.resume_task(deck, LOCAL, task.id, from_step="tester")
    commands.cancel_task(deck, LOCAL, task.id)
    eventually(lambda: rows(deck.store, task.id)[0].ended, within=10)
    replayed(deck, task.id)


def test_a_step_that_was_tried_again(launch: Launch, ended: Ended):
    deck = launch(Flaky(fails=1))
    task = submit(deck, "Fix the typo")
    assert ended(deck, task.id).status is TaskStatus.COMPLETED
    replayed(deck, task.id)
