"""Everything a person can change: may they? write it down; the engine hears of it from the store."""

from __future__ import annotations

import contextlib
import re
import uuid
from dataclasses import replace
from pathlib import Path

from data.domain import budgets
from data.domain import events as e
from data.domain.agents import Agent, AgentStatus, Role, Runtime
from data.domain.approvals import AnswerScope, Approval, ApprovalStatus
from data.domain.assignment import AssignedBy, Assignment
from data.domain.budgets import Budget
from data.domain.errors import (
    FolderRefused,
    InvalidField,
    ModelUnknown,
    RuntimeUnavailable,
    StillRunning,
    StoreUnavailable,
)
from data.domain.experience import Experience
from data.domain.fleet import Lottery
from data.domain.prices import book
from data.domain.tasks import AnalystChoice, Draft, Task, TaskStatus, TaskType
from data.domain.workflows import Step, StepStatus
from data.store import AgentFilter, Board, asking
from orchestrator_adapter import planning, reworked
from orchestrator_adapter.access import Actor, require
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.engine import names, resuming
from orchestrator_adapter.planning import Plan, Preview
from orchestrator_adapter.runners import demo

FOLDER = "working_directory"
MODES = frozenset({"default", "acceptEdits", "dontAsk", "bypassPermissions"})


def preview_task(deck: Deck, draft: Draft) -> Preview:
    """What the draft would become and cost; a question, so everybody may ask it, also while the store is away."""
    draft = _placed(deck, draft)
    simulated = draft.runtime is not None and draft.runtime.simulated
    learned: Experience | None = None
    lottery = Lottery()
    with contextlib.suppress(StoreUnavailable):
        learned, lottery = deck.learned.of(simulated=simulated), _lottery(deck)
    return planning.preview(draft, learned, lottery)


def submit_task(deck: Deck, actor: Actor, draft: Draft) -> Task:
    """Plan the task and hand it to the engine.

    Raises the InvalidField that names the first wrong field, or RuntimeUnavailable; then nothing has changed.
    """
    require(actor, "submit_task")
    draft = _checked(deck, draft)
    task_id, previewed = uuid.uuid4().hex, planning.preview(draft, lottery=_lottery(deck))
    return _open(deck, actor, task_id, draft, previewed, planning.settled(previewed, task_id))


def start_agent(
    deck: Deck,
    actor: Actor,
    role: Role,
    prompt: str,
    *,
    model: str | None = None,
    working_directory: str | None = None,
    runtime: Runtime | None = None,
    scenario: str | None = None,
) -> Agent:
    """Start one agent: a task of one step."""
    require(actor, "start_agent")
    choice = AnalystChoice.FORCE if role is Role.ANALYST else AnalystChoice.SKIP
    draft = Draft(prompt, TaskType.CUSTOM, choice, working_directory, runtime, model, scenario=scenario)
    draft = _checked(deck, draft)
    workflow = (Step(role.value, role, "Do what the task asks for."),)
    previewed = planning.preview(draft)
    plan = replace(previewed.plan, workflow=workflow, assignment=Assignment(AssignedBy.NOBODY))
    task = _open(deck, actor, uuid.uuid4().hex, draft, previewed, plan)
    with deck.store.read() as board:
        return board.agents(AgentFilter(task_id=task.id)).items[0]


def cancel_task(deck: Deck, actor: Actor, task_id: str) -> Task:
    """Stop the task and every agent of it; refuses with TooLate if it has ended."""
    require(actor, "cancel_task")
    with deck.store.write(durable=True) as ledger:  # looked at and changed in one: two people may press at once
        board = Board(ledger.connection)
        task = board.task(task_id)
        if task.status is TaskStatus.CANCELLED:  # a second click says the same
            return task
        must_be_ours(task)
        ledger.append(
            e.TaskMoved(task_id=task_id, to=TaskStatus.CANCELLED, why=f"Cancelled by {actor.name}.", by=actor.name)
        )
        for step in task.workflow:
            if step.status is StepStatus.PENDING:
                ledger.append(e.StepMoved(task_id=task_id, step=step.key, to=StepStatus.CANCELLED))
        for agent in board.agents(AgentFilter(task_id=task_id, status=AgentStatus.IDLE)).items:  # of these none runs
            ledger.append(e.AgentMoved(task_id=task_id, agent_id=agent.id, to=AgentStatus.CANCELLED))
        return board.task(task_id)


