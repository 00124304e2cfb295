"""A task through the real engine: planned steps run in order, failures stop what follows, nothing is paid twice."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from data.domain import events as e
from data.domain.agents import AgentStatus, Role
from data.domain.errors import AgentFailed
from data.domain.events import Event
from data.domain.money import Tokens
from data.domain.tasks import AnalystChoice, Draft, Task, TaskStatus, TaskType
from data.domain.workflows import StepStatus
from data.store import AgentFilter, Store
from orchestrator_adapter import commands
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.engine import names
from orchestrator_adapter.ingest import attach
from orchestrator_adapter.runners import Job
from tests.engine.cast import REPORT, Cast, submit
from tests.events import submitted

Ended = Callable[[Deck, str], Task]
Launch = Callable[..., Deck]


def test_a_complex_task_runs_step_by_step_to_its_end(launch: Launch, ended: Ended) -> None:
    cast = Cast()
    deck = launch(cast)
    task = ended(deck, submit(deck).id)
    assert task.status is TaskStatus.COMPLETED
    assert [job.step for job in cast.jobs] == ["analyst", "planner", "builder", "tester", "reviewer"]
    assert {step.status for step in task.workflow} == {StepStatus.COMPLETED}
    assert task.cost_nanousd == 5_000_000
    assert task.result == REPORT.format(role="reviewer")
    with deck.store.read() as board:
        agents = board.agents(AgentFilter(task_id=task.id)).items
        kinds = [entry.event.kind for entry in board.events(task_id=task.id)]
    assert {agent.status for agent in agents} == {AgentStatus.COMPLETED}
    assert [agent.simulated for agent in agents] == [True] * 5
    assert kinds[0] == "task_submitted"
    assert kinds[-1] == "task_moved"


def test_the_same_road_on_either_database(launch: Launch, ended: Ended, store_url: str) -> None:
    cast = Cast()
    deck = launch(cast, store_url)
    task = ended(deck, submit(deck, "Quick fix").id)
    assert (task.status, [job.step for job in cast.jobs]) == (TaskStatus.COMPLETED, ["builder", "tester"])


def test_a_second_process_on_one_store_is_a_client_not_a_twin(launch: Launch, ended: Ended, store_url: str) -> None:
    first, second = Cast(), Cast()
    engine, client = launch(first, store_url), launch(second, store_url)
    assert client.not_ready() == ["another process runs the engine of this store"]
    task = ended(client, submit(client, "Quick fix").id)
    assert (task.status, len(first.jobs), second.jobs) == (TaskStatus.COMPLETED, 2, [])
    assert engine.not_ready() == []


def test_each_agent_is_told_what_the_one_before_found(launch: Launch, ended: Ended) -> None:
    cast = Cast({Role.PLANNER: "no headings at all, only: touch line 7"})
    deck = launch(cast)
    ended(deck, submit(deck).id)
    prompts = {job.role: job.prompt for job in cast.jobs}
    assert "found by analyst" in prompts[Role.PLANNER]
    assert "touch line 7" in prompts[Role.BUILDER]
    assert "found by builder" in prompts[Role.TESTER]


@pytest.mark.parametrize(("choice", "first"), [(AnalystChoice.SKIP, "planner"), (AnalystChoice.FORCE, "analyst")])
def test_the_choice_about_the_analyst_changes_who_works(
    launch: Launch, ended: Ended, choice: AnalystChoice, first: str
) -> None:
    cast = Cast()
    deck = launch(cast)
    task = ended(deck, submit(deck, analyst=choice).id)
    assert cast.jobs[0].step == first
    assert task.analyst_included == (choice is AnalystChoice.FORCE)


def test_a_failed_step_fails_the_task_and_starts_nothing_more(launch: Launch, ended: Ended) -> None:
    cast = Cast({Role.BUILDER: AgentFailed("API Error: 500")})
    deck = launch(cast)
    task = ended(deck, submit(deck).id)
    assert task.status is TaskStatus.FAILED
    assert task.error == "builder failed: API Error: 500"
    assert [job.step for job in cast.jobs] == ["analyst", "planner", "builder"]
    statuses = {step.key: step.status for step in task.workflow}
    assert statuses["builder"] is StepStatus.FAILED
    assert statuses["tester"] is statuses["reviewer"] is StepStatus.SKIPPED
    assert task.cost_nanousd == 3_000_000


@pytest.mark.parametrize("role", [Role.TESTER, Role.REVIEWER])
def test_a_verdict_of_failure_is_a_failed_outcome(launch: Launch, ended: Ended, role: Role) -> None:
    cast = Cast({role: "## Summary\nNo good.\n\n## Issues\n- wrong sign\n\nVerdict: FAIL"})
    deck = launch(cast)
    task = ended(deck, submit(deck).id)
    assert task.status is TaskStatus.FAILED
    assert task.error is not None
    assert task.error.startswith(f"{role.value} failed:")
    with deck.store.read() as board:
        agent = next(a for a in board.agents(AgentFilter(task_id=task.id)).items if a.role is role)
    assert agent.status is AgentStatus.FAILED


def test_a_runner_that_breaks_fails_its_step_with_a_sentence(launch: Launch, ended: Ended) -> None:
    deck = launch(Cast({Role.ANALYST: ZeroDivisionError("surprise")}))
    task = ended(deck, submit(deck).id)
    assert task.error == "analyst failed: The runner failed: ZeroDivisionError: surprise"


def test_cancel_ends_the_agent_at_work_and_the_steps_to_come(
    launch: Launch, ended: Ended, eventually: Callable[..., None]
) -> None:
    cast = Cast(hold={Role.PLANNER: threading.Event()})
    deck = launch(cast)
    task_id = submit(deck).id
    eventually(lambda: any(job.role is Role.PLANNER for job in cast.jobs))
    commands.cancel_task(deck, LOCAL, task_id)
    eventually(lambda: Role.PLANNER in cast.closed, within=3)

    def planner() -> AgentStatus:
        with deck.store.read() as board:
            found = board.agents(AgentFilter(task_id=task_id)).items
        return next(a.status for a in found if a.role is Role.PLANNER)

    eventually(lambda: planner() is AgentStatus.CANCELLED, within=5)
    task = ended(deck, task_id)
    assert (task.status, task.error) == (TaskStatus.CANCELLED, "Cancelled by local.")
    statuses = {step.key: step.status for step in task.workflow}
    assert statuses["analyst"] is StepStatus.COMPLETED
    assert {statuses[k] for k in ("planner", "builder", "tester", "reviewer")} == {StepStatus.CANCELLED}
    assert commands.cancel_task(deck, LOCAL, task_id) == task, "a second click says the same and changes nothing"
    assert len(cast.jobs) == 2


def test_a_plan_of_a_planner_agent_replaces_the_workflow_and_is_paid_for(launch: Launch, ended: Ended) -> None:
    plan = '{"complexity":"simple","rationale":"tiny","workflow":[{"agent_role":"builder"},{"agent_role":"TESTER"}]}'
    cast = Cast({Role.PLANNER: f"Sure!\n```json\n{plan}\n```\nDone."})
    deck = launch(cast)
    draft = Draft("Refactor the whole parser", task_type=TaskType.BUG_FIX, ai_planner=True)
    task = open_with_planner(deck, draft)
    task = ended(deck, task.id)
    assert [job.step for job in cast.jobs] == ["plan", "builder", "tester"]
    assert [step.key for step in task.workflow] == ["plan", "builder", "tester"]
    assert task.status is TaskStatus.COMPLETED
    assert task.cost_nanousd == 3_000_000
    assert task.analyst_included is False


def test_a_useless_plan_is_refused_visibly_and_the_template_runs(launch: Launch, ended: Ended) -> None:
    cast = Cast({Role.PLANNER: "I would rather not."})
    deck = launch(cast)
    draft = Draft("Quick fix for the typo", task_type=TaskType.BUG_FIX, ai_planner=True)
    task = ended(deck, open_with_planner(deck, draft).id)
    assert [job.step for job in cast.jobs] == ["plan", "builder", "tester"]
    with deck.store.read() as board:
        planned = next(r.event for r in board.events(task_id=task.id) if isinstance(r.event, e.TaskPlanned))
    assert planned.refused


def test_a_plan_that_a_person_forbids_is_refused_and_the_template_runs(launch: Launch, ended: Ended) -> None:
    cast = Cast({Role.PLANNER: '{"workflow": [{"agent_role": "ANALYST"}]}'})
    deck = launch(cast)
    draft = Draft("Quick fix", task_type=TaskType.BUG_FIX, ai_planner=True, analyst=AnalystChoice.SKIP)
    task = ended(deck, open_with_planner(deck, draft).id)
    assert [job.step for job in cast.jobs] == ["plan", "builder", "tester"]
    assert task.status is TaskStatus.COMPLETED


def open_with_planner(deck: Deck, draft: Draft) -> Task:
    """Scripted tasks have no planner agent by themselves; the engine's part is what is tested here."""
    task_id = "ab" * 16
    previewed = commands.preview_task(deck, draft)
    workflow = names.with_planning_step(previewed.plan.workflow)
    with deck.store.write(durable=True) as ledger:
        ledger.append(
            submitted(
                task_id,
                description=draft.description,
                task_type=previewed.task_type,
                complexity=previewed.complexity,
                analyst_choice=draft.analyst,
                analyst_included=previewed.plan.analyst_included,
                analyst_reason=previewed.plan.analyst_reason,
                workflow=names.specs(workflow),
                working_directory=str(deck.settings.home),
                runtime=e.Runtime.SCRIPTED,
                ai_planner=True,
                by="test",
            )
        )
    with deck.store.read() as board:
        return board.task(task_id)


