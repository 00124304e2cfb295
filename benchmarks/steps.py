"""What a step costs in time beyond what the same agent takes when nobody records, prices or remembers it."""

from __future__ import annotations

import asyncio
import statistics
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks import fleets
from benchmarks.figures import Figure, at_most
from data.domain.agents import Role, Runtime
from data.domain.events import Event, TaskMoved
from data.domain.tasks import ENDED
from orchestrator_adapter import commands, settings
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.deck import Deck, build
from orchestrator_adapter.runners import Job, Reply
from orchestrator_adapter.runners.demo import DemoRunner, prepare

TIMES = 7
STORY = "success"
MOST_S = 0.5


@dataclass
class Witness:
    """A runner that notes what it was asked to do and how long the agent itself took."""

    runner: DemoRunner
    job: Job | None = None
    began_s: float = 0.0
    ended_s: float = 0.0
    events: list[Event | Reply] = field(default_factory=list)

    async def run(self, job: Job) -> AsyncIterator[Event | Reply]:
        self.job, self.began_s = job, time.perf_counter()
        async for event in self.runner.run(job):
            yield event
        self.ended_s = time.perf_counter()


def measure() -> Iterator[Figure]:
    with fleets.empty_home() as home:
        witness = Witness(DemoRunner(home, pace=0))
        deck = build(settings.read({"QUARTERDECK_HOME": str(home)}), {Runtime.DEMO: witness})
        try:
            _through_engine(deck, witness)  # the model service and the command line's files are there from now on
            pairs = [(_through_engine(deck, witness), _alone(witness, home / f"alone-{n}")) for n in range(TIMES)]
        finally:
            deck.close()
    through = statistics.median(took.whole_s for took, _ in pairs)
    alone = statistics.median(s for _, s in pairs)
    before = statistics.median(took.before_s for took, _ in pairs)
    after = statistics.median(took.after_s for took, _ in pairs)
    beside = (
        f"medians of {TIMES}: {through:.2f} s through the engine, {alone:.2f} s alone; "
        f"{1000 * before:.0f} ms from submit to the agent's start, {1000 * after:.0f} ms from its end to the task's"
    )
    yield at_most("one step through the engine, beyond the agent alone", through - alone, MOST_S, "s", beside, digits=2)


@dataclass(frozen=True)
class Took:
    """One task of one step, submit to end."""

    whole_s: float
    before_s: float
    after_s: float


def _through_engine(deck: Deck, witness: Witness) -> Took:
    done = threading.Event()

    def heard(_clock: int, news: object) -> None:
        if any(isinstance(n.event, TaskMoved) and n.event.to in ENDED for n in news):  # type: ignore[attr-defined]
            done.set()

    stop = deck.store.listen(heard)
    began_s = time.perf_counter()
    agent = commands.start_agent(
        deck, LOCAL, Role.BUILDER, "Correct add() in calc.py.", runtime=Runtime.DEMO, scenario=STORY
    )
    done.wait(60)
    ended_s = time.perf_counter()
    stop()
    with deck.store.read() as board:
        task = board.task(agent.task_id)
    if task.status != "completed":
        raise RuntimeError(f"The step {task.status}: {task.error}")
    return Took(ended_s - began_s, witness.began_s - began_s, ended_s - witness.ended_s)


def _alone(witness: Witness, folder: Path) -> float:
    """The same job in a fresh folder, its events thrown away."""
    assert witness.job is not None
    prepare(STORY, folder / "work")
    job = replace(witness.job, working_directory=folder / "work", log_dir=folder / "log", keep=lambda _content: "x")

    async def consume() -> None:
        async for _ in witness.runner.run(job):
            pass

    began_s = time.perf_counter()
    asyncio.run(consume())
    return time.perf_counter() - began_s
