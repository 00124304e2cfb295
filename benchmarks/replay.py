"""How fast the replay of a long task moves from one moment to any other."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from random import Random
from typing import TypeVar

from benchmarks.figures import Figure, at_most, spread, told
from data.domain import events as e
from data.domain.agents import AgentStatus, FileChange, Role, Runtime
from data.domain.money import Tokens
from data.domain.replay import Moment
from data.domain.tasks import Complexity, TaskStatus, TaskType
from data.domain.workflows import StepStatus
from data.store import Ledger, Store
from orchestrator_adapter.views import story

EVENTS = 50_000
AGENTS = 20
MOVES = 200
TASK = "replayed"
T = TypeVar("T")


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="qd-replay-") as folder:
        store = Store.open(f"sqlite:///{folder}/store.sqlite")
        with store.write() as ledger:
            _write(ledger)
        with store.read() as board:
            first_ms, found = _timed(lambda: story.of(store, board, TASK))
            rng, moves = Random(7), []
            for _ in range(MOVES):
                number = rng.randint(1, len(found))
                took_ms, opened = _timed(lambda at=number: found.open(board, at))  # type: ignore[misc]
                assert opened.number == number
                moves.append(took_ms)
            anew_ms, _ = _timed(lambda: _anew(store))
        store.close()
    name = f"replay of {EVENTS:,} events: a move of the slider, p95"
    beside = f"{spread(moves)}; folding the log anew each time: {anew_ms:,.0f} ms"
    yield at_most(name, sorted(moves)[int(0.95 * MOVES)], 100, "ms", beside)
    yield told("the first opening of it", f"{first_ms / 1000:.1f} s", "once for each process; then only what is new")


def _timed(do: Callable[[], T]) -> tuple[float, T]:
    begun = time.perf_counter()
    answer = do()
    return 1000 * (time.perf_counter() - begun), answer


def _anew(store: Store) -> Moment:
    """What a move would take without kept moments."""
    moment, after = Moment(), 0
    with store.read() as board:
        while stretch := board.events(TASK, after=after, limit=2000):
            for entry in stretch:
                moment.fold(entry.at, entry.event)
            after = stretch[-1].id
    return moment


def _write(ledger: Ledger) -> None:
    """A task whose agents work side by side: replies, calls and files as they come in a long run."""
    steps = tuple(e.StepSpec(key=f"builder-{n}", role=Role.BUILDER, scope="Build it.") for n in range(AGENTS))
    ledger.append(
        e.TaskSubmitted(
            task_id=TASK,
            description="Rebuild all of it",
            task_type=TaskType.REFACTORING,
            complexity=Complexity.COMPLEX,
            analyst_included=False,
            analyst_reason="no",
            workflow=steps,
            working_directory="/src",
            runtime=Runtime.SCRIPTED,
            by="bench",
        )
    )
    ledger.append(e.TaskMoved(task_id=TASK, to=TaskStatus.IN_PROGRESS))
    for number, step in enumerate(steps):
        ids = {"task_id": TASK, "agent_id": f"a{number}"}
        made = {"step": step.key, "role": Role.BUILDER, "name": f"Builder {number}", "model": "m"}
        ledger.append(e.AgentCreated(**ids, **made, runtime=Runtime.SCRIPTED))  # type: ignore[arg-type]
        ledger.append(e.AgentMoved(**ids, to=AgentStatus.ACTIVE))
        ledger.append(e.StepMoved(task_id=TASK, step=step.key, to=StepStatus.ACTIVE))
    turn = 0
    while len(ledger.appended) < EVENTS:
        ids, use = {"task_id": TASK, "agent_id": f"a{turn % AGENTS}"}, f"use-{turn}"
        ledger.append(e.Activity(**ids, words=f"does the part {turn}"))
        used = Tokens(10, 200, 20_000, 500)
        ledger.append(e.MessageMetered(**ids, message_id=f"m{turn}", model="m", tokens=used, cost_nanousd=9_000))
        ledger.append(
            e.ToolCalled(**ids, tool_use_id=use, tool="Edit", words=f"editing {turn % 900}.py", input_blob="")
        )
        ledger.append(e.ToolReturned(**ids, tool_use_id=use, tool="Edit", is_error=turn % 50 == 0, output_blob=""))
        change = FileChange.MODIFIED
        ledger.append(e.FileTouched(**ids, path=f"/src/{turn % 900}.py", change=change, added=3, removed=1))
        turn += 1