def test_at_most_so_many_agents_work_at_once(launch: Launch, ended: Ended, eventually: Callable[..., None]) -> None:
    gate = threading.Event()
    cast = Cast(hold={Role.BUILDER: gate})
    deck = launch(cast, QUARTERDECK_MAX_AGENTS="2")
    tasks = [submit(deck, f"Quick fix number {n}").id for n in range(5)]
    eventually(lambda: len(cast.jobs) == 2)
    with deck.store.read() as board:
        live = board.agents(AgentFilter(live=True)).items
    assert len(live) == 2
    gate.set()
    for task_id in tasks:
        assert ended(deck, task_id).status is TaskStatus.COMPLETED


def test_a_paid_step_is_not_paid_again_if_the_engine_forgets(
    launch: Launch, ended: Ended, eventually: Callable[..., None]
) -> None:
    """The engine's own file is lost; our record of the paid step is not."""
    first = Cast(hold={Role.TESTER: threading.Event()})
    deck = launch(first)
    task_id = submit(deck, "Quick fix for the typo").id

    def session_is_noted() -> bool:
        with deck.store.write() as ledger:
            run = ledger.run(names.step_run(task_id, "tester"))
        return run is not None and run.session_id is not None

    eventually(session_is_noted)
    deck.close()
    for path in deck.settings.home.glob("engine.sqlite*"):
        path.unlink()
    second = Cast()
    again = launch(second)
    task = ended(again, task_id)
    assert task.status is TaskStatus.COMPLETED
    assert [job.step for job in second.jobs] == ["tester"]
    assert second.jobs[0].resume == "s-tester"


