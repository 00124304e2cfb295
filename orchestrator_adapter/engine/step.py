"""What the workflows do: open a task, run one agent and write down what happens, close the task."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import structlog

from data.domain import events as e
from data.domain import workflows
from data.domain.agents import AgentStatus, Runtime
from data.domain.errors import AgentFailed, AgentNotFound, FleetError, PlanRefused, RunLost
from data.domain.money import NANO
from data.domain.tasks import AnalystChoice, Task, TaskStatus
from data.domain.workflows import Step, StepStatus
from data.store import Ledger, StepRun, Store, asking, workers
from orchestrator_adapter import handover, planning, prompts
from orchestrator_adapter.engine import approvals, arrears, closing, governor, names, resuming, retrying, telling
from orchestrator_adapter.engine.changes import Changes
from orchestrator_adapter.engine.pen import Pen
from orchestrator_adapter.engine.recorder import UNSEEN_S, Recorder, Stop, Stopped, Unseen
from orchestrator_adapter.runners import Job, Reply, Runner
from orchestrator_adapter.runners.inbox import Inbox, Note

log = structlog.get_logger("engine")
Outcome = dict[str, Any]
"""What a step gave, as plain data."""
Known = tuple[str, list[e.MessageMetered]] | None
"""The session of an agent, and every reply that its transcript holds."""
T = TypeVar("T")


@dataclass
class Bench:
    """Where steps are worked on: the store, the runners, and the agents at work now."""

    store: Store
    runners: Mapping[Runtime, Runner]
    logs: Path
    at_work: dict[str, Stop] = field(default_factory=dict)
    inboxes: dict[str, Inbox] = field(default_factory=dict)
    """What people say to each agent at work."""
    alive: set[str] = field(default_factory=set)
    """Step runs whose agent may have a process."""
    unseen_s: float = UNSEEN_S
    worker: str = "this process"
    """Name of this engine process."""
    ring: Callable[[], None] = lambda: None
    """Told when a step waits for a place, or has given one back."""

    def __post_init__(self) -> None:
        self.pen = Pen(self.store)
        self.desk = approvals.Desk(self.store, self.pen)
        self.changes = Changes(self.pen, self.logs.parent)

    async def _write(self, work: Callable[[Ledger], T]) -> T:
        """One transaction of a process that nobody has taken for dead; else RunLost."""

        def checked(ledger: Ledger) -> T:
            workers.check(ledger.connection, self.worker)
            return work(ledger)

        return await self.pen.write(checked)

    async def _task(self, task_id: str) -> Task:
        return await self.pen.read(lambda board: board.task(task_id))

    async def open_task(self, task_id: str) -> list[dict[str, Any]]:
        """Mark the task as begun; its workflow, or only the planning step while that is not done."""
        task = await self._task(task_id)
        if task.status is TaskStatus.PENDING:
            await self._write(lambda ledger: ledger.append(e.TaskMoved(task_id=task_id, to=TaskStatus.IN_PROGRESS)))
        unplanned = tuple(s for s in task.workflow if s.key == names.PLAN and s.status is not StepStatus.COMPLETED)
        return workflows.to_json(unplanned or task.workflow)

    async def adopt_plan(self, task_id: str, run_id: str) -> list[dict[str, Any]]:
        """The workflow the planner agent designed, or the template's if its answer cannot be used."""
        task = await self._task(task_id)
        if any(s.key != names.PLAN and s.status is not StepStatus.PENDING for s in task.workflow):
            return workflows.to_json(task.workflow)  # adopted in an earlier run
        template = tuple(s for s in task.workflow if s.key != names.PLAN)
        answer = await self._write(lambda ledger: closing.text_of(ledger, run_id))
        planned = _planned(task, answer, template)
        await self._write(lambda ledger: ledger.append(planned))
        return workflows.to_json((await self._task(task_id)).workflow)

    async def close_task(self, task_id: str, run: int, done: dict[str, str], failures: dict[str, str]) -> str:
        """The task's end: completed with the last answers, or failed with the reason."""
        task = await self._task(task_id)
        if task.run != run or task.status not in (TaskStatus.IN_PROGRESS, TaskStatus.WAITING):
            return task.status.value  # ended or paused meanwhile, or another run of it is under way
        await self._write(lambda ledger: closing.close(ledger, task, done, failures))
        return (await self._task(task_id)).status.value

    async def call_agent(self, run_id: str, key: str, inputs: Sequence[str]) -> Outcome:
        """One step by one agent; its outcome as plain data. What was paid for is not done again.

        Raises RunLost as soon as another process has the step.
        """
        task = await self._task(names.task_of(run_id))
        node = next(s for s in task.workflow if s.key == key)
        agent_id = names.agent_id(run_id)
        run = await self._write(lambda ledger: ledger.begin_run(run_id, task.id, key, agent_id, self.worker))
        if run.outcome is not None:
            return run.outcome
        continued = run.attempts > 1
        await self._make_up(task, run)
        try:
            while True:  # a message from a person may come just when the agent has ended
                outcome = await self._stoppable(task, node, run, inputs, continued)
                continued = False
                inbox = self.inboxes.get(agent_id, Inbox())
                known = await self._transcript(task, run)
                end = partial(_finish, task=task, node=node, run=run, outcome=outcome, inbox=inbox, known=known)
                if await self.pen.write(_held(run, end)):
                    return outcome
        finally:
            self.inboxes.pop(agent_id, None)

    async def _stoppable(self, task: Task, node: Step, run: StepRun, inputs: Sequence[str], continued: bool) -> Outcome:
        """The outcome of the step; when a person stops it, that is written down as soon as the agent is gone."""
        stop = self.at_work[run.run_id] = Stop()
        try:
            return await self._tries(task.id, node, run, inputs, stop, continued)
        except (Stopped, asyncio.CancelledError):
            with contextlib.suppress(FleetError):
                told = self.pen.write(_held(run, lambda ledger: closing.cancel(ledger, task, node, run.agent_id)))
                await asyncio.shield(asyncio.ensure_future(told))
            raise
        finally:
            self.at_work.pop(run.run_id, None)

    async def _tries(
        self, task_id: str, node: Step, run: StepRun, inputs: Sequence[str], stop: Stop, continued: bool
    ) -> Outcome:
        """Work on the step until it is done, judged, or failed in a way that will not pass."""
        if run.begun > retrying.MAX_ATTEMPTS:
            return _outcome(why=f"The step was begun {retrying.MAX_ATTEMPTS} times and its process died each time.")
        while (outcome := await self._one_try(task_id, node, run, inputs, stop, continued)) is None:
            continued = False  # from here on it goes on in the same process
        return outcome

    async def _one_try(
        self, task_id: str, node: Step, run: StepRun, inputs: Sequence[str], stop: Stop, continued: bool
    ) -> Outcome | None:
        """None after a failure that may pass, when the time of the next try has come."""
        task = await self._ready(task_id, node, run)
        self.inboxes[run.agent_id] = Inbox()  # before the store is read, so that nothing falls in between
        begin = partial(self._begin, task=task, node=node, inputs=inputs, run=run, continued=continued)
        job = await self.pen.write(_held(run, begin))
        try:
            return await self._work(task, node, run, job, stop)
        except Unseen:
            return None
        except AgentFailed as failed:
            why = failed
        await self._make_up(task, run)
        with stop.between_tries():  # before it is told: who sees that it waits can pause it
            pause_s = await self.pen.write(_held(run, lambda ledger: retrying.try_again(ledger, node, run.run_id, why)))
            if pause_s is None:
                return _outcome(why=str(why), goes_on=True)
            if (await self._task(task_id)).status is TaskStatus.PAUSED:
                raise Stopped  # paused while it still worked
            await stop.sleep(pause_s)
        return None

    async def _ready(self, task_id: str, node: Step, run: StepRun) -> Task:
        """The task as it stands, if a try may begin now; raises Stopped if a person or a budget holds it."""
        task = await self._task(task_id)
        if task.ended or task.status is TaskStatus.PAUSED:
            raise Stopped
        estimate = planning.typical((node,), task.complexity).cost_nanousd_low
        ask = _held(run, lambda ledger: governor.before_step(ledger, task, run.run_id, estimate))
        ruling = await self.pen.write(ask)
        if ruling.held:
            raise Stopped
        return task if ruling.model is None else replace(task, model=ruling.model)

    async def _make_up(self, task: Task, run: StepRun) -> None:
        """Count what the session holds and nobody has written down, before the step goes on or ends."""
        begun = await self.pen.write(lambda ledger: resuming.begun(ledger, run))
        if begun is not None and (replies := await self._known(task, begun)):
            await self.pen.write(_held(run, lambda ledger: arrears.count(ledger, replies)))

    async def _known(self, task: Task, run: StepRun) -> list[e.MessageMetered]:
        return await asyncio.to_thread(arrears.known_to, self.runners.get(task.runtime), run)

    async def _transcript(self, task: Task, run: StepRun) -> Known:
        """The session of the agent and every reply that its transcript holds; None if it keeps none."""
        try:
            session = (await self.pen.read(lambda board: board.agent(run.agent_id))).session_id
        except AgentNotFound:  # it was never made, or somebody deleted it
            return None
        replies = await self._known(task, replace(run, session_id=session)) if session else []
        return (session, replies) if session and replies else None

    def _begin(
        self, ledger: Ledger, task: Task, node: Step, inputs: Sequence[str], run: StepRun, continued: bool
    ) -> Job:
        """Show step and agent as at work; everything the runner needs."""
        before = resuming.begun(ledger, run)
        resume = None if before is None else before.session_id
        created = names.agent_created(self.logs, task, node, ledger.now())
        ledger.append(created)
        ledger.append(e.StepMoved(task_id=task.id, step=node.key, to=StepStatus.ACTIVE))
        ids = {"task_id": task.id, "agent_id": created.agent_id}
        if _can_begin(ledger, created.agent_id):
            ledger.append(e.AgentMoved(**ids, to=AgentStatus.ACTIVE))
        if continued:
            known = resume is not None
            told = e.StepContinued(**ids, step=node.key, attempt=run.attempts, worker=self.worker, session=known)
            ledger.append(told)
        handed = "\n\n".join(
            handover.forward(handover.read(text, before)) for before, text in _handed_over(ledger, task, inputs)
        )
        prompt, system = _prompts(task, node, handed)
        inbox = self.inboxes[run.agent_id]
        notes = telling.opening(ledger, run.run_id, inbox)
        left = None if task.budget_nanousd is None else max(task.budget_nanousd - task.cost_nanousd, 1) / NANO
        return Job(
            task_id=task.id,
            agent_id=created.agent_id,
            step=node.key,
            role=node.role,
            prompt=telling.with_notes(prompt, notes),
            system_prompt=system,
            working_directory=Path(task.working_directory),
            log_dir=Path(ledger.log_dir(created.agent_id) or str(created.log_dir)),
            model=task.model,
            permission_mode=task.permission_mode,
            resume=resume,
            resume_prompt=telling.with_notes(prompts.resumed_prompt(node) if continued or not notes else "", notes),
            scenario=task.scenario,
            max_budget_usd=left,
            ask_tools=task.ask_tools,
            ask=partial(self.desk.ask, run),
            inbox=inbox,
        )

    async def _work(self, task: Task, node: Step, run: StepRun, job: Job, stop: Stop) -> Outcome:
        """Let the agent work, each happening written down; its outcome.

        Raises AgentFailed, Stopped if a person stopped it, Unseen if it was stopped because nobody could see it,
        RunLost if another process has the step.
        """
        recorder = Recorder(self.pen, run, stop, self.unseen_s)
        self.alive.add(run.run_id)
        try:
            watched = replace(job, keep=recorder.keep, counted=recorder.counted)
            happenings = self.runners[task.runtime].run(watched)  # a demo lays out its folder here
            async with self.changes.between(run, job.working_directory, stop.said):
                reply = await recorder.record(happenings)
        except (AgentFailed, Stopped, Unseen, RunLost):
            raise
        except FleetError as refused:
            return _outcome(why=str(refused))
        except Exception as surprise:  # the boundary of a task: whatever a runner raises ends this step only
            log.exception("agent_crashed", run_id=run.run_id)
            return _outcome(why=f"The runner failed: {type(surprise).__name__}: {surprise}")
        finally:
            self.alive.discard(run.run_id)
        return _judged(reply, node)

    def stop(self, task_id: str) -> None:
        """Stop every agent of the task that is at work in this process; from any thread."""
        for run_id, stop in list(self.at_work.items()):
            if names.task_of(run_id) == task_id:
                stop.say()

    def tell(self, agent_id: str, note: Note) -> None:
        """Hand a message to the agent, if it is at work in this process; from any thread."""
        if inbox := self.inboxes.get(agent_id):
            inbox.put(note)

    def hold(self, task_id: str) -> None:
        """Stop what only waits for its next try; agents at work go on. From any thread."""
        for run_id, stop in list(self.at_work.items()):
            if stop.waiting and names.task_of(run_id) == task_id:
                stop.say()

    def lose_sight(self) -> None:
        """Stop every agent, because nobody can see what it does; each goes on when that is over. From any thread."""
        for stop in list(self.at_work.values()):
            stop.lose_sight()


