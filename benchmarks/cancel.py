"""How long it takes from the command to cancel until the last process of the agent is gone, in every state of it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

from benchmarks import fleets
from benchmarks.figures import Figure, at_most, told
from benchmarks.stages import STAGES, STARTING, Staged
from data.domain.agents import Runtime
from data.store import AgentFilter
from orchestrator_adapter import commands, settings
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.deck import Deck, build

TIMES = 5
MOST_S = 3.0
GONE_S = 30.0
QUIET_S = 0.5
"""Watched for so long after the end: a process that was only about to start would show itself."""


def measure() -> Iterator[Figure]:
    worst: list[float] = []
    with fleets.empty_home() as home:
        staged = Staged(home)
        found = settings.read({"QUARTERDECK_HOME": str(home), "QUARTERDECK_RUNTIME": "scripted"})
        deck = build(found, {Runtime.SCRIPTED: staged})
        try:
            for state in STAGES:
                took = [cancelled(deck, staged, state, number) for number in range(TIMES)]
                gone, settled = [t[0] for t in took], [t[1] for t in took]
                worst.append(max(gone))
                beside = f"median {statistics.median(gone):.2f} s; told as ended after {max(settled):.2f} s at most"
                yield told(f"cancel while {state}, slowest of {TIMES}", f"{max(gone):.2f} s", beside)
        finally:
            deck.close()
            staged.close()
    beside = f"{TIMES} runs in each of {len(STAGES)} states, command to last process, real command line"
    yield at_most("cancel to last process gone, over every state", max(worst), MOST_S, "s", beside, digits=2)


def cancelled(deck: Deck, staged: Staged, state: str, number: int) -> tuple[float, float]:
    """Seconds from the command until no process is left, and until the agent is shown as ended."""
    task_id = staged.bring(deck, state)
    if state == STARTING:
        time.sleep(0.3 * number)  # at another moment of its start each time
    began = last_seen = time.monotonic()
    commands.cancel_task(deck, LOCAL, task_id)
    settled = 0.0
    while not settled or time.monotonic() < max(began + settled, last_seen) + QUIET_S:
        left = staged.alive()
        last_seen = time.monotonic() if left else last_seen
        if not settled and not _live(deck, task_id):
            settled = time.monotonic() - began
        if time.monotonic() > began + GONE_S:
            names = [" ".join(one.cmdline())[:80] for one in left]
            raise RuntimeError(f"Still there {GONE_S:.0f} s after the cancel while {state}: {names or 'the agent'}.")
        time.sleep(0.01)
    return last_seen - began, settled


def _live(deck: Deck, task_id: str) -> bool:
    with deck.store.read() as board:
        return bool(board.agents(AgentFilter(task_id=task_id, live=True)).items)