def pause_task(deck: Deck, actor: Actor, task_id: str, *, stop_agents: bool = False) -> Task:
    """Start no further step; agents at work finish theirs, or are stopped and go on in their session later."""
    require(actor, "pause_task")
    with deck.store.write(durable=True) as ledger:
        board = Board(ledger.connection)
        task = board.task(task_id)
        must_be_ours(task)
        if task.status is TaskStatus.PAUSED:
            return task
        why = f"Paused by {actor.name}."
        ledger.append(
            e.TaskMoved(task_id=task_id, to=TaskStatus.PAUSED, why=why, by=actor.name, stop_agents=stop_agents)
        )
        return board.task(task_id)


def resume_task(deck: Deck, actor: Actor, task_id: str, *, from_step: str | None = None) -> Task:
    """Let a paused, failed or cancelled task go on; every completed step is kept and not paid for again.

    `from_step`: do this step and all that depends on it once more, whatever became of them.
    """
    require(actor, "resume_task")
    with deck.store.write(durable=True) as ledger:
        board = Board(ledger.connection)
        task = board.task(task_id)
        must_be_ours(task)
        if told := reworked.by_retry(task, from_step, actor.name):
            ledger.append(told)
        agents = board.agents(AgentFilter(task_id=task_id), limit=200).items
        stopping = any(agent.live for agent in agents) and _stopped(board, task)
        for event in resuming.plan(task, agents, from_step, actor.name, stopping=stopping):
            ledger.append(event)
        return board.task(task_id)


def _stopped(board: Board, task: Task) -> bool:
    """Whether the agents of a task that stands still were told to stop, rather than to finish their step."""
    stopped, after = task.status is TaskStatus.CANCELLED, 0
    while found := board.events(task_id=task.id, after=after, limit=1000):
        for entry in found:
            match entry.event:
                case e.TaskMoved(to=TaskStatus.PAUSED, stop_agents=stop):
                    stopped = stop
                case e.TaskMoved(to=TaskStatus.CANCELLED):
                    stopped = True
        after = found[-1].id
    return stopped


def rerun_task(deck: Deck, actor: Actor, task_id: str) -> Task:
    """The same task once more, from the beginning and as a new one."""
    require(actor, "rerun_task")
    with deck.store.read() as board:
        task = board.task(task_id)
    must_be_ours(task)
    return submit_task(deck, actor, resuming.draft_of(task))


def answer_approval(
    deck: Deck,
    actor: Actor,
    approval_id: str,
    *,
    allow: bool,
    scope: AnswerScope = AnswerScope.ONCE,
    reason: str = "",
) -> Approval:
    """Allow the call, once or for the whole task, or deny it with a reason that reaches the agent.

    Raises ApprovalNotFound, or TooLate if it was answered already.
    """
    require(actor, "answer_approval")
    with deck.store.write(durable=True) as ledger:
        asked = asking.get(ledger.connection, approval_id)
        to = ApprovalStatus.ALLOWED if allow else ApprovalStatus.DENIED
        ledger.append(
            e.ApprovalAnswered(
                task_id=asked.task_id,
                agent_id=asked.agent_id,
                approval_id=approval_id,
                to=to,
                scope=scope if allow else AnswerScope.ONCE,
                reason=reason.strip()[:2000],
                by=actor.name,
            )
        )
        return asking.get(ledger.connection, approval_id)