_benches: list[Bench] = []


def bench() -> Bench:
    """The bench of this process; workflows have no other way to reach it."""
    return _benches[-1]


def set_bench(new: Bench) -> None:
    _benches[:] = [new]


def _held(run: StepRun, work: Callable[[Ledger], T]) -> Callable[[Ledger], T]:
    """Work that is only written while this attempt still has the step."""

    def checked(ledger: Ledger) -> T:
        ledger.hold(run)
        return work(ledger)

    return checked


def _finish(ledger: Ledger, task: Task, node: Step, run: StepRun, outcome: Outcome, inbox: Inbox, known: Known) -> bool:
    """The end of the step, and what the transcript of its agent adds up to; False if a person has said more since."""
    done = closing.finish(ledger, task, node, run.run_id, outcome, inbox)
    if done and known is not None:
        arrears.note(ledger, run, *known)
    return done


def _outcome(*, text: str = "", why: str | None = None, goes_on: bool = False, passed: bool | None = None) -> Outcome:
    """`goes_on`: a retry may continue the session, because the work was broken off rather than judged.

    `passed`: what a TESTER or REVIEWER said of the work; None if nobody said anything.
    """
    return {"ok": why is None, "why": why or "", "text": text, "goes_on": goes_on, "passed": passed}


def _judged(reply: Reply, node: Step) -> Outcome:
    """A TESTER or REVIEWER that judges the work as bad has failed the step, however well it ended."""
    if node.key == names.PLAN:
        return _outcome(text=reply.text)
    said = handover.read(reply.text, node.role)
    why = handover.failed(said, node.role)
    passed = False if why else True if said.verdict is handover.Verdict.PASS else None
    return _outcome(text=reply.text, why=why, passed=passed)


