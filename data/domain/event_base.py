"""What every event has in common: frozen, strict, and made of text that every database takes."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, model_validator

from data.domain.agents import Role
from data.domain.texts import storable


def _cleaned(value: object) -> object:
    if type(value) is str:
        return storable(value)
    if isinstance(value, tuple | list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {_cleaned(name): _cleaned(item) for name, item in value.items()}
    return value


class Storable(BaseModel):
    """A frozen value whose texts every database takes, and whose numbers JSON can name."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _clean(cls, values: object) -> object:
        if not isinstance(values, dict):
            return values
        # by far most values are plain texts: thousands of events a second are made of them
        return {name: storable(one) if type(one) is str else _cleaned(one) for name, one in values.items()}


class TaskEvent(Storable):
    """Something that happened to a task; an empty id for what concerns the whole fleet."""

    task_id: str


class AgentEvent(TaskEvent):
    """Something that happened to an agent."""

    agent_id: str


class StepSpec(Storable):
    """One step as it was planned."""

    key: str
    role: Role
    scope: str
    depends_on: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
