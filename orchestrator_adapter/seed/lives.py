"""The lives of made-up tasks: what was asked for, which steps ran when, and how it ended."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random

from data.domain import events as e
from data.domain.agents import Role, Runtime
from data.domain.assignment import AssignedBy, Assignment
from data.domain.money import from_usd
from data.domain.tasks import AnalystChoice, Complexity, Draft
from data.domain.workflows import Step, Workflow, checked
from orchestrator_adapter import planning
from orchestrator_adapter.engine import names
from orchestrator_adapter.planning.forecast import TYPICAL
from orchestrator_adapter.seed import phrases, work
from orchestrator_adapter.seed.phrases import Request

PEOPLE = {"ana": 30, "jonas": 25, "mei": 20, "priya": 15, "ci": 10}
COMPLEX_SHARE = 0.3
ERRAND_SHARE = 0.05
AI_PLANNER_SHARE = 0.05

_CHOICES = {AnalystChoice.AUTO: 78, AnalystChoice.FORCE: 10, AnalystChoice.SKIP: 12}
SETTLE = "Settle what the steps before left open."


class Fate(StrEnum):
    """How a run, or a whole task, ended."""

    DONE = "done"
    VERDICT = "verdict"
    """A TESTER or REVIEWER judged the work as not good."""
    SERVICE = "service"
    """The model service refused until no try was left."""
    REFUSED = "refused"
    """A tool that it needed was not permitted."""
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Run:
    """One agent at work on one step, in seconds since the task was submitted."""

    step: Step
    begins_s: float
    ends_s: float
    fate: Fate = Fate.DONE


@dataclass(frozen=True)
class Life:
    """Everything about a task that is settled before its story is told."""

    submitted: e.TaskSubmitted
    request: Request
    start: datetime
    runs: tuple[Run, ...]
    fate: Fate
    model: str
    """The model that answers."""
    size: float
    """How much work it is, 1 for the usual."""
    seed: str
    replanned: Workflow | None = None

    @property
    def ends_s(self) -> float:
        return max(run.ends_s for run in self.runs) + 0.2

    @property
    def end(self) -> datetime:
        return self.start + timedelta(seconds=self.ends_s + 1)

    @property
    def complexity(self) -> Complexity:
        return self.submitted.complexity


def live_through(seed: str, start: datetime, age: float, now: datetime) -> Life:
    """One task of the fleet's history; `age` goes from 0 for its first hour to 1 for its last."""
    rng = Random(seed)
    submitted, request, replanned = _asked(rng, age)
    workflow = replanned or tuple(Step(s.key, s.role, s.scope, s.depends_on, s.constraints) for s in submitted.workflow)
    if replanned:
        workflow = names.with_planning_step(workflow)
    size = min(1.5, max(0.5, rng.lognormvariate(0, 0.35))) * (1.15 if _unprepared(submitted) else 1.0)
    fate = _fate(rng, submitted, workflow)
    runs = _ended(rng, _timed(rng, workflow, submitted.complexity, size), fate)
    model = submitted.model or work.model(rng, age)
    life = Life(submitted, request, start, runs, fate, model, size, seed, replanned)
    return replace(life, start=min(start, now - (life.end - life.start)))


def _asked(rng: Random, age: float) -> tuple[e.TaskSubmitted, Request, Workflow | None]:
    if rng.random() < ERRAND_SHARE:
        return _errand(rng)
    request = phrases.request(rng, complex_share=COMPLEX_SHARE)
    choice = rng.choices(list(_CHOICES), list(_CHOICES.values()))[0]
    draft = Draft(request.description, request.task_type, choice)
    plan = planning.preview(draft).plan
    ai_planner = choice is AnalystChoice.AUTO and rng.random() < AI_PLANNER_SHARE
    workflow = names.with_planning_step(plan.workflow) if ai_planner else plan.workflow
    model = work.model(rng, age) if rng.random() < 0.5 else None
    submitted = _submitted(
        rng, draft, request, workflow, model, plan.analyst_reason, plan.assignment, ai_planner=ai_planner
    )
    return submitted, request, _replanned(plan.workflow) if ai_planner else None


def _errand(rng: Random) -> tuple[e.TaskSubmitted, Request, None]:
    """A single agent that somebody started."""
    role = rng.choice(list(Role))
    request = phrases.errand(rng, role)
    choice = AnalystChoice.FORCE if role is Role.ANALYST else AnalystChoice.SKIP
    draft = Draft(request.description, request.task_type, choice)
    workflow = (Step(role.value, role, "Do what the task asks for."),)
    reason = planning.preview(draft).plan.analyst_reason
    return _submitted(rng, draft, request, workflow, None, reason, Assignment(AssignedBy.NOBODY)), request, None


