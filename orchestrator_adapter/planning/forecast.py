"""What a draft would become: type, complexity, workflow, and what it may cost and last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from data.domain import experience
from data.domain.agents import Role, Runtime
from data.domain.assignment import draw
from data.domain.experience import LEAST, SHARE, UNTRIED, Expected, Experience, Record, Wish
from data.domain.fleet import Lottery
from data.domain.money import NANO
from data.domain.tasks import AnalystChoice, Complexity, Draft, TaskType
from data.domain.workflows import Step, Workflow
from orchestrator_adapter.planning import vocabulary
from orchestrator_adapter.planning.complexity import estimate_of
from orchestrator_adapter.planning.task_types import type_of
from orchestrator_adapter.planning.workflow_templates import Plan, by_lot, choose_workflow

_CENT = NANO // 100

TYPICAL: dict[Complexity, dict[Role, tuple[int, int, int, int]]] = {
    Complexity.SIMPLE: {
        Role.ORCHESTRATOR: (1, 3, 10, 40),
        Role.PLANNER: (2, 5, 15, 60),
        Role.BUILDER: (2, 6, 30, 100),
        Role.REVIEWER: (2, 6, 25, 80),
        Role.ANALYST: (4, 13, 30, 90),
        Role.TESTER: (3, 9, 40, 150),
        Role.DOCUMENTER: (2, 6, 30, 90),
        Role.CUSTOM: (3, 8, 30, 100),
    },
    Complexity.COMPLEX: {
        Role.ORCHESTRATOR: (5, 15, 30, 90),
        Role.PLANNER: (7, 20, 45, 150),
        Role.BUILDER: (25, 65, 150, 420),
        Role.REVIEWER: (10, 30, 60, 210),
        Role.ANALYST: (13, 35, 90, 300),
        Role.TESTER: (20, 50, 150, 400),
        Role.DOCUMENTER: (15, 40, 90, 300),
        Role.CUSTOM: (15, 45, 90, 300),
    },
}
"""Cents from and to, seconds from and to: what one agent of a role takes where no history is known.

Builder and tester of a simple task add up to $0.05 to $0.15, the five roles of a complex one to $0.75 to $2.00.
"""


@dataclass(frozen=True)
class Range:
    """From little to much: money and time."""

    cost_nanousd_low: int
    cost_nanousd_high: int
    duration_s_low: float
    duration_s_high: float


@dataclass(frozen=True)
class StepCost:
    """What one step of a workflow may cost."""

    key: str
    cost_nanousd_low: int
    cost_nanousd_high: int
    steps: int
    """Past steps of its role from which that is drawn; 0: a rule of thumb."""


@dataclass(frozen=True)
class Preview:
    """What a draft would become if it were submitted now."""

    task_type: TaskType
    guessed: bool
    """Whether the type was guessed from the description."""
    complexity: Complexity
    reasons: tuple[str, ...]
    borderline: str
    """Why it is near the threshold between simple and complex; empty if it is not."""
    plan: Plan
    cost_nanousd_low: int
    cost_nanousd_high: int
    duration_s_low: float
    duration_s_high: float
    basis: str
    """What the interval rests on, as a sentence."""
    steps: tuple[StepCost, ...] = ()
    """In the order of the workflow. Each varies more than their sum does, so the ranges do not add up."""
    expected: Expected | None = None
    """What past tasks say; None where the interval is a rule of thumb."""
    record: Record = Record()
    """How often intervals from past tasks held."""
    simulated: bool = False
    """Whether the tasks that it is drawn from are simulated, as it is itself."""
    lottery: Lottery | None = None
    """The lottery that may decide about its ANALYST; None if none may."""


def preview(draft: Draft, learned: Experience | None = UNTRIED, lottery: Lottery | None = None) -> Preview:
    """Type, complexity, workflow and interval of a draft; pure, and quick enough for every keystroke.

    `learned`: from past tasks that are simulated just as the draft is; None if nobody can look at them now.
    """
    wording = vocabulary.read(draft.description)
    task_type = draft.task_type or type_of(wording)
    estimated = estimate_of(wording)
    plan = choose_workflow(draft.description, task_type, estimated.complexity, draft.analyst)
    wish = _wish(draft, task_type, estimated.complexity, plan)
    past = learned or UNTRIED
    found = past.expect(wish)
    expected = _seen(found) if found else typical(plan.workflow, estimated.complexity, draft.ai_planner)
    simulated = draft.runtime is not None and draft.runtime.simulated
    return Preview(
        task_type=task_type,
        guessed=draft.task_type is None,
        complexity=estimated.complexity,
        reasons=estimated.reasons,
        borderline=estimated.borderline,
        plan=plan,
        cost_nanousd_low=expected.cost_nanousd_low,
        cost_nanousd_high=expected.cost_nanousd_high,
        duration_s_low=expected.duration_s_low,
        duration_s_high=expected.duration_s_high,
        basis=_basis(found, wish, simulated) if found else _too_few(None if learned is None else past.like(wish)),
        steps=tuple(_step(step, estimated.complexity, past, wish) for step in plan.workflow),
        expected=found,
        record=past.record,
        simulated=simulated,
        lottery=_in_force(lottery, draft, estimated.borderline),
    )


def _wish(draft: Draft, task_type: TaskType, complexity: Complexity, plan: Plan) -> Wish:
    """A planner agent decides about the ANALYST only later, so with one that is not known before."""
    return Wish(
        task_type=task_type.value,
        complexity=complexity.value,
        analyst=plan.analyst_included and not draft.ai_planner,
        runtime=(draft.runtime or Runtime.CLAUDE).value,
        model=draft.model,
        folder=draft.working_directory or "",
        ai_planner=draft.ai_planner,
    )


def _step(step: Step, complexity: Complexity, past: Experience, wish: Wish) -> StepCost:
    if found := past.step(step.role.value, wish):
        return StepCost(step.key, found[0].low, found[0].high, found[1])
    usual = typical((step,), complexity)
    return StepCost(step.key, usual.cost_nanousd_low, usual.cost_nanousd_high, 0)


def _in_force(lottery: Lottery | None, draft: Draft, borderline: str) -> Lottery | None:
    """A person's word, and the plan of a planner agent, go before any lot."""
    drawn = lottery is not None and lottery.share > 0 and borderline
    return lottery if drawn and draft.analyst is AnalystChoice.AUTO and not draft.ai_planner else None


