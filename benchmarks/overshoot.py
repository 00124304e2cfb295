"""How far a budget is overshot, counted where the money is billed, beside the stated bound.

The bound: the reply that crosses the limit, and of each agent and sub-agent then alive at most one more that was in
flight. A crash of the server adds one reply of each that was alive when it died: nobody was left to count it.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import fleets
from benchmarks.figures import Figure, at_most, told
from benchmarks.servers import ROOT, environment
from benchmarks.stages import bash, delegate, real_agents, tagged
from data.domain.agents import Runtime
from data.domain.budgets import Act, Budget, Period, Scope, Stage
from data.domain.money import NANO
from data.domain.prices import book
from data.domain.tasks import Draft, TaskStatus, TaskType
from data.store import AgentFilter, Store, spending
from orchestrator_adapter import commands, settings
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.deck import Deck, build
from orchestrator_adapter.runners import Job
from orchestrator_adapter.runners.demo.server import Handler, ModelServer, locate
from orchestrator_adapter.runners.metering import tokens_of
from orchestrator_adapter.runners.thread import Run
from orchestrator_adapter.terminal import at_rest

RUNS = 50
MOST_AGENTS = 6
CENT = NANO // 100
FIRST_REPLY = 5 * CENT
"""About what the first reply of an agent costs, which puts the whole prompt into the cache."""
END_S = 90.0
BURST = [bash("true"), {**bash("echo one"), "thinking": "Go on."}, bash("true")] * 100
STORIES: dict[tuple[str, str], Sequence[Mapping[str, Any]]] = {
    ("burst", "builder"): BURST,
    ("delegating", "builder"): [delegate("delegating", "helper", "second"), *BURST],
    ("delegating", "helper"): BURST,
    ("delegating", "second"): BURST,
}


@dataclass(frozen=True)
class Billed:
    """One reply as the model service bills it."""

    who: tuple[str, str]
    """Session and part: an agent, or what it delegated to."""
    nanousd: int
    asked_s: float
    """When the request came in."""


class Till(Handler):
    """A model service that writes down what it bills."""

    server: Service
    asked_s = 0.0
    part = ""

    def _answer(self, body: Mapping[str, Any]) -> None:
        self.asked_s, (_, self.part, _) = time.monotonic(), locate(body["messages"])
        super()._answer(body)

    def _stream(self, step: Any, message: Any, blocks: Any, stop: Any, usage: Any) -> None:
        cost = book().cost_nanousd(message["model"], tokens_of(usage), datetime.now(UTC)) or 0
        self.server.bill(Billed((self._session(), self.part), cost, self.asked_s))
        super()._stream(step, message, blocks, stop, usage)


class Service(ModelServer):
    def __init__(self) -> None:
        super().__init__(0, lambda story, part: STORIES[story, part])
        self.RequestHandlerClass = Till
        self.bills: list[Billed] = []
        self._till = threading.Lock()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: agents that are stopped hang up."""

    def bill(self, one: Billed) -> None:
        with self._till:
            self.bills.append(one)


class Bursting:
    """Agents that reply as fast as they can."""

    def __init__(self, home: Path, url: str) -> None:
        self._runner = real_agents(home, url)

    def run(self, job: Job) -> Run:
        return self._runner.run(tagged(job, job.scenario or "burst"))


class Host:
    """An engine in a process of its own, which can be killed."""

    def __init__(self, home: Path, url: str) -> None:
        self._command = [sys.executable, "-m", "benchmarks.overshoot", str(home), url]
        self._environment = environment(home, QUARTERDECK_RUNTIME="scripted", QUARTERDECK_MAX_AGENTS="8")
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "up\n":
            raise RuntimeError("The engine's process did not start.")

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate()


@dataclass(frozen=True)
class Outcome:
    """One run: what was billed beyond the limit, and what the bound allows."""

    agents: int
    alive: int
    """Agents and sub-agents that had asked the service by the time the limit was crossed."""
    over_nanousd: int
    bound_nanousd: int
    most_after: int
    """Replies that one of them was billed for after the one that crossed."""
    crashed: bool
    uncounted_nanousd: int
    """Billed and never recorded, because the server died in between."""

    @property
    def share(self) -> float:
        return self.over_nanousd / self.bound_nanousd


def measure() -> Iterator[Figure]:
    with fleets.empty_home() as home, bench(home) as (deck, service, host):
        budget = Budget(
            id="",
            name="Fleet",
            scope=Scope.FLEET,
            period=Period.TOTAL,
            limit_nanousd=CENT,
            stages=(Stage(100, Act.INTERRUPT),),
            simulated=True,
        )
        budget = commands.set_budget(deck, LOCAL, budget)
        found = [one_run(deck, service, host, budget, number) for number in range(RUNS)]
    yield from figures_of(found)