def _submitted(
    rng: Random,
    draft: Draft,
    request: Request,
    workflow: Workflow,
    model: str | None,
    reason: str,
    assignment: Assignment,
    *,
    ai_planner: bool = False,
) -> e.TaskSubmitted:
    estimated = planning.estimate(draft.description)
    budget = rng.choice((5, 10)) if rng.random() < 0.25 else None
    return e.TaskSubmitted(
        task_id=uuid.UUID(int=rng.getrandbits(128), version=4).hex,
        description=draft.description,
        task_type=request.task_type,
        complexity=estimated.complexity,
        complexity_reasons=estimated.reasons,
        analyst_choice=draft.analyst,
        analyst_included=planning.has_analyst(workflow),
        analyst_reason=reason,
        analyst_by=assignment.by,
        analyst_percent=assignment.percent,
        borderline=bool(estimated.borderline),
        workflow=names.specs(workflow),
        working_directory=request.product.folder,
        runtime=Runtime.DEMO,
        model=model,
        budget_nanousd=None if budget is None else from_usd(budget),
        ai_planner=ai_planner,
        by=rng.choices(list(PEOPLE), list(PEOPLE.values()))[0],
    )


def _replanned(workflow: Workflow) -> Workflow:
    """What a planner agent makes of a template: text and tests at the same time, an ORCHESTRATOR at the end."""
    builder = next((s for s in workflow if s.role is Role.BUILDER), None)
    if builder is None:
        return workflow
    text = Step("documenter", Role.DOCUMENTER, "Describe the change for its users.", (builder.key,))
    needed = {key for step in workflow for key in step.depends_on}
    last = tuple(step.key for step in (*workflow, text) if step.key not in needed)
    end = Step("orchestrator", Role.ORCHESTRATOR, SETTLE, last)
    return checked((*workflow, text, end))


def _unprepared(submitted: e.TaskSubmitted) -> bool:
    return submitted.complexity is Complexity.COMPLEX and not submitted.analyst_included


def _fate(rng: Random, submitted: e.TaskSubmitted, workflow: Sequence[Step]) -> Fate:
    """Complex work that nobody looked into first fails more often."""
    risk = 0.32 if _unprepared(submitted) else 0.15 if submitted.complexity is Complexity.COMPLEX else 0.1
    if rng.random() >= risk:
        return Fate.DONE
    fates = {Fate.VERDICT: 5, Fate.SERVICE: 2, Fate.REFUSED: 1, Fate.CANCELLED: 2}
    if not any(step.role in (Role.TESTER, Role.REVIEWER) for step in workflow):
        fates.pop(Fate.VERDICT)
    return rng.choices(list(fates), list(fates.values()))[0]


def _timed(rng: Random, workflow: Workflow, complexity: Complexity, size: float) -> list[Run]:
    """Every step as soon as what it depends on is done, with the time each role usually takes."""
    waits_s = rng.uniform(0.3, 3) if rng.random() < 0.85 else rng.uniform(20, 240)
    ends: dict[str, float] = {}
    runs = []
    for step in workflow:
        _, _, least_s, most_s = TYPICAL[complexity][step.role]
        begins_s = max((ends[key] for key in step.depends_on), default=waits_s) + rng.uniform(0.2, 1.2)
        ends[step.key] = begins_s + rng.triangular(least_s, most_s) * size**0.5
        runs.append(Run(step, begins_s, ends[step.key]))
    return runs


def _ended(rng: Random, runs: list[Run], fate: Fate) -> tuple[Run, ...]:
    """The runs that began before the task's fate overtook it."""
    if fate is Fate.DONE:
        return tuple(runs)
    culprit = _culprit(rng, runs, fate)
    stop_s = culprit.ends_s
    if fate is Fate.CANCELLED:
        stop_s = rng.uniform(culprit.begins_s + 5, culprit.ends_s)
    begun = [run for run in runs if run.begins_s < stop_s]
    if fate is Fate.CANCELLED:
        return tuple(replace(r, ends_s=stop_s, fate=fate) if r.ends_s > stop_s else r for r in begun)
    return tuple(replace(run, fate=fate) if run is culprit else run for run in begun)


def _culprit(rng: Random, runs: list[Run], fate: Fate) -> Run:
    judges = [run for run in runs if run.step.role is Role.TESTER] or [
        run for run in runs if run.step.role is Role.REVIEWER
    ]
    if fate is Fate.VERDICT:
        return rng.choice(judges)
    return rng.choice([run for run in runs if run.step.key != names.PLAN])