def set_budget(deck: Deck, actor: Actor, budget: Budget) -> Budget:
    """Make the budget, or change the one with its id; it holds from the next reply on."""
    require(actor, "set_budget")
    budget = budgets.checked(replace(budget, id=budget.id or uuid.uuid4().hex))
    if not book().knows(budget.cheaper_model, deck.store.now()):
        raise ModelUnknown(f"The model {budget.cheaper_model!r} has no known price.", field="cheaper_model")
    event = e.BudgetSet(
        task_id="",
        budget_id=budget.id,
        name=budget.name,
        scope=budget.scope,
        period=budget.period,
        subject=budget.subject,
        limit_nanousd=budget.limit_nanousd,
        limit_tokens=budget.limit_tokens,
        stages=tuple(e.BudgetStage(percent=s.percent, act=s.act) for s in budget.stages),
        cheaper_model=budget.cheaper_model,
        simulated=budget.simulated,
        by=actor.name,
    )
    with deck.store.write(durable=True) as ledger:
        ledger.append(event)
    return budget


def remove_budget(deck: Deck, actor: Actor, budget_id: str) -> None:
    """The budget no longer limits anything; its history stays."""
    require(actor, "remove_budget")
    with deck.store.write(durable=True) as ledger:
        ledger.append(e.BudgetRemoved(task_id="", budget_id=budget_id, by=actor.name))


def delete_task(deck: Deck, actor: Actor, task_id: str) -> None:
    """Take a task that has ended off every list, with its agents; what was spent stays counted."""
    require(actor, "delete_task")
    with deck.store.write(durable=True) as ledger:
        board = Board(ledger.connection)
        live = board.agents(AgentFilter(task_id=task_id, live=True), limit=1).items
        if not board.task(task_id).ended:
            raise StillRunning(f"Task {task_id} is still running; cancel it first.", task_id=task_id)
        if live:
            told = f"{live[0].name} of task {task_id} is still being stopped; try again soon."
            raise StillRunning(told, task_id=task_id)
        ledger.append(e.TaskDeleted(task_id=task_id, by=actor.name))


def delete_agent(deck: Deck, actor: Actor, agent_id: str) -> None:
    """Take an agent that has ended off every list; what it spent stays counted."""
    require(actor, "delete_agent")
    with deck.store.write(durable=True) as ledger:
        agent = Board(ledger.connection).agent(agent_id)
        if agent.live:
            raise StillRunning(f"Agent {agent_id} is still running; cancel its task first.", agent_id=agent_id)
        ledger.append(
            e.AgentMoved(task_id=agent.task_id, agent_id=agent_id, to=AgentStatus.DELETED, why=f"by {actor.name}")
        )


def ours(task: Task) -> bool:
    """Whether this program runs the task's agents."""
    return task.runtime in (Runtime.CLAUDE, Runtime.DEMO, Runtime.SCRIPTED)


def must_be_ours(task: Task) -> None:
    """A button must never say stopped, or running, of agents that another program runs."""
    if task.runtime is Runtime.IMPORTED:
        told = "This task is a session that was read in: it is over, and can only be read or deleted here."
        raise RuntimeUnavailable(told, field="runtime", task_id=task.id, runtime=task.runtime.value)
    if not ours(task):
        told = f"The agents of this task are {task.runtime}: another program runs them, so act on them there."
        raise RuntimeUnavailable(told, field="runtime", task_id=task.id, runtime=task.runtime.value)


def _lottery(deck: Deck) -> Lottery:
    with deck.store.read() as board:
        return board.settings().lottery


def _placed(deck: Deck, draft: Draft) -> Draft:
    """The draft with the runtime and the folder that it would have, as far as they can be told yet."""
    runtime = draft.runtime or deck.default_runtime()
    folder = draft.working_directory
    if runtime is not None and runtime.simulated:
        return replace(draft, runtime=runtime, working_directory=None)
    with contextlib.suppress(FolderRefused):
        folder = str(planning.check_folder(folder, deck.settings.workdirs)) if folder else None
    return replace(draft, runtime=runtime, working_directory=folder)


