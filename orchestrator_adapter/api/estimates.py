"""What a task would become, cost and take, over HTTP: an interval, what it rests on, and how often such held."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

from pydantic import Field

from data.domain import errors as e
from data.domain import experience
from data.domain.agents import Role
from data.domain.experience import SHARE, Held, Record
from data.domain.money import to_usd
from data.domain.tasks import Complexity, TaskType
from orchestrator_adapter import commands, planning
from orchestrator_adapter.api import bodies, shapes
from orchestrator_adapter.api.http import Answer, Call, Operation, answer
from orchestrator_adapter.api.outcome_answers import AnalystShape, AssignmentShape, DrawnShape, Shape
from orchestrator_adapter.planning import Preview

Json = dict[str, Any]


class RangeShape(Shape):
    low: float
    high: float


class PlannedStep(Shape):
    key: str
    role: Role
    depends_on: list[str]
    scope: str
    cost_usd: RangeShape
    """Each step varies more than their sum, so these do not add up to the range of the task."""
    similar_steps: int
    """Past steps of its role from which that is drawn; 0: a rule of thumb."""


class HeldShape(Shape):
    held: int
    below: int
    """Tasks that took less than their range."""
    above: int


class RecordShape(Shape):
    """Of the newest tasks: the range that was drawn as of their submission, against what came."""

    made: int
    cost: HeldShape
    duration: HeldShape
    without: int
    """Tasks among them of whose like too few had ended for a range."""
    words: str


class EstimateShape(Shape):
    task_type: TaskType
    guessed: bool
    complexity: Complexity
    complexity_reasons: list[str]
    analyst: AnalystShape
    assignment: AssignmentShape
    lottery: DrawnShape | None
    """The lottery that may decide about the ANALYST instead, in percent; null if none may."""
    workflow: list[PlannedStep]
    agents: int
    cost_usd: RangeShape
    duration_s: RangeShape
    simulated: bool
    """Of a runtime that spends nothing: drawn from such tasks alone, as real ones are from real ones."""
    source: Literal["similar_tasks", "rule_of_thumb"]
    percent: int | None = Field(description="Of the tasks like it this share falls inside; null for a rule of thumb")
    similar_tasks: int
    """From how many past tasks it is drawn."""
    alike: list[str]
    """What those have in common with it."""
    basis: str
    record: RecordShape


def estimate(call: Call, body: bodies.TaskBody) -> Answer:
    planning.check_description(body.description)
    return answer(told(commands.preview_task(call.deck, body.draft())))


def told(value: Preview) -> Json:
    """The same for every front end."""
    found, costs = value.expected, {step.key: step for step in value.steps}
    return {
        "task_type": value.task_type,
        "guessed": value.guessed,
        "complexity": value.complexity,
        "complexity_reasons": value.reasons,
        "analyst": {"included": value.plan.analyst_included, "reason": value.plan.analyst_reason},
        "assignment": shapes.assignment(value.plan.assignment, bool(value.borderline)),
        "lottery": None if value.lottery is None else asdict(value.lottery),
        "workflow": [
            {
                "key": step.key,
                "role": step.role,
                "depends_on": step.depends_on,
                "scope": step.scope,
                "cost_usd": _usd(costs[step.key].cost_nanousd_low, costs[step.key].cost_nanousd_high),
                "similar_steps": costs[step.key].steps,
            }
            for step in value.plan.workflow
        ],
        "agents": len(value.plan.workflow),
        "cost_usd": _usd(value.cost_nanousd_low, value.cost_nanousd_high),
        "duration_s": {"low": value.duration_s_low, "high": value.duration_s_high},
        "simulated": value.simulated,
        "source": "similar_tasks" if found else "rule_of_thumb",
        "percent": SHARE if found else None,
        "similar_tasks": found.tasks if found else 0,
        "alike": list(found.alike) if found else [],
        "basis": value.basis,
        "record": _record(value.record),
    }


def _usd(low: int, high: int) -> Json:
    return {"low": to_usd(low), "high": to_usd(high)}


def _record(found: Record) -> Json:
    return {
        "made": found.made,
        "cost": _held(found.cost),
        "duration": _held(found.time),
        "without": found.without,
        "words": experience.record_words(found),
    }


def _held(found: Held) -> Json:
    return {"held": found.held, "below": found.below, "above": found.above}


def operations(v1: str) -> list[Operation]:
    return [
        Operation(
            "POST",
            f"{v1}/tasks/estimate",
            estimate,
            "What a task would become, cost and take, as an interval with its record",
            bodies.TaskBody,
            EstimateShape,
            refuses=(e.BodyInvalid, e.DescriptionInvalid),
        )
    ]
