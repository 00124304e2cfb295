"""SIGKILL of the engine process that has a step, on PostgreSQL: how soon another one goes on with it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

from benchmarks import fleets
from benchmarks.figures import Figure, at_most, p95
from data.domain import events as e
from tests.engine.processes import ONE_STEP, Fleet, wait
from tests.postgres import PostgresServer

KILLS = 15
PROCESSES = 3
MOST_S = 5.0


def measure() -> Iterator[Figure]:
    server = PostgresServer()
    try:
        with fleets.empty_home() as home:
            fleet = Fleet(server.database("fleet"), home)
            try:
                for _ in range(PROCESSES):
                    fleet.start(agents=4)
                took_s = [_killed(fleet) for _ in range(KILLS)]
            finally:
                fleet.end()
    finally:
        server.remove()
    beside = (
        f"{KILLS} kills among {PROCESSES} processes, each of the one that had the task and its step: "
        f"p50 {statistics.median(took_s):.1f} s, max {max(took_s):.1f} s"
    )
    yield at_most("takeover of a killed worker's task, p95", p95(took_s), MOST_S, "s", beside, digits=1)


def _killed(fleet: Fleet) -> float:
    """Seconds from the kill to the step's agent being at work elsewhere; a new process takes the place of the old."""
    task_id = fleet.submit(ONE_STEP)
    owner = wait(lambda: fleet.owner(task_id, "planner"))
    owner.kill()
    killed = time.time()
    wait(lambda: len(fleet.journal(task_id=task_id)) == 2)
    took_s = float(fleet.journal(task_id=task_id)[-1]["at"]) - killed
    owner.wait()
    fleet.start(agents=4)
    fleet.release(task_id)
    wait(lambda: fleet.task(task_id).ended)
    (continued,) = (entry for entry in fleet.events(e.StepContinued) if entry.event.task_id == task_id)
    if fleet.task(task_id).status != "completed" or not fleet.journal(task_id=task_id)[-1]["resumed"]:
        raise RuntimeError(f"The step did not go on as it should: {continued.event}")
    return took_s
