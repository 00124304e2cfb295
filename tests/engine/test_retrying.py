"""Failures that may pass: told from those that stay, tried again in the same session, counted in our own store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest

from data.domain import events as e
from data.domain.agents import Agent, AgentStatus, Role
from data.domain.errors import AgentFailed, RuntimeUnavailable
from data.domain.events import Event
from data.domain.fleet import Retries
from data.domain.money import Tokens
from data.domain.tasks import Task, TaskStatus
from data.domain.workflows import StepStatus
from data.store import AgentFilter, StepRun, settings
from orchestrator_adapter import commands
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.engine import names, retrying
from orchestrator_adapter.runners import Job, Reply
from orchestrator_adapter.views import happenings
from tests.engine.cast import REPORT, submit

Ended = Callable[[Deck, str], Task]
Launch = Callable[..., Deck]
Eventually = Callable[..., None]
API = {"subtype": "success", "terminal_reason": "api_error"}
OVERLOADED = API | {"api_error_status": 529}


@pytest.mark.parametrize(
    ("details", "why"),
    [
        (OVERLOADED, "overloaded (529)"),
        (API | {"api_error_status": 429}, "rate limit (429)"),
        (API | {"api_error_status": 500}, "the model service failed (500)"),
        (API | {"api_error_status": 503}, "the model service failed (503)"),
        (API | {"api_error_status": 408}, "timed out (408)"),
        (API, "the connection to the model service broke"),
        ({"ended": True}, "its process died"),
        ({"error": "ProcessError", "exit_code": -9}, "its process died"),
        ({"error": "ProcessError", "exit_code": 137}, "its process died"),
        (API | {"api_error_status": 401}, None),
        (API | {"api_error_status": 403}, None),
        (API | {"api_error_status": 400}, None),
        (API | {"api_error_status": 404}, None),
        (API | {"stop_reason": "refusal"}, None),
        ({"subtype": "error_max_budget_usd", "terminal_reason": "budget_exhausted"}, None),
        ({"subtype": "error_max_turns", "terminal_reason": "max_turns"}, None),
        ({"terminal_reason": "Not logged in · Please run /login"}, None),
        ({"error": "ProcessError", "exit_code": 1}, None),
        ({}, None),
    ],
)
def test_what_may_pass_and_what_stays(details: dict[str, object], why: str | None) -> None:
    assert retrying.passing(details) == why


def test_the_waits_double_up_to_a_minute() -> None:
    assert [retrying.pause_s(n) for n in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert retrying.pause_s(10_000) == 60


@dataclass
class Flaky:
    """Agents that fail so many times in each step, and then are done."""

    fails: int = 1
    details: dict[str, object] = field(default_factory=lambda: dict(OVERLOADED))
    jobs: list[Job] = field(default_factory=list)
    during: Callable[[Job], object] = lambda job: None
    """What happens while an agent is at work."""

    async def run(self, job: Job) -> AsyncIterator[Event | Reply]:
        self.jobs.append(job)
        self.during(job)
        ids = {"task_id": job.task_id, "agent_id": job.agent_id}
        yield e.SessionStarted(**ids, session_id=f"s-{job.step}", model="claude-sonnet-5-5")
        message = f"m-{len(self.jobs)}"
        yield e.MessageMetered(**ids, message_id=message, model="m", tokens=Tokens(1, 1), cost_nanousd=1_000_000)
        if sum(before.step == job.step for before in self.jobs) <= self.fails:
            raise AgentFailed("API Error: 529 Overloaded", **self.details)
        yield Reply(REPORT.format(role=job.role.value))


def look(deck: Deck, task_id: str) -> Task:
    with deck.store.read() as board:
        return board.task(task_id)


def agents(deck: Deck, task_id: str) -> list[Agent]:
    with deck.store.read() as board:
        return board.agents(AgentFilter(task_id=task_id)).items


def retried(deck: Deck, task_id: str) -> list[e.StepRetried]:
    with deck.store.read() as board:
        found = [entry.event for entry in board.events(task_id=task_id, limit=1000)]
    return [event for event in found if isinstance(event, e.StepRetried)]


def run_of(deck: Deck, task_id: str, step: str = "builder") -> StepRun:
    with deck.store.write() as ledger:
        run = ledger.run(names.step_run(task_id, step))
    assert run is not None
    return run


def allow(deck: Deck, **by_role: int) -> None:
    with deck.store.write() as ledger:
        retries = Retries({Role(role): count for role, count in by_role.items()}, otherwise=0)
        ledger.append(settings.event(retries, "me"))


def waits(deck: Deck, task_id: str) -> bool:
    return [agent.status for agent in agents(deck, task_id)] == [AgentStatus.WAITING]


def test_a_step_that_may_pass_is_tried_again_in_its_session(
    launch: Launch, ended: Ended, eventually: Eventually
) -> None:
    flaky = Flaky()
    deck = launch(flaky)
    task_id = submit(deck, "Quick fix").id
    eventually(lambda: waits(deck, task_id))
    (agent,) = agents(deck, task_id)
    assert agent.activity == "waiting for try 2 of 3: overloaded (529)"
    assert agent.retry_at is not None
    task = ended(deck, task_id)
    assert (task.status, task.error, task.cost_nanousd) == (TaskStatus.COMPLETED, None, 4_000_000)
    assert [(job.step, job.resume) for job in flaky.jobs] == [
        ("builder", None),
        ("builder", "s-builder"),
        ("tester", None),
        ("tester", "s-tester"),
    ]
    assert len(agents(deck, task_id)) == 2, "the same agent goes on"
    assert {(a.status, a.retry_at) for a in agents(deck, task_id)} == {(AgentStatus.COMPLETED, None)}
    told = retried(deck, task_id)[0]
    line = happenings.line(told, {})
    assert line is not None
    assert line["words"] == f"overloaded (529): try 2 of 3 at {told.retry_at:%H:%M:%S} UTC"
    assert (run_of(deck, task_id).attempts, run_of(deck, task_id).retries) == (1, 1)


def test_each_role_has_its_own_number_of_tries(launch: Launch, ended: Ended) -> None:
    flaky = Flaky(fails=99)
    deck = launch(flaky)
    allow(deck, builder=1)
    task = ended(deck, submit(deck, "Quick fix").id)
    assert (task.status, task.error) == (TaskStatus.FAILED, "builder failed: API Error: 529 Overloaded")
    assert [job.step for job in flaky.jobs] == ["builder", "builder"]
    flaky.jobs.clear()
    allow(deck)
    ended(deck, submit(deck, "Quick fix").id)
    assert [job.step for job in flaky.jobs] == ["builder"]


def test_what_stays_is_not_tried_again(launch: Launch, ended: Ended) -> None:
    flaky = Flaky(details=API | {"api_error_status": 401})
    deck = launch(flaky)
    assert ended(deck, submit(deck, "Quick fix").id).status is TaskStatus.FAILED
    assert len(flaky.jobs) == 1


def test_a_step_that_kills_its_process_is_given_up_after_three_tries_whatever_is_allowed(
    launch: Launch, ended: Ended
) -> None:
    flaky = Flaky(fails=99, details={"ended": True})
    deck = launch(flaky)
    allow(deck, builder=9)
    assert ended(deck, submit(deck, "Quick fix").id).status is TaskStatus.FAILED
    assert len(flaky.jobs) == 3


def test_a_cancel_during_the_wait_is_immediate(launch: Launch, eventually: Eventually) -> None:
    flaky = Flaky(fails=99)
    deck = launch(flaky)
    allow(deck, builder=9)
    task_id = submit(deck, "Quick fix").id
    eventually(lambda: waits(deck, task_id) and len(flaky.jobs) == 3)  # now it waits for 4 seconds
    commands.cancel_task(deck, LOCAL, task_id)
    eventually(lambda: [a.status for a in agents(deck, task_id)] == [AgentStatus.CANCELLED], within=3)
    assert len(flaky.jobs) == 3


def test_a_pause_during_the_wait_is_immediate_and_a_resume_goes_on(
    launch: Launch, ended: Ended, eventually: Eventually
) -> None:
    flaky = Flaky(fails=3)
    deck = launch(flaky)
    allow(deck, builder=9, tester=9)
    task_id = submit(deck, "Quick fix").id
    eventually(lambda: waits(deck, task_id) and len(flaky.jobs) == 3)
    commands.pause_task(deck, LOCAL, task_id)  # one that lets running steps finish
    eventually(lambda: [a.status for a in agents(deck, task_id)] == [AgentStatus.CANCELLED], within=3)
    assert look(deck, task_id).workflow[0].status is StepStatus.CANCELLED
    flaky.fails = 0
    commands.resume_task(deck, LOCAL, task_id)
    assert ended(deck, task_id).status is TaskStatus.COMPLETED
    assert flaky.jobs[3].resume == "s-builder"


def test_a_pause_during_a_try_that_fails_waits_for_no_other(launch: Launch, eventually: Eventually) -> None:
    flaky = Flaky(fails=99)
    deck = launch(flaky)
    allow(deck, builder=9)
    flaky.during = lambda job: len(flaky.jobs) == 4 and commands.pause_task(deck, LOCAL, job.task_id)
    task_id = submit(deck, "Quick fix").id
    eventually(lambda: len(flaky.jobs) == 4, within=20)  # the next wait is of 8 seconds
    eventually(lambda: [a.status for a in agents(deck, task_id)] == [AgentStatus.CANCELLED], within=5)
    assert look(deck, task_id).status is TaskStatus.PAUSED


def test_a_crash_during_the_wait_does_not_begin_the_count_anew(
    launch: Launch, ended: Ended, eventually: Eventually
) -> None:
    flaky = Flaky(fails=99)
    deck = launch(flaky)
    allow(deck, builder=3)
    task_id = submit(deck, "Quick fix").id
    eventually(lambda: waits(deck, task_id) and len(flaky.jobs) == 3)  # it waits for longer than a close does
    deck.close()
    for path in deck.settings.home.glob("engine.sqlite*"):
        path.unlink()
    again = launch(flaky)
    assert ended(again, task_id).status is TaskStatus.FAILED
    assert [job.resume for job in flaky.jobs] == [None, "s-builder", "s-builder", "s-builder"]
    run = run_of(again, task_id)
    assert (run.attempts, run.retries) == (2, 3)
    with again.store.read() as board:
        told = [entry.event for entry in board.events(task_id=task_id, limit=1000)]
    continued = next(event for event in told if isinstance(event, e.StepContinued))
    assert (continued.step, continued.attempt, continued.session) == ("builder", 2, True)
    line = happenings.line(continued, {})
    assert line is not None
    where = again.engine.worker
    assert line["words"] == f"its engine process was gone; builder continues its session on {where} (try 2)"


def test_a_runtime_that_is_not_there_is_not_tried_again(launch: Launch, ended: Ended) -> None:
    @dataclass
    class Missing:
        asked: int = 0

        async def run(self, job: Job) -> AsyncIterator[Event | Reply]:
            self.asked += 1
            raise RuntimeUnavailable("The Claude command line was not found.")
            yield

    missing = Missing()
    deck = launch(missing)
    assert ended(deck, submit(deck, "Quick fix").id).status is TaskStatus.FAILED
    assert missing.asked == 1