def figures_of(found: Sequence[Outcome]) -> Iterator[Figure]:
    worst = max(found, key=lambda one: one.share)
    crashes = [one for one in found if one.crashed]
    calm = [one for one in found if not one.crashed]
    beside = (
        f"{worst.over_nanousd / NANO:.3f} of {worst.bound_nanousd / NANO:.3f} USD with {worst.agents} agents; "
        f"within the bound in {sum(one.share <= 1 for one in found)} of {len(found)} runs, {len(crashes)} with kill -9"
    )
    yield at_most(f"budget overshoot, worst of {len(found)} runs, of the bound", 100 * worst.share, 100, "%", beside)
    most = max(one.most_after for one in calm)
    share = f"worst without a crash {100 * max(one.share for one in calm):.0f} % of the bound"
    yield told("budget overshoot: replies of one agent after the crossing one, most", str(most), share)
    dearest = max(found, key=lambda one: one.over_nanousd)
    yield told("budget overshoot: dearest", f"{dearest.over_nanousd / NANO:.3f} USD", f"{dearest.agents} agents")
    lost = max((one.uncounted_nanousd for one in crashes), default=0)
    yield told("billed in a crash and never recorded, most", f"{lost / NANO:.3f} USD", f"{len(crashes)} crashes")


@contextmanager
def bench(home: Path) -> Iterator[tuple[Deck, Service, Host]]:
    """The model service here, the engine in a process of its own, and a deck without an engine to command it."""
    service = Service()
    service.start()
    host = Host(home, service.url)
    wanted = settings.read({"QUARTERDECK_HOME": str(home), "QUARTERDECK_RUNTIME": "scripted"})
    store = Store.open(wanted.database_url)
    try:
        yield at_rest(wanted, store), service, host
    finally:
        host.kill()
        store.close()
        service.stop()


def one_run(deck: Deck, service: Service, host: Host, budget: Budget, number: int) -> Outcome:
    chance, agents = random.Random(number), 1 + number % MOST_AGENTS
    room = agents * FIRST_REPLY + round(chance.uniform(1, 8) * agents * CENT)
    story, crash = ("burst", "burst", "delegating")[number % 3], number % 5 == 4
    before, first = recorded(deck, budget), len(service.bills)
    commands.set_budget(deck, LOCAL, Budget(**{**vars(budget), "limit_nanousd": before + room}))
    draft = Draft("Quick fix", TaskType.BUG_FIX, scenario=story)
    tasks = [commands.submit_task(deck, LOCAL, draft).id for _ in range(agents)]
    dead_s = 0.0
    if crash:
        part = chance.uniform(0.3, 0.9) * room
        until(lambda: sum(one.nanousd for one in service.bills[first:]) >= part or at_rest_all(deck, tasks))
        host.kill()
        dead_s = time.monotonic()
        host.start()
    until(lambda: at_rest_all(deck, tasks))
    bills = service.bills[first:]
    counted = recorded(deck, budget) - before
    return judged(bills, room, agents, dead_s, sum(one.nanousd for one in bills) - counted)


def judged(bills: Sequence[Billed], room: int, agents: int, dead_s: float, uncounted: int) -> Outcome:
    spent, at = 0, 0
    while at < len(bills) and spent < room:
        spent += bills[at].nanousd
        at += 1
    crossing, after = bills[at - 1], bills[at:]
    alive = {one.who for one in bills[:at]} | {one.who for one in after}
    dearest = max(one.nanousd for one in [crossing, *after])
    allowed = crossing.nanousd + len(alive) * dearest
    if lost := [one for one in bills if one.asked_s < dead_s]:
        allowed += len({one.who for one in lost}) * max(one.nanousd for one in lost)
    over = sum(one.nanousd for one in bills) - room
    most = max(Counter(one.who for one in after).values(), default=0)
    return Outcome(agents, len(alive), over, allowed, most, bool(dead_s), uncounted)


def recorded(deck: Deck, budget: Budget) -> int:
    with deck.store.read() as board:
        return spending.spent(board.connection, budget, deck.store.now()).nanousd


def at_rest_all(deck: Deck, tasks: Sequence[str]) -> bool:
    """Whether every one of them is held and none of their agents is alive."""
    with deck.store.read() as board:
        held = all(board.task(task_id).status is TaskStatus.PAUSED for task_id in tasks)
        return held and not any(board.agents(AgentFilter(task_id=task_id, live=True)).items for task_id in tasks)


def until(condition: Any) -> None:
    limit = time.monotonic() + END_S
    while not condition():
        if time.monotonic() > limit:
            raise RuntimeError(f"The budget did not stop the agents within {END_S:.0f} s.")
        time.sleep(0.05)


def host(home: Path, url: str) -> None:
    """The engine's process."""
    build(settings.read(), {Runtime.SCRIPTED: Bursting(home, url)})
    print("up", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    host(Path(sys.argv[1]), sys.argv[2])