def test_a_single_agent_is_a_task_of_one_step(launch: Launch, ended: Ended) -> None:
    cast = Cast()
    deck = launch(cast)
    agent = commands.start_agent(deck, LOCAL, Role.DOCUMENTER, "Write the changelog")
    assert (agent.role, agent.step, agent.status in (AgentStatus.IDLE, AgentStatus.ACTIVE)) == (
        Role.DOCUMENTER,
        "documenter",
        True,
    )
    task = ended(deck, agent.task_id)
    with deck.store.read() as board:
        assert board.agent(agent.id).status is AgentStatus.COMPLETED
    assert [job.agent_id for job in cast.jobs] == [agent.id]
    assert task.status is TaskStatus.COMPLETED


def test_work_submitted_by_another_process_is_found(launch: Launch, ended: Ended) -> None:
    deck = launch(Cast())
    other = Store.open(deck.settings.database_url)
    task_id = "cd" * 16
    with other.write(durable=True) as ledger:
        ledger.append(
            submitted(
                task_id,
                description="x",
                task_type=TaskType.CUSTOM,
                complexity=e.Complexity.SIMPLE,
                workflow=(e.StepSpec(key="builder", role=Role.BUILDER, scope="s"),),
                working_directory=str(deck.settings.home),
                runtime=e.Runtime.SCRIPTED,
                by="elsewhere",
            )
        )
    other.close()
    assert ended(deck, task_id).status is TaskStatus.COMPLETED


def test_what_a_stopped_agent_still_used_is_counted(
    launch: Launch, ended: Ended, eventually: Callable[..., None]
) -> None:
    """The runner tells its last usage only while it is being closed."""

    class Talkative:
        def __init__(self, job: Job) -> None:
            self.job, self.begun, self.leftover = job, False, ()

        def __aiter__(self) -> Talkative:
            return self

        async def __anext__(self) -> Event:
            if self.begun:
                await asyncio.Event().wait()
            self.begun = True
            ids = {"task_id": self.job.task_id, "agent_id": self.job.agent_id}
            return e.SessionStarted(**ids, session_id="s", model="claude-sonnet-5-5")

        async def aclose(self) -> None:
            self.leftover = (
                e.MessageMetered(
                    task_id=self.job.task_id,
                    agent_id=self.job.agent_id,
                    message_id="late",
                    model="claude-sonnet-5-5",
                    tokens=Tokens(1, 1),
                    cost_nanousd=42,
                ),
            )

    class Slow:
        def run(self, job: Job) -> Talkative:
            return Talkative(job)

    deck = launch(Slow())
    task_id = submit(deck, "Quick fix").id

    def session() -> str | None:
        with deck.store.read() as board:
            found = board.agents(AgentFilter(task_id=task_id)).items
        return found[0].session_id if found else None

    eventually(session)
    commands.cancel_task(deck, LOCAL, task_id)

    def cost() -> int:
        with deck.store.read() as board:
            return board.task(task_id).cost_nanousd

    eventually(lambda: cost() == 42)


def test_a_task_that_others_run_is_left_to_them(launch: Launch, ended: Ended) -> None:
    cast = Cast()
    deck = launch(cast)
    attached = attach.task(deck.store, "theirs", roles=["builder"], working_directory="/")
    ended(deck, submit(deck, "Quick fix").id)
    with deck.store.read() as board:
        assert board.task(attached.task_id).status is TaskStatus.IN_PROGRESS
    assert [job.task_id for job in cast.jobs if job.task_id == attached.task_id] == []