def _checked(deck: Deck, draft: Draft) -> Draft:
    """The draft with nothing left open: runtime, folder and model are known to work."""
    runtime = draft.runtime or deck.default_runtime()
    if runtime is None:
        raise RuntimeUnavailable(
            f"No runtime was chosen and real agents cannot run here yet: {deck.claude_lacks()}",
            field="runtime",
        )
    if runtime not in deck.runtimes():
        raise RuntimeUnavailable(f"Agents cannot be started with the runtime {runtime}.", field="runtime")
    if why := deck.runtimes()[runtime]:
        raise RuntimeUnavailable(why, field="runtime", runtime=runtime.value)
    if draft.model is not None and not book().knows(draft.model, deck.store.now()):
        known = ", ".join(book().models())
        raise ModelUnknown(f"The model {draft.model!r} has no known price; known are {known}.", field="model")
    if draft.permission_mode not in MODES:
        modes = ", ".join(sorted(MODES))
        raise InvalidField(f"permission_mode must be one of {modes}.", field="permission_mode")
    if len(draft.ask_tools) > 50 or not all(re.fullmatch(r"\*|[A-Za-z_][\w-]{0,119}", t) for t in draft.ask_tools):
        raise InvalidField("ask_tools takes up to 50 names of tools, or *.", field="ask_tools")
    if draft.budget_nanousd is not None and draft.budget_nanousd <= 0:
        raise InvalidField("budget_usd must be more than 0.", field="budget_usd")
    if runtime is not Runtime.CLAUDE:  # scripted agents get a folder of their own: nobody's files are touched
        draft = replace(draft, working_directory=None)
    elif not (draft.working_directory or "").strip():
        raise FolderRefused("working_directory is missing: say in which folder the agents may work.", field=FOLDER)
    draft = planning.validate(replace(draft, runtime=runtime), deck.settings.workdirs)
    if runtime is Runtime.DEMO and draft.scenario not in (None, *(s.name for s in demo.scenarios())):
        raise InvalidField(f"There is no demo scenario {draft.scenario!r}.", field="scenario")
    return draft


def _scratch(deck: Deck, task_id: str, draft: Draft) -> Path:
    """A fresh folder for simulated agents, with the files their story begins with."""
    folder = deck.settings.home / "scratch" / task_id
    folder.mkdir(parents=True)
    if draft.runtime is Runtime.DEMO:
        demo.prepare(draft.scenario or "", folder)
    return folder


def _open(deck: Deck, actor: Actor, task_id: str, draft: Draft, previewed: Preview, plan: Plan) -> Task:
    assert draft.runtime is not None
    workflow = plan.workflow
    ai_planner = draft.ai_planner and draft.runtime is not Runtime.SCRIPTED
    if ai_planner:
        workflow = names.with_planning_step(workflow)
    folder = draft.working_directory or str(_scratch(deck, task_id, draft))
    submitted = e.TaskSubmitted(
        task_id=task_id,
        description=draft.description,
        task_type=previewed.task_type,
        complexity=previewed.complexity,
        complexity_reasons=previewed.reasons,
        analyst_choice=draft.analyst,
        analyst_included=planning.has_analyst(workflow),
        analyst_reason=plan.analyst_reason,
        analyst_by=plan.assignment.by,
        analyst_percent=plan.assignment.percent,
        borderline=bool(previewed.borderline),
        workflow=names.specs(workflow),
        working_directory=folder,
        runtime=draft.runtime,
        model=draft.model,
        permission_mode=draft.permission_mode,
        budget_nanousd=draft.budget_nanousd,
        scenario=draft.scenario,
        ai_planner=ai_planner,
        rerun_of=draft.rerun_of,
        ask_tools=draft.ask_tools,
        priority=draft.priority,
        by=actor.name,
    )
    with deck.store.write(durable=True) as ledger:
        ledger.append(submitted)
        if draft.rerun_of is not None and (told := reworked.by_rerun(ledger, submitted)):
            ledger.append(told)
        if len(workflow) == 1:  # one agent: it is known at once, and so it can be shown and named at once
            ledger.append(names.agent_created(deck.settings.logs, submitted, workflow[0], ledger.now()))
    with deck.store.read() as board:
        return board.task(task_id)
