"""How the whole fleet behaves: its limits, its retries, when an agent counts as stuck, what is cleaned up by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from data.domain.agents import Role
from data.domain.errors import InvalidField


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


@dataclass(frozen=True)
class Watching:
    """Whether what Claude Code adds to a folder of transcripts is read in by itself."""

    automatic: bool = False
    folder: str = ""


@dataclass(frozen=True)
class Lottery:
    """Whether a lot decides about the ANALYST of some borderline tasks, so that its worth can be known."""

    share: int = 0
    """Percent of the borderline tasks that are drawn; 0: nobody draws lots."""
    chance: int = 50
    """Percent with which a drawn task has an ANALYST."""

    def words(self) -> str:
        if self.share == 0:
            return "No lots are drawn: the rule decides about the ANALYST, unless a person does."
        return (
            f"Of the borderline tasks {self.share} % are decided by lot; of those {self.chance} % have an ANALYST. "
            "A person's word goes before it."
        )


Setting = TypeVar("Setting", Limits, Retries, Patience, Cleanup, Lottery)

RANGES: dict[str, tuple[int, int]] = {
    "per_machine": (1, 1000),
    "per_user": (1, 1000),
    "in_all": (1, 100_000),
    "otherwise": (0, 10),
    "by_role": (0, 10),
    "silent_s": (30, 86_400),
    "repeats": (2, 100),
    "tokens": (1_000, 100_000_000),
    "after_days": (1, 3650),
    "share": (0, 100),
    "chance": (10, 90),
}
"""The least and the most of every number in the settings."""


def checked(setting: Setting) -> Setting:
    """The same setting, or an InvalidField that names the field and what it may be."""
    for name, value in vars(setting).items():
        if name == "by_role":
            for role, tries in value.items():
                _in_range(f"by_role.{role.value}", tries, *RANGES[name])
        elif name in RANGES and value is not None:
            _in_range(name, value, *RANGES[name])
    return setting


def _in_range(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise InvalidField(f"{name} must be from {least:,} to {most:,}, not {value:,}.", field=name)