def settled(previewed: Preview, task_id: str) -> Plan:
    """The plan of the task with this id, after a lot was drawn where one is."""
    drawn = previewed.lottery and draw(task_id, previewed.lottery)
    return by_lot(previewed.plan, previewed.task_type, previewed.borderline, drawn) if drawn else previewed.plan


def lot_words(previewed: Preview) -> str:
    """What a lot may change, before it is drawn; empty if there is none."""
    if previewed.lottery is None:
        return ""
    return (
        f"This is a borderline task ({previewed.borderline}). Of such tasks {previewed.lottery.share} % are decided by "
        f"lot, so that the worth of an ANALYST can be measured: of those {previewed.lottery.chance} % have one, "
        "whatever the rule says. Choose Always in or Leave out, and your word holds."
    )


def typical(workflow: Workflow, complexity: Complexity, ai_planner: bool = False) -> Range:
    """What such a workflow takes where no history is known: money adds up, time goes by the longest way."""
    takes = TYPICAL[complexity]
    first = [takes[Role.PLANNER]] if ai_planner else []
    agents = first + [takes[step.role] for step in workflow]
    return Range(
        cost_nanousd_low=sum(agent[0] for agent in agents) * _CENT,
        cost_nanousd_high=sum(agent[1] for agent in agents) * _CENT,
        duration_s_low=sum(agent[2] for agent in first) + _longest(workflow, {r: t[2] for r, t in takes.items()}),
        duration_s_high=sum(agent[3] for agent in first) + _longest(workflow, {r: t[3] for r, t in takes.items()}),
    )


def _longest(workflow: Workflow, seconds: Mapping[Role, float]) -> float:
    """Seconds until the last step of a workflow is done, if whatever may run at once does."""
    done: dict[str, float] = {}
    waiting = list(workflow)
    while waiting:
        startable = [step for step in waiting if done.keys() >= set(step.depends_on)]
        for step in startable:
            done[step.key] = seconds[step.role] + max((done[key] for key in step.depends_on), default=0.0)
        waiting = [step for step in waiting if step.key not in done] if startable else []
    return max(done.values(), default=0.0)


def _seen(found: Expected) -> Range:
    return Range(found.cost.low, found.cost.high, found.duration_ms.low / 1000, found.duration_ms.high / 1000)


def _basis(found: Expected, wish: Wish, simulated: bool) -> str:
    kind = "simulated tasks" if simulated else "tasks"
    apart = experience.apart_words(found)
    said = f"{SHARE} % range, from the last {found.tasks} {kind} of the {experience.alike_words(found, wish)}"
    return f"{said}, {apart}" if apart else said


def _too_few(count: int | None) -> str:
    thumb = "a rule of thumb by role"
    if count is None:
        return f"the store cannot be reached, so earlier tasks are left out: {thumb}"
    known = {0: "no task like it has ended yet", 1: "only one task like it has ended yet"}
    said = known.get(count, f"only {count} tasks like it have ended yet")
    return f"{said}, and {LEAST} are needed: {thumb}"
