"""A person in command: pause, resume, retry from a step, run again; what is paid for stays paid."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import pytest

from data.domain import events as e
from data.domain.agents import Agent, AgentStatus, Role
from data.domain.errors import (
    AgentFailed,
    FleetError,
    InvalidField,
    RuntimeUnavailable,
    StillRunning,
    TaskNotFound,
    TooLate,
)
from data.domain.tasks import Task, TaskStatus
from data.domain.workflows import StepStatus
from data.store import AgentFilter
from orchestrator_adapter import commands
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.ingest import attach
from orchestrator_adapter.runners import Job, Reply
from tests.engine.cast import Cast, submit

Ended = Callable[[Deck, str], Task]
Launch = Callable[..., Deck]
Eventually = Callable[..., None]


def look(deck: Deck, task_id: str) -> Task:
    with deck.store.read() as board:
        return board.task(task_id)


def agents(deck: Deck, task_id: str) -> list[Agent]:
    with deck.store.read() as board:
        return board.agents(AgentFilter(task_id=task_id), limit=200).items


def worked(cast: Cast) -> list[str]:
    return [job.step for job in cast.jobs]


def statuses(task: Task) -> dict[str, StepStatus]:
    return {step.key: step.status for step in task.workflow}


def test_a_pause_lets_the_running_step_finish_and_holds_the_rest(
    launch: Launch, ended: Ended, eventually: Eventually
) -> None:
    gate = threading.Event()
    cast = Cast(hold={Role.PLANNER: gate})
    deck = launch(cast)
    task_id = submit(deck).id
    eventually(lambda: "planner" in worked(cast))
    assert commands.pause_task(deck, LOCAL, task_id).status is TaskStatus.PAUSED
    assert commands.pause_task(deck, LOCAL, task_id).status is TaskStatus.PAUSED
    gate.set()
    eventually(lambda: statuses(look(deck, task_id))["planner"] is StepStatus.COMPLETED)
    task = look(deck, task_id)
    assert (task.status, statuses(task)["builder"]) == (TaskStatus.PAUSED, StepStatus.PENDING)
    assert worked(cast) == ["analyst", "planner"]
    resumed = commands.resume_task(deck, LOCAL, task_id)
    assert (resumed.status, resumed.kept_nanousd) == (TaskStatus.IN_PROGRESS, 2_000_000)
    task = ended(deck, task_id)
    assert task.status is TaskStatus.COMPLETED
    assert worked(cast) == ["analyst", "planner", "builder", "tester", "reviewer"]
    assert task.cost_nanousd == 5_000_000


def test_a_pause_that_stops_agents_continues_their_session(
    launch: Launch, ended: Ended, eventually: Eventually
) -> None:
    cast = Cast(hold={Role.BUILDER: threading.Event()})
    deck = launch(cast)
    task_id = submit(deck, "Quick fix").id
    eventually(lambda: any(a.session_id for a in agents(deck, task_id)))
    commands.pause_task(deck, LOCAL, task_id, stop_agents=True)
    eventually(lambda: [a.status for a in agents(deck, task_id)] == [AgentStatus.CANCELLED])
    cast.hold.clear()
    commands.resume_task(deck, LOCAL, task_id)
    task = ended(deck, task_id)
    assert task.status is TaskStatus.COMPLETED
    assert [job.resume for job in cast.jobs] == [None, "s-builder", None]
    assert len({job.agent_id for job in cast.jobs}) == 3


def test_a_resume_while_the_step_still_runs_waits_for_it_and_does_not_start_a_twin(
    launch: Launch, ended: Ended, eventually: Eventually
) -> None:
    gate = threading.Event()
    cast = Cast(hold={Role.BUILDER: gate})
    deck = launch(cast)
    task_id = submit(deck, "Quick fix").id
    eventually(lambda: worked(cast) == ["builder"])
    commands.pause_task(deck, LOCAL, task_id)
    commands.resume_task(deck, LOCAL, task_id)
    gate.set()
    assert ended(deck, task_id).status is TaskStatus.COMPLETED
    assert worked(cast) == ["builder", "tester"]


def test_a_failed_task_goes_on_from_the_first_unpaid_step(launch: Launch, ended: Ended) -> None:
    cast = Cast({Role.BUILDER: AgentFailed("API Error: 529")})
    deck = launch(cast)
    task_id = submit(deck).id
    assert ended(deck, task_id).status is TaskStatus.FAILED
    cast.answers.clear()
    resumed = commands.resume_task(deck, LOCAL, task_id)
    assert (resumed.error, resumed.kept_nanousd, resumed.run) == (None, 2_000_000, 2)
    task = ended(deck, task_id)
    assert task.status is TaskStatus.COMPLETED
    assert worked(cast) == ["analyst", "planner", "builder", "builder", "tester", "reviewer"]
    assert cast.jobs[3].resume == "s-builder", "work that was broken off goes on in its session"
    assert task.cost_nanousd == 6_000_000


def test_a_step_that_was_judged_bad_begins_anew(launch: Launch, ended: Ended) -> None:
    cast = Cast({Role.TESTER: "## Issues\n- wrong\n\nVerdict: FAIL"})
    deck = launch(cast)
    task_id = submit(deck, "Quick fix").id
    ended(deck, task_id)
    cast.answers.clear()
    commands.resume_task(deck, LOCAL, task_id, from_step="builder")
    task = ended(deck, task_id)
    assert task.status is TaskStatus.COMPLETED
    assert worked(cast) == ["builder", "tester", "builder", "tester"]
    assert [job.resume for job in cast.jobs] == [None] * 4
    assert task.kept_nanousd == 0


def test_a_completed_task_can_be_done_again_from_a_step(launch: Launch, ended: Ended) -> None:
    cast = Cast()
    deck = launch(cast)
    task_id = submit(deck).id
    ended(deck, task_id)
    with pytest.raises(TooLate, match="name the step"):
        commands.resume_task(deck, LOCAL, task_id)
    with pytest.raises(InvalidField, match="must be one of analyst, planner"):
        commands.resume_task(deck, LOCAL, task_id, from_step="nobody")
    commands.resume_task(deck, LOCAL, task_id, from_step="tester")
    task = ended(deck, task_id)
    assert (task.status, task.kept_nanousd) == (TaskStatus.COMPLETED, 3_000_000)
    assert worked(cast)[5:] == ["tester", "reviewer"]


def test_a_cancelled_task_can_be_resumed(launch: Launch, ended: Ended, eventually: Eventually) -> None:
    cast = Cast(hold={Role.PLANNER: threading.Event()})
    deck = launch(cast)
    task_id = submit(deck).id
    eventually(lambda: "planner" in worked(cast))
    commands.cancel_task(deck, LOCAL, task_id)
    assert commands.cancel_task(deck, LOCAL, task_id).status is TaskStatus.CANCELLED
    eventually(lambda: not any(a.live for a in agents(deck, task_id)))
    cast.hold.clear()
    commands.resume_task(deck, LOCAL, task_id)
    task = ended(deck, task_id)
    assert (task.status, task.error) == (TaskStatus.COMPLETED, None)
    assert worked(cast).count("analyst") == 1


@pytest.mark.parametrize("clicks", [1, 2])
def test_a_running_task_cannot_be_resumed(launch: Launch, eventually: Eventually, clicks: int) -> None:
    gate = threading.Event()
    deck = launch(Cast(hold={Role.BUILDER: gate}))
    task_id = submit(deck, "Quick fix").id
    eventually(lambda: look(deck, task_id).status is TaskStatus.IN_PROGRESS)
    for _ in range(clicks):
        with pytest.raises(TooLate):
            commands.resume_task(deck, LOCAL, task_id)
    gate.set()
    eventually(lambda: look(deck, task_id).ended)


def test_a_double_click_on_resume_sets_it_going_once(launch: Launch, ended: Ended) -> None:
    cast = Cast({Role.BUILDER: AgentFailed("x")})
    deck = launch(cast)
    task_id = submit(deck, "Quick fix").id
    ended(deck, task_id)
    cast.answers.clear()
    commands.resume_task(deck, LOCAL, task_id)
    with pytest.raises(TooLate):
        commands.resume_task(deck, LOCAL, task_id)
    ended(deck, task_id)
    assert worked(cast) == ["builder", "builder", "tester"]


def test_a_rerun_is_a_new_task_with_the_same_wishes(launch: Launch, ended: Ended) -> None:
    cast = Cast()
    deck = launch(cast)
    first = ended(deck, submit(deck, "Quick fix", model="claude-haiku-5-5", budget_nanousd=10**9).id)
    again = ended(deck, commands.rerun_task(deck, LOCAL, first.id).id)
    assert again.id != first.id
    assert (again.rerun_of, again.description, again.model, again.budget_nanousd) == (
        first.id,
        first.description,
        first.model,
        first.budget_nanousd,
    )
    assert worked(cast) == ["builder", "tester"] * 2


def test_agents_that_others_run_are_not_pretended_to_be_stopped(launch: Launch) -> None:
    deck = launch(Cast())
    theirs = attach.task(deck.store, "theirs", roles=["builder"], working_directory="/").task_id
    for command in (commands.cancel_task, commands.pause_task, commands.resume_task, commands.rerun_task):
        with pytest.raises(RuntimeUnavailable, match="another program runs them"):
            command(deck, LOCAL, theirs)
    assert look(deck, theirs).status is TaskStatus.IN_PROGRESS


@dataclass
class Lingering(Cast):
    """Agents that take their time to end."""

    leave: threading.Event = field(default_factory=threading.Event)

    async def run(self, job: Job) -> AsyncIterator[e.Event | Reply]:
        try:
            async for happening in super().run(job):
                yield happening
        finally:
            while job.role in self.hold and not self.leave.is_set():
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("stop", ["pause", "cancel"])
def test_while_an_agent_is_still_being_stopped_nothing_else_can_be_done_to_its_task(
    launch: Launch, ended: Ended, eventually: Eventually, stop: str
) -> None:
    cast = Lingering(hold={Role.BUILDER: threading.Event()})
    deck = launch(cast)
    task_id = submit(deck, "Quick fix").id
    eventually(lambda: any(a.session_id for a in agents(deck, task_id)))
    if stop == "pause":
        commands.pause_task(deck, LOCAL, task_id, stop_agents=True)
    else:
        commands.cancel_task(deck, LOCAL, task_id)
    for from_step in (None, "builder"):
        with pytest.raises(StillRunning, match="builder is still being stopped; try again soon"):
            commands.resume_task(deck, LOCAL, task_id, from_step=from_step)
    with pytest.raises(StillRunning):
        commands.delete_task(deck, LOCAL, task_id)
    if stop == "cancel":
        with pytest.raises(TooLate, match="cancelled cannot become paused"):
            commands.pause_task(deck, LOCAL, task_id)
    cast.leave.set()
    eventually(lambda: not any(a.live for a in agents(deck, task_id)))
    cast.hold.clear()
    commands.resume_task(deck, LOCAL, task_id)
    task = ended(deck, task_id)
    assert (task.status, worked(cast)) == (TaskStatus.COMPLETED, ["builder", "builder", "tester"])
    assert not any(a.live for a in agents(deck, task_id))


PRESSED = {
    "cancel": commands.cancel_task,
    "pause": commands.pause_task,
    "stop": partial(commands.pause_task, stop_agents=True),
    "resume": commands.resume_task,
    "retry": partial(commands.resume_task, from_step="builder"),
    "delete": commands.delete_task,
}


@pytest.mark.parametrize(
    ("one", "other"),
    [("cancel", "cancel"), ("pause", "pause"), ("cancel", "stop"), ("resume", "cancel"), ("retry", "delete")],
)
def test_two_people_press_buttons_at_the_same_moment(
    launch: Launch, eventually: Eventually, one: str, other: str
) -> None:
    cast = Cast(hold={Role.BUILDER: threading.Event()})
    deck, both = launch(cast), threading.Barrier(2)
    task_id = submit(deck, "Quick fix").id
    eventually(lambda: worked(cast) == ["builder"])
    if one in ("resume", "retry"):
        commands.cancel_task(deck, LOCAL, task_id)
        eventually(lambda: not any(a.live for a in agents(deck, task_id)))

    def press(name: str) -> str:
        both.wait()
        try:
            PRESSED[name](deck, LOCAL, task_id)
        except FleetError as refusal:
            return str(refusal)
        return ""

    with ThreadPoolExecutor(2) as people:
        said = list(people.map(press, (one, other)))
    assert "" in said, "one of them had it done"
    if one == other:
        assert said == ["", ""], "both wanted the same"
    assert all(not words or words.endswith(".") for words in said)
    for gate in cast.hold.values():
        gate.set()

    def settled() -> bool:
        try:
            task = look(deck, task_id)
        except TaskNotFound:
            return True
        at_rest = task.ended or task.status is TaskStatus.PAUSED
        return at_rest and not any(a.live for a in agents(deck, task_id))

    eventually(settled, within=30)


def test_an_agent_that_never_began_is_not_waited_for(launch: Launch, ended: Ended, eventually: Eventually) -> None:
    gate = threading.Event()
    cast = Cast(hold={Role.BUILDER: gate})
    deck = launch(cast, QUARTERDECK_MAX_AGENTS="1")
    submit(deck, "Quick fix")
    eventually(lambda: worked(cast) == ["builder"])
    waiting, doomed = (commands.start_agent(deck, LOCAL, Role.REVIEWER, "Look around") for _ in range(2))
    commands.pause_task(deck, LOCAL, waiting.task_id)
    commands.cancel_task(deck, LOCAL, doomed.task_id)
    assert [a.status for a in agents(deck, doomed.task_id)] == [AgentStatus.CANCELLED]
    commands.delete_task(deck, LOCAL, doomed.task_id)
    commands.resume_task(deck, LOCAL, waiting.task_id)
    gate.set()
    assert ended(deck, waiting.task_id).status is TaskStatus.COMPLETED
    assert sorted(a.status for a in agents(deck, waiting.task_id)) == [AgentStatus.CANCELLED, AgentStatus.COMPLETED]
