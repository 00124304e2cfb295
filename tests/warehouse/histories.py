"""Histories of fleets for questions: any order of replies, copies, corrections and deletions, told to a real store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from data.domain import events as e
from data.domain.agents import Role, Runtime
from data.domain.money import Tokens
from data.domain.tasks import Complexity, TaskStatus, TaskType
from data.store import Store
from data.store.telemetry import message_id

START = datetime(2026, 3, 28, tzinfo=UTC)
"""A day before clocks are set forth in Europe."""
MODELS = ("claude-opus-5-5", "claude-haiku-5-5", "claude-sonnet-4-5", "nobody-knows-it")
RUNTIMES = (Runtime.CLAUDE, Runtime.CLAUDE, Runtime.ATTACHED, Runtime.DEMO)


@dataclass(frozen=True)
class Reply:
    """One telling of a reply; the same message may be told again, larger or with its request's name."""

    agent: int
    message: int
    request: str
    model: str
    tokens: Tokens
    cost: int | None
    minutes: int
    tools: tuple[str, ...]
    telemetry: bool


@dataclass(frozen=True)
class Deletion:
    """A person deletes a task."""

    task: int


_tokens = st.builds(
    Tokens,
    st.integers(0, 5_000),
    st.integers(0, 9_000),
    st.integers(0, 300_000),
    st.integers(0, 20_000),
    st.integers(0, 20_000),
)
_replies = st.builds(
    Reply,
    agent=st.integers(0, 5),
    message=st.integers(0, 12),
    request=st.sampled_from(["", "", "a", "b"]),
    model=st.sampled_from(MODELS),
    tokens=_tokens,
    cost=st.none() | st.integers(0, 3_000_000_000),
    minutes=st.integers(0, 4 * 24 * 60),
    tools=st.lists(st.sampled_from(["Read", "Bash", "Edit"]), max_size=4).map(tuple),
    telemetry=st.booleans(),
)
steps = st.lists(_replies | st.builds(Deletion, st.integers(0, 2)), max_size=40)


def begin(store: Store) -> None:
    """Three tasks with two agents each, of different kinds."""
    kinds, roles = list(TaskType), list(Role)
    with store.write() as ledger:
        for number in range(3):
            ledger.append(
                e.TaskSubmitted(
                    task_id=f"t{number}",
                    description=f'Say "{number}", please\nand more',
                    task_type=kinds[number],
                    complexity=Complexity.SIMPLE,
                    analyst_included=number == 1,
                    analyst_reason="a person, or 'nobody'",
                    workflow=(e.StepSpec(key="s", role=Role.BUILDER, scope="Build"),),
                    working_directory=f"/src/{number % 2}",
                    runtime=RUNTIMES[number],
                    by="ann" if number else "bob",
                ),
                START,
            )
            ledger.append(e.TaskMoved(task_id=f"t{number}", to=TaskStatus.IN_PROGRESS), START)
        for number in range(6):
            ledger.append(
                e.AgentCreated(
                    task_id=f"t{number // 2}",
                    agent_id=f"a{number}",
                    step="s",
                    role=roles[number],
                    name=roles[number].value,
                    model=MODELS[0],
                    runtime=RUNTIMES[number // 2],
                ),
                START,
            )


def play(store: Store, told: Sequence[Reply | Deletion]) -> None:
    """What happens to each is up to the store: it knows copies from news."""
    for number, step in enumerate(told):
        with store.write() as ledger:
            if isinstance(step, Deletion):
                ledger.append(e.TaskDeleted(task_id=f"t{step.task}", by="ann"), START)
                continue
            names = {"task_id": f"t{step.agent // 2}", "agent_id": f"a{step.agent}"}
            request = f"r{step.message}{step.request}" if step.request else ""
            named = message_id(request) if step.telemetry and request else f"m{step.message}a{step.agent}"
            metered: dict[str, Any] = {"message_id": named, "request_id": request, "model": step.model}
            ledger.append(
                e.MessageMetered(**names, **metered, tokens=step.tokens, cost_nanousd=step.cost),
                START + timedelta(minutes=step.minutes),
            )
            for place, tool in enumerate(step.tools):
                call = {"tool_use_id": f"{number}-{place}", "tool": tool, "words": tool, "input_blob": "x"}
                ledger.append(e.ToolCalled(**names, **call, message_id=named), START)
