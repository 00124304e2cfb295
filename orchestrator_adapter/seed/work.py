"""How much made-up agents use: the models they run on, and the tokens of each reply by role and complexity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from data.domain.agents import Role
from data.domain.money import Tokens
from data.domain.tasks import Complexity

UNKNOWN_MODEL = "claude-nova-preview"
"""A model without a price: what it costs is unknown, and must be shown so."""

NEW_MODELS = {"claude-sonnet-5-5": 52, "claude-opus-5-5": 24, "claude-haiku-4-5": 18, "claude-haiku-5-5": 6}
OLD_MODELS = {"claude-sonnet-4-6": 58, "claude-opus-4-8": 18, "claude-haiku-4-5": 24}

_SYSTEM = 9_400
"""Tokens of instructions and tools, which every agent finds in the cache."""


@dataclass(frozen=True)
class Shape:
    """What one agent of a role takes."""

    replies: int
    read: int
    """Tokens it reads before its first reply, and about half of them again before each further one."""
    written: int
    """Tokens of one reply."""


SHAPES: dict[Complexity, dict[Role, Shape]] = {
    Complexity.SIMPLE: {
        Role.ORCHESTRATOR: Shape(2, 3_000, 300),
        Role.PLANNER: Shape(2, 3_500, 450),
        Role.BUILDER: Shape(3, 4_400, 520),
        Role.REVIEWER: Shape(2, 5_200, 420),
        Role.ANALYST: Shape(3, 6_800, 560),
        Role.TESTER: Shape(3, 4_600, 560),
        Role.DOCUMENTER: Shape(3, 3_800, 560),
        Role.CUSTOM: Shape(3, 5_400, 460),
    },
    Complexity.COMPLEX: {
        Role.ORCHESTRATOR: Shape(2, 10_000, 1_000),
        Role.PLANNER: Shape(3, 12_000, 1_400),
        Role.BUILDER: Shape(6, 19_000, 2_500),
        Role.REVIEWER: Shape(4, 16_000, 1_000),
        Role.ANALYST: Shape(4, 17_000, 1_200),
        Role.TESTER: Shape(5, 15_500, 1_900),
        Role.DOCUMENTER: Shape(4, 13_000, 2_000),
        Role.CUSTOM: Shape(5, 14_500, 1_200),
    },
}


def model(rng: Random, age: float) -> str:
    """The model of a task: the newer generation takes over in the middle of the history."""
    if rng.random() < 0.015:
        return UNKNOWN_MODEL
    models = NEW_MODELS if rng.random() < (age - 0.3) * 3 else OLD_MODELS
    return rng.choices(list(models), list(models.values()))[0]


def replies(rng: Random, role: Role, complexity: Complexity) -> int:
    return max(2, round(SHAPES[complexity][role].replies * rng.uniform(0.7, 1.3)))


def tokens(rng: Random, role: Role, complexity: Complexity, size: float, *, hour_cache: bool) -> Iterator[Tokens]:
    """What each reply of an agent uses, without end: the context grows, most of it comes from the cache."""
    shape = SHAPES[complexity][role]
    context, fresh = _SYSTEM, round(shape.read * size * rng.uniform(0.8, 1.2))
    while True:
        output = max(20, round(shape.written * size * rng.lognormvariate(0, 0.4)))
        write = {"cache_write_1h": fresh} if hour_cache else {"cache_write_5m": fresh}
        yield Tokens(input=rng.randint(2, 14), output=output, cache_read=context, **write)
        context += fresh
        fresh = output + round(shape.read / 2 * size * rng.uniform(0.3, 1.5))
