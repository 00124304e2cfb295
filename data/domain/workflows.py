"""A workflow: steps as a graph, one agent role each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from data.domain.agents import Role
from data.domain.errors import WorkflowInvalid

MAX_STEPS = 50


class StepStatus(StrEnum):
    """Where one step of a task stands."""

    PENDING = "pending"
    ACTIVE = "active"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    """Never started, because a step it depends on did not complete."""


@dataclass(frozen=True)
class Step:
    """One node of a workflow."""

    key: str
    """Unique in its workflow, for example `builder` or `builder-2`."""
    role: Role
    scope: str
    """What this agent is asked to do, as a sentence."""
    depends_on: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    status: StepStatus = StepStatus.PENDING
    generation: int = 1
    """Raised when the step is to be done once more; its first runs stay in the history."""


Workflow = tuple[Step, ...]


def checked(steps: Iterable[Step]) -> Workflow:
    """The same steps, after making sure that they form a graph that can be run to its end."""
    workflow = tuple(steps)
    keys = [step.key for step in workflow]
    if not 1 <= len(workflow) <= MAX_STEPS:
        raise WorkflowInvalid(f"A workflow has 1 to {MAX_STEPS} steps, not {len(workflow)}.", field="workflow")
    if len(set(keys)) != len(keys):
        raise WorkflowInvalid("Two steps of the workflow have the same key.", field="workflow", keys=keys)
    for step in workflow:
        for other in step.depends_on:
            if other not in keys:
                raise WorkflowInvalid(f"Step {step.key} depends on {other}, which is not in it.", field="workflow")
    done: set[str] = set()
    while len(done) < len(workflow):
        more = {s.key for s in workflow if s.key not in done and done.issuperset(s.depends_on)}
        if not more:
            circle = sorted(set(keys) - done)
            raise WorkflowInvalid(f"Steps wait for one another in a circle: {', '.join(circle)}.", field="workflow")
        done |= more
    return workflow


def sequence(steps: Iterable[tuple[Role, str]]) -> Workflow:
    """Steps that run one after the other; a role that comes twice gets a number."""
    out: list[Step] = []
    seen: dict[Role, int] = {}
    for role, scope in steps:
        seen[role] = seen.get(role, 0) + 1
        key = role.value if seen[role] == 1 else f"{role.value}-{seen[role]}"
        out.append(Step(key, role, scope, depends_on=(out[-1].key,) if out else ()))
    return checked(out)


def ready(workflow: Workflow, done: Iterable[str], started: Iterable[str]) -> list[Step]:
    """Steps that may start: everything they depend on is done, and they have not started."""
    finished, begun = set(done), set(started)
    return [s for s in workflow if s.key not in finished | begun and finished.issuperset(s.depends_on)]


def descendants(workflow: Workflow, key: str) -> set[str]:
    """The step itself and every step that depends on it, directly or not."""
    out = {key}
    while more := {s.key for s in workflow if out & set(s.depends_on)} - out:
        out |= more
    return out


def to_json(workflow: Workflow) -> list[dict[str, object]]:
    """Steps as plain JSON, for the engine's input and the API."""
    return [
        {
            "key": s.key,
            "role": s.role.value,
            "scope": s.scope,
            "depends_on": list(s.depends_on),
            "constraints": list(s.constraints),
            "status": s.status.value,
            "generation": s.generation,
        }
        for s in workflow
    ]


def from_json(items: Iterable[Mapping[str, object]]) -> Workflow:
    """The reverse of `to_json`; raises WorkflowInvalid for a graph that cannot be run."""

    def words(value: object) -> tuple[str, ...]:
        return tuple(str(v) for v in value) if isinstance(value, list | tuple) else ()

    return checked(
        Step(
            key=str(item["key"]),
            role=Role(str(item["role"])),
            scope=str(item.get("scope", "")),
            depends_on=words(item.get("depends_on")),
            constraints=words(item.get("constraints")),
            status=StepStatus(str(item.get("status", "pending"))),
            generation=int(str(item.get("generation", 1))),
        )
        for item in items
    )