def _can_begin(ledger: Ledger, agent_id: str) -> bool:
    """Whether the agent is new, or waited for its next try; one that waits for a person is left waiting."""
    status = ledger.agent_status(agent_id)
    waits = status == AgentStatus.WAITING and not asking.waiting(ledger.connection, agent_id=agent_id)
    return waits or status == AgentStatus.IDLE


def _handed_over(ledger: Ledger, task: Task, inputs: Sequence[str]) -> list[tuple[Any, str]]:
    """Role and answer of each step this one depends on."""
    roles = {step.key: step.role for step in task.workflow}
    out = []
    for run_id in inputs:
        run = ledger.run(run_id)
        if run is not None and run.step in roles and run.step != names.PLAN:
            out.append((roles[run.step], closing.text_of(ledger, run_id)))
    return out


def _prompts(task: Task, node: Step, handed: str) -> tuple[str, str]:
    if node.key == names.PLAN:
        asked = prompts.planner_prompt(task.description, task.task_type, task.working_directory)
        return asked, prompts.system_prompt(node.role, task.complexity)
    prompt = prompts.step_prompt(node, task.description, task.complexity, handed)
    return prompt, prompts.system_prompt(node.role, task.complexity)


def _planned(task: Task, answer: str, template: tuple[Step, ...]) -> e.TaskPlanned:
    """What a planner's answer makes of the workflow, under the person's choice about the ANALYST."""
    base = tuple(
        Step(s.key, s.role, s.scope, tuple(d for d in s.depends_on if d != names.PLAN), s.constraints) for s in template
    )
    try:
        plan = planning.read_plan(answer, base)
        workflow = planning.with_choice(plan.workflow, task.task_type, task.analyst_choice)
    except PlanRefused as refused:
        return e.TaskPlanned(task_id=task.id, workflow=names.specs(template), rationale="", refused=str(refused))
    included = planning.has_analyst(workflow)
    reason = task.analyst_reason
    if task.analyst_choice is AnalystChoice.AUTO:
        reason = f"The planner put the ANALYST {'in' if included else 'out'}."
    behind = names.with_planning_step(workflow)[1:]
    return e.TaskPlanned(
        task_id=task.id,
        workflow=names.specs(behind),
        rationale=plan.rationale,
        analyst_included=included,
        analyst_reason=reason,
    )
