"""A fleet at work right now: a few running tasks whose agents are in all the states in which an agent can be."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from data.domain import events as e
from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.money import Tokens
from data.domain.prices import book
from data.domain.tasks import Complexity, TaskStatus
from data.domain.workflows import Step, StepStatus, Workflow, checked
from data.store import Ledger
from orchestrator_adapter import planning
from orchestrator_adapter.engine import names
from orchestrator_adapter.seed import phrases, stories, work
from orchestrator_adapter.seed.agents import TOOLS, AgentStory
from orchestrator_adapter.seed.lives import SETTLE, Fate, Life, Run

FULLEST = 0.93
"""How full the fullest context is."""
PER_TASK = 20
FEW_TASKS = 5
STATES = (
    *(AgentStatus.ACTIVE, AgentStatus.WAITING, AgentStatus.IDLE, AgentStatus.ACTIVE, AgentStatus.ACTIVE),
    *(AgentStatus.ACTIVE, AgentStatus.ACTIVE, AgentStatus.WAITING, AgentStatus.ACTIVE, AgentStatus.ACTIVE),
)
"""What the agents are, one after the other, again and again."""
_WORKERS = (Role.BUILDER, Role.TESTER, Role.REVIEWER, Role.DOCUMENTER, Role.CUSTOM)


@dataclass(frozen=True)
class Worker:
    """One agent that is at work now."""

    step: Step
    status: AgentStatus
    fullness: float


def shares(agents: int) -> list[int]:
    """How many live agents each task has."""
    tasks = max(min(agents, FEW_TASKS), math.ceil(agents / PER_TASK))
    return [agents // tasks + (number < agents % tasks) for number in range(tasks)]


def write(ledger: Ledger, seed: str, live: int, first: int, now: datetime) -> None:
    """One running task with so many live agents; `first` counts those of the tasks before."""
    rng = Random(seed)
    life = _life(rng, seed, live, now)
    steps = life.submitted.workflow[2:-1]
    workers = [_worker(rng, steps[n], first + n) for n in range(live)]
    told = [*_before(ledger, life)]
    told += [one for worker in workers for one in _working(rng, ledger, life, worker, now)]
    for happening in sorted(told, key=lambda one: one.at):
        ledger.append(happening.event, happening.at)


def _worker(rng: Random, step: e.StepSpec, number: int) -> Worker:
    fullness = FULLEST if number == 0 else FULLEST * rng.betavariate(1.6, 2.2)
    plain = Step(step.key, step.role, step.scope, step.depends_on)
    return Worker(plain, STATES[number % len(STATES)], fullness)


def _life(rng: Random, seed: str, live: int, now: datetime) -> Life:
    """A complex task: ANALYST and PLANNER are done, the others work side by side."""
    request = phrases.request(rng, complex_share=1)
    workflow = _workflow(live)
    estimated = planning.estimate(request.description)
    model = rng.choice(tuple(work.NEW_MODELS))
    submitted = e.TaskSubmitted(
        task_id=uuid.UUID(int=rng.getrandbits(128), version=4).hex,
        description=request.description,
        task_type=request.task_type,
        complexity=Complexity.COMPLEX,
        complexity_reasons=estimated.reasons,
        analyst_included=True,
        analyst_reason="Complex task: ANALYST goes first",
        workflow=names.specs(workflow),
        working_directory=request.product.folder,
        runtime=Runtime.DEMO,
        by="ana",
    )
    begun_s = rng.uniform(420, 900)
    runs = (Run(workflow[0], 1, 150), Run(workflow[1], 151, 240))
    start = now - timedelta(seconds=begun_s)
    return Life(submitted, request, start, runs, Fate.DONE, model, 1.0, seed)


def _workflow(live: int) -> Workflow:
    first = Step("analyst", Role.ANALYST, "Find out what has to be done.")
    plan = Step("planner", Role.PLANNER, "Part the work so that it can be done side by side.", (first.key,))
    workers = []
    for number in range(live):
        role, turn = _WORKERS[number % len(_WORKERS)], number // len(_WORKERS) + 1
        key = role.value if turn == 1 else f"{role.value}-{turn}"
        workers.append(Step(key, role, "Do your part of the plan.", (plan.key,)))
    last = Step("orchestrator", Role.ORCHESTRATOR, SETTLE, tuple(step.key for step in workers))
    return checked((first, plan, *workers, last))


def _before(ledger: Ledger, life: Life) -> Iterator[stories.Happening]:
    """What is done and paid, also in the eyes of an engine that goes on from here."""
    task_id = life.submitted.task_id
    yield stories.at(life, 0, life.submitted)
    yield stories.at(life, 0.5, e.TaskMoved(task_id=task_id, to=TaskStatus.IN_PROGRESS))
    for run in life.runs:
        story = AgentStory(life, run, ledger.keep)
        yield from (stories.at(life, seconds, event) for seconds, event in stories.step(life, story))
        run_id = names.step_run(task_id, run.step.key)
        ledger.begin_run(run_id, task_id, run.step.key, names.agent_id(run_id))
        ledger.finish_run(run_id, {"ok": True, "why": "", "text": story.answer, "session_id": None})


def _working(rng: Random, ledger: Ledger, life: Life, worker: Worker, now: datetime) -> Iterator[stories.Happening]:
    """One agent until now."""
    age_s = (now - life.start).total_seconds()
    begins_s = rng.uniform(age_s - 12, age_s - 1) if worker.status is AgentStatus.IDLE else rng.uniform(242, age_s - 60)
    story = AgentStory(life, Run(worker.step, begins_s, age_s), ledger.keep)
    yield stories.at(life, begins_s, story.created())
    if worker.status is AgentStatus.IDLE:
        return
    step = e.StepMoved(task_id=life.submitted.task_id, step=worker.step.key, to=StepStatus.ACTIVE)
    yield stories.at(life, begins_s, step)
    yield stories.at(life, begins_s, story.moved(AgentStatus.ACTIVE))
    called = story.called(rng.choice(TOOLS[worker.step.role]))
    for seconds, event in _until_now(rng, life, worker, called, begins_s, age_s):
        yield stories.at(life, seconds, event)


def _until_now(
    rng: Random, life: Life, worker: Worker, called: e.ToolCalled, begins_s: float, age_s: float
) -> Iterator[tuple[float, e.Event]]:
    task_id = life.submitted.task_id
    agent_id = names.agent_id(names.step_run(task_id, worker.step.key))
    ids = {"task_id": task_id, "agent_id": agent_id}
    yield begins_s + 1, e.SessionStarted(**ids, session_id=f"demo-{agent_id[:12]}", model=life.model)
    half_s = (begins_s + age_s) / 2
    for number, (at_s, used) in enumerate(((half_s, worker.fullness / 2), (age_s - 9, worker.fullness))):
        yield at_s, _metered(ids, f"live_{agent_id[:16]}_{number}", life, used, life.start + timedelta(seconds=at_s))
    yield age_s - 8, called
    if worker.status is AgentStatus.WAITING:
        yield age_s - 3, e.AgentMoved(**ids, to=AgentStatus.WAITING, why="The model service is busy.")
        delay_ms = rng.randint(5_000, 60_000)
        retry_at = life.start + timedelta(seconds=age_s - 3, milliseconds=delay_ms)
        busy = {"status": 529, "error": "overloaded", "delay_ms": delay_ms, "max_retries": 10}
        yield age_s - 3, e.RetryScheduled(**ids, attempt=rng.randint(1, 4), retry_at=retry_at, **busy)


def _metered(ids: dict[str, str], message: str, life: Life, fullness: float, at: datetime) -> e.MessageMetered:
    """A reply after which the context is that full."""
    window = book().context_window(life.model) or 200_000
    fresh, output = 2_400, 640
    used = Tokens(6, output, max(0, round(window * fullness) - fresh - output - 6), fresh)
    cost = book().cost_nanousd(life.model, used, at)
    return e.MessageMetered(
        **ids, message_id=message, model=life.model, tokens=used, cost_nanousd=cost, context_window=window
    )
