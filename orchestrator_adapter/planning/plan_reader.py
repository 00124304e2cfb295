"""Reading the workflow out of a planner agent's answer, which is text and may be anything."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from data.domain.agents import Role
from data.domain.errors import PlanRefused, WorkflowInvalid
from data.domain.tasks import Complexity
from data.domain.workflows import MAX_STEPS, Step, Workflow, checked

MAX_PLANNED = MAX_STEPS - 2
"""Steps of a plan; two places stay free for the planning step and a forced ANALYST."""

MAX_SCOPE = 2_000
MAX_CONSTRAINTS = 20

TRIES = 200
"""Opening braces that are tried: each may cost a walk to the end of the text."""

_DECODER = json.JSONDecoder(strict=False)

_COMPLEXITIES = {
    "simple": Complexity.SIMPLE,
    "medium": Complexity.COMPLEX,
    "moderate": Complexity.COMPLEX,
    "complex": Complexity.COMPLEX,
}


@dataclass(frozen=True)
class AiPlan:
    """What a planner agent decided."""

    workflow: Workflow
    complexity: Complexity | None
    """None: the planner did not say, or said something else."""
    rationale: str


@dataclass(frozen=True)
class _Row:
    """One step as the planner wrote it, as far as it could be read."""

    index: int
    """Its place in the planner's list, steps that cannot be read included."""
    key: str
    role: Role
    scope: str
    constraints: tuple[str, ...]
    parallel: bool
    waits_for: tuple[object, ...]


def read_plan(text: str, base: Workflow) -> AiPlan:
    """The plan in a planner's answer; what it leaves out comes from the base workflow. Raises PlanRefused."""
    plan = _plan_object(text)
    items = plan.get("workflow", plan.get("steps"))
    if not isinstance(items, list):
        raise PlanRefused("The plan has no list of steps.")
    if not items:
        raise PlanRefused("The plan's list of steps is empty.")
    rows = _rows(items, {step.role: step.scope for step in reversed(base)})
    if not rows:
        raise PlanRefused(f"None of the plan's {len(items)} steps names a known role.")
    if len(rows) > MAX_PLANNED:
        raise PlanRefused(f"The plan has {len(rows)} steps; {MAX_PLANNED} is the most.")
    try:
        workflow = checked(_linked(rows, len(items)))
    except WorkflowInvalid as invalid:
        raise PlanRefused(f"The plan cannot be run: {invalid}") from invalid
    complexity = _COMPLEXITIES.get(_text(plan.get("complexity")).lower())
    return AiPlan(workflow, complexity, _text(plan.get("rationale")))


def _plan_object(text: str) -> Mapping[str, object]:
    """The first JSON object with steps in a text, whatever stands around it."""
    if not text.strip():
        raise PlanRefused("The planner answered nothing.")
    found = list(_objects(text))
    if not found:
        raise PlanRefused("The planner's answer holds no JSON object.")
    return next((o for o in found if "workflow" in o or "steps" in o), found[0])


def _objects(text: str) -> Iterator[dict[str, object]]:
    at = text.find("{")
    for _ in range(TRIES):
        if at < 0:
            return
        try:
            value, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            yield value
        at = text.find("{", end)


def _rows(items: Sequence[object], scopes: Mapping[Role, str]) -> list[_Row]:
    """The steps that name a known role; a role that comes twice gets a number."""
    rows: list[_Row] = []
    counts: Counter[Role] = Counter()
    for index, item in enumerate(items):
        step = item if isinstance(item, dict) else {"role": item}
        role = _role(step.get("agent_role", step.get("role")))
        if role is None:
            continue
        counts[role] += 1
        rows.append(
            _Row(
                index=index,
                key=role.value if counts[role] == 1 else f"{role.value}-{counts[role]}",
                role=role,
                scope=_text(step.get("scope")) or scopes.get(role, f"Do the {role.name}'s part of the task."),
                constraints=_constraints(step.get("constraints")),
                parallel=_text(step.get("execution_mode")).lower() == "parallel",
                waits_for=_listed(step.get("depends_on")),
            )
        )
    return rows


def _linked(rows: Sequence[_Row], written: int) -> Iterator[Step]:
    """Steps with what they wait for: what they name, else everything before them.

    Parallel steps in a row wait for the same steps, and the next one waits for all of them.
    """
    leaves: list[str] = []
    together: list[str] | None = None
    for row in rows:
        if not row.parallel:
            together = None
        elif together is None:
            together = leaves
        needs = _named(row, rows, written) or (leaves if together is None else together)
        leaves = [key for key in leaves if key not in needs] + [row.key]
        yield Step(row.key, row.role, row.scope, tuple(needs), row.constraints)


def _named(row: _Row, rows: Sequence[_Row], written: int) -> list[str]:
    """Keys of the steps a row names as its prerequisites, by place or by role."""
    found = (other for name in row.waits_for for other in _meant(name, row, rows, written))
    return list(dict.fromkeys(other.key for other in found))


def _meant(name: object, row: _Row, rows: Sequence[_Row], written: int) -> list[_Row]:
    if isinstance(name, str) and name.strip().isdecimal() and len(name) < 10:
        name = int(name)
    if isinstance(name, int) and not isinstance(name, bool):
        # A place whose step could not be read stands for the readable step before it.
        upto = [other for other in rows if other.index <= name] if 0 <= name < written else []
        return upto[-1:] if name == row.index or upto[-1:] != [row] else []
    key = name.strip().lower() if isinstance(name, str) else ""
    named = [other for other in rows if other.key == key]
    same = [other for other in rows if other.role is _role(name) and other is not row]
    return named or [other for other in same if other.index < row.index] or same


def _role(name: object) -> Role | None:
    word = name.strip().lower().removesuffix("agent").strip(" _-") if isinstance(name, str) else ""
    return Role(word) if word in Role._value2member_map_ else None


def _constraints(value: object) -> tuple[str, ...]:
    """Non-empty sentences; a lone string is one sentence, not a list of letters."""
    return tuple(text for item in _listed(value) if (text := _text(item)))[:MAX_CONSTRAINTS]


def _listed(value: object) -> tuple[object, ...]:
    if isinstance(value, list):
        return tuple(value)
    return () if value is None or isinstance(value, dict) else (value,)


def _text(value: object) -> str:
    """A string that can be stored: no NUL, no half of a surrogate pair, not too long."""
    if not isinstance(value, str):
        return ""
    return value.encode("utf-8", "replace").decode().replace("\x00", "").strip()[:MAX_SCOPE]
