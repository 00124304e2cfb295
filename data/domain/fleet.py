"""How the whole fleet behaves: its limits, its retries, when an agent counts as stuck, what is cleaned up by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from data.domain.agents import Role


class Priority(StrEnum):
    """In which order waiting tasks get a free place; within one priority the older task goes first."""

    URGENT = "urgent"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @property
    def rank(self) -> int:
        """1 goes first."""
        return list(Priority).index(self) + 1


@dataclass(frozen=True)
class Limits:
    """How many agents may work at once; None is no limit of that kind."""

    per_machine: int | None = None
    """On each machine; None: what QUARTERDECK_MAX_AGENTS says there."""
    per_user: int | None = None
    in_all: int | None = None


@dataclass(frozen=True)
class Retries:
    """How often a step is tried again by itself after a failure that may pass, such as an overloaded service."""

    by_role: dict[Role, int] = field(default_factory=dict)
    """Further tries of a role's step; roles that are not named have `otherwise`."""
    otherwise: int = 2

    def of(self, role: Role) -> int:
        return self.by_role.get(role, self.otherwise)


@dataclass(frozen=True)
class Patience:
    """When an agent counts as stuck."""

    silent_s: int = 600
    """Seconds without any progress."""
    repeats: int = 5
    """The same call with the same answer so often in a row counts as going round in circles."""
    tokens: int = 200_000
    """Tokens used since the last progress."""


@dataclass(frozen=True)
class Cleanup:
    """Whether agents that have ended leave the lists by themselves."""

    automatic: bool = False
    after_days: int = 30
