"""Messages from people through the whole engine: each is read once, whatever happens between telling and reading."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from data.domain import events as e
from data.domain.agents import Agent, AgentStatus, Role, Runtime
from data.domain.approvals import ApprovalStatus
from data.domain.errors import AgentFailed
from data.domain.tasks import AnalystChoice, Draft, Task, TaskStatus, TaskType
from data.store import AgentFilter
from orchestrator_adapter import commands, settings
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.commands_tell import tell_agent
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.runners import Runner
from orchestrator_adapter.runners.demo import DemoRunner
from orchestrator_adapter.runners.scripted import ScriptedRunner
from orchestrator_adapter.terminal import at_rest
from tests.engine.cast import Cast, submit
from tests.engine.processes import Fleet

Ended = Callable[[Deck, str], Task]
Launch = Callable[..., Deck]
Eventually = Callable[..., None]
TEXT = "Try the other file."


def at_work(deck: Deck, task_id: str) -> Agent | None:
    """The agent whose session has begun."""
    with deck.store.read() as board:
        found = board.agents(AgentFilter(task_id=task_id, live=True)).items
    return next((agent for agent in found if agent.session_id), None)


def told(deck: Deck, task_id: str) -> tuple[list[str], list[str]]:
    """What was told, and what of it was heard, in the order of the log."""
    with deck.store.read() as board:
        log = board.events(task_id=task_id, limit=1000)
    said = {entry.id: entry.event.words for entry in log if isinstance(entry.event, e.AgentTold)}
    heard = [said[entry.event.told] for entry in log if isinstance(entry.event, e.AgentHeard)]
    return list(said.values()), heard


def test_a_working_agent_reads_the_message_and_ends_its_step(
    launch: Launch, ended: Ended, eventually: Eventually
) -> None:
    hold = threading.Event()
    deck = launch(ScriptedRunner(hold=hold))
    task_id = submit(deck, "Quick fix").id
    eventually(lambda: at_work(deck, task_id))
    agent = at_work(deck, task_id)
    assert agent is not None
    assert tell_agent(deck, LOCAL, agent.id, f"  {TEXT} ").activity == f"told by local: {TEXT}"
    eventually(lambda: told(deck, task_id) == ([TEXT], [TEXT]))
    hold.set()
    task = ended(deck, task_id)
    assert (task.status, task.error) == (TaskStatus.COMPLETED, None)
    with deck.store.read() as board:
        folder = board.agent(agent.id).log_dir
    assert folder is not None
    assert (deck.settings.logs / folder / "prompt.txt").read_text().count(TEXT) == 1


def test_a_message_that_comes_when_the_agent_has_just_ended_begins_another_turn(
    launch: Launch, ended: Ended, eventually: Eventually
) -> None:
    """These agents look into no inbox: for them every message comes too late."""
    gate = threading.Event()
    cast = Cast(hold={Role.BUILDER: gate})
    deck = launch(cast)
    task_id = submit(deck, "Quick fix").id
    eventually(lambda: at_work(deck, task_id))
    agent = at_work(deck, task_id)
    assert agent is not None
    tell_agent(deck, LOCAL, agent.id, TEXT)
    gate.set()
    assert ended(deck, task_id).status is TaskStatus.COMPLETED
    assert [(job.step, job.resume) for job in cast.jobs] == [
        ("builder", None),
        ("builder", "s-builder"),
        ("tester", None),
    ]
    assert cast.jobs[1].said.count(TEXT) == 1
    assert "process ended" not in cast.jobs[1].said
    assert told(deck, task_id) == ([TEXT], [TEXT])
    with deck.store.read() as board:
        agents = board.agents(AgentFilter(task_id=task_id)).items
    assert [agent.status for agent in agents] == [AgentStatus.COMPLETED] * 2


def test_what_was_told_before_a_pause_is_read_once_when_the_step_goes_on(
    launch: Launch, ended: Ended, eventually: Eventually
) -> None:
    cast = Cast(hold={Role.BUILDER: threading.Event()})
    deck = launch(cast)
    task_id = submit(deck, "Quick fix").id
    eventually(lambda: at_work(deck, task_id))
    agent = at_work(deck, task_id)
    assert agent is not None
    for text in ("one", "two"):
        tell_agent(deck, LOCAL, agent.id, text)
    commands.pause_task(deck, LOCAL, task_id, stop_agents=True)
    eventually(lambda: at_work(deck, task_id) is None)
    assert told(deck, task_id) == (["one", "two"], [])
    cast.hold.clear()
    commands.resume_task(deck, LOCAL, task_id)
    assert ended(deck, task_id).status is TaskStatus.COMPLETED
    _, again, tester = cast.jobs
    assert (again.resume, tester.step) == ("s-builder", "tester")
    assert again.said.index("one") < again.said.index("two")
    assert "interrupts your work" not in tester.said
    assert told(deck, task_id) == (["one", "two"], ["two"]), "the second stands behind the first"


def test_an_agent_that_still_waits_for_a_place_begins_with_the_message(
    launch: Launch, ended: Ended, eventually: Eventually
) -> None:
    gate = threading.Event()
    cast = Cast(hold={Role.BUILDER: gate})
    deck = launch(cast, QUARTERDECK_MAX_AGENTS="1")
    first, second = (commands.start_agent(deck, LOCAL, Role.BUILDER, f"Fix {n}") for n in (1, 2))
    eventually(lambda: cast.jobs)
    tell_agent(deck, LOCAL, second.id, TEXT)
    gate.set()
    assert ended(deck, second.task_id).status is TaskStatus.COMPLETED
    assert [(job.agent_id, job.resume, job.said.count(TEXT)) for job in cast.jobs] == [
        (first.id, None, 0),
        (second.id, None, 1),
    ]


def test_what_an_agent_did_not_read_because_it_failed_is_read_when_the_step_is_resumed(
    launch: Launch, ended: Ended, eventually: Eventually
) -> None:
    gate = threading.Event()
    cast = Cast(hold={Role.BUILDER: gate}, answers={Role.BUILDER: AgentFailed("The key was refused.")})
    deck = launch(cast)
    task_id = submit(deck, "Quick fix").id
    eventually(lambda: at_work(deck, task_id))
    agent = at_work(deck, task_id)
    assert agent is not None
    tell_agent(deck, LOCAL, agent.id, TEXT)
    gate.set()
    assert ended(deck, task_id).status is TaskStatus.FAILED
    assert told(deck, task_id) == ([TEXT], [])
    cast.answers.clear()
    commands.resume_task(deck, LOCAL, task_id)
    assert ended(deck, task_id).status is TaskStatus.COMPLETED
    assert [job.said.count(TEXT) for job in cast.jobs] == [0, 1, 0]
    assert told(deck, task_id) == ([TEXT], [TEXT])


@pytest.mark.cli
def test_an_agent_that_waits_for_a_person_takes_its_question_back(
    launch: Launch, tmp_path, ended: Ended, eventually: Eventually
) -> None:
    runners: dict[Runtime, Runner] = {Runtime.DEMO: DemoRunner(tmp_path / "home", pace=0)}
    deck = launch(None, runners=runners)
    draft = Draft(
        "Fix add()",
        TaskType.BUG_FIX,
        AnalystChoice.SKIP,
        runtime=Runtime.DEMO,
        scenario="success",
        ask_tools=("Edit",),
    )
    task_id = commands.submit_task(deck, LOCAL, draft).id

    def waiting() -> list[str]:
        with deck.store.read() as board:
            return [asked.id for asked in board.approvals_waiting()]

    eventually(waiting, within=30)
    (first,) = waiting()
    with deck.store.read() as board:
        agent_id = board.approval(first).agent_id
    assert tell_agent(deck, LOCAL, agent_id, TEXT).status is AgentStatus.ACTIVE
    with deck.store.read() as board:
        assert (board.task(task_id).status, board.approval(first).status) == (
            TaskStatus.IN_PROGRESS,
            ApprovalStatus.WITHDRAWN,
        )
    eventually(lambda: told(deck, task_id) == ([TEXT], [TEXT]), within=30)
    eventually(lambda: waiting() and waiting() != [first], within=30)
    commands.answer_approval(deck, LOCAL, waiting()[0], allow=True)
    task = ended(deck, task_id)
    assert (task.status, task.error) == (TaskStatus.COMPLETED, None)


@pytest.mark.slow
@pytest.mark.timeout(60)
@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_an_agent_in_another_process_is_told_and_so_is_the_one_that_takes_over(
    store_url: str, tmp_path: Path, eventually: Eventually
) -> None:
    """Three real processes over one PostgreSQL: two engines, and this one, which has none and only tells."""
    fleet = Fleet(store_url, tmp_path / "home")
    wanted = settings.read({"QUARTERDECK_HOME": str(fleet.home), "DATABASE_URL": store_url})
    client = at_rest(wanted, fleet.store)
    try:
        for _ in range(2):
            fleet.start()
        task_id = fleet.submit()
        eventually(lambda: fleet.owner(task_id, "planner"), within=30)
        agent, first = at_work(client, task_id), fleet.owner(task_id, "planner")
        assert agent is not None
        assert first is not None
        tell_agent(client, LOCAL, agent.id, TEXT)
        eventually(lambda: told(client, task_id) == ([TEXT], [TEXT]), within=20)
        assert [(line["pid"], TEXT in line["note"]) for line in fleet.journal("heard")] == [(first.pid, True)]
        first.kill()
        tell_agent(client, LOCAL, agent.id, "And then rest.")
        fleet.release()
        eventually(lambda: fleet.task(task_id).ended, within=30)
        assert told(client, task_id) == ([TEXT, "And then rest."],) * 2
        assert fleet.task(task_id).status is TaskStatus.COMPLETED
    finally:
        fleet.end()
