"""A thousand tasks that wait while twenty run: what that costs the engine, and whether others still start at once."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Iterator

import psutil

from benchmarks import fleets
from benchmarks.figures import Figure, p95, told
from data.domain.fleet import Limits
from data.store import settings
from tests.engine.processes import HOST, ONE_STEP, Fleet, wait

WAITING, RUNNING, ROOM = 1_000, 20, 4
FURTHER = 40
IDLE_S = 30.0
SILENT_S = "3600"
"""The agents at work say one thing and then think for long, so that only the queue moves."""


def measure() -> Iterator[Figure]:
    with fleets.empty_home() as home:
        fleet = Fleet(f"sqlite:///{fleets.store_path(home)}", home)
        try:
            yield from _measured(fleet)
        finally:
            fleet.end()


def _measured(fleet: Fleet) -> Iterator[Figure]:
    fleet.append(settings.event(Limits(per_user=RUNNING), "bench"))
    engine = fleet.start(agents=RUNNING + ROOM, command=(*HOST, str(fleet.folder), SILENT_S))
    time.sleep(3)
    empty_mb, empty_cpu = _rss_mb(engine), _cpu_percent(engine)
    for _ in range(WAITING + RUNNING):
        fleet.submit(ONE_STEP, by="ada")
    wait(lambda: len(fleet.journal()) == RUNNING, 60)
    time.sleep(3)
    mb, cpu, threads = _rss_mb(engine), _cpu_percent(engine), psutil.Process(engine.pid).num_threads()
    what = f"{WAITING:,} tasks waiting, {RUNNING} running"
    yield told(f"engine memory, {what}", f"{mb:.0f} MB", f"empty: {empty_mb:.0f} MB; {threads} threads")
    yield told(f"engine idle CPU, {what}", f"{cpu:.1f} %", f"of a core, over {IDLE_S:.0f} s; empty: {empty_cpu:.1f} %")
    took_ms = [_started_ms(fleet) for _ in range(FURTHER)]
    beside = f"{FURTHER} tasks of somebody with free places; p50 {statistics.median(took_ms):.0f} ms"
    yield told(f"submit to start, {what}, p95", f"{p95(took_ms):.0f} ms", beside)
    if len(fleet.journal()) != RUNNING + FURTHER:
        raise RuntimeError("More ran than may.")


def _started_ms(fleet: Fleet) -> float:
    began = time.time()
    task_id = fleet.submit(ONE_STEP, by="ben")
    (line,) = wait(lambda: fleet.journal(task_id=task_id))
    fleet.release(task_id)
    return 1000 * (float(line["at"]) - began)


def _rss_mb(process: subprocess.Popen[str]) -> float:
    return psutil.Process(process.pid).memory_info().rss / 1e6


def _cpu_percent(process: subprocess.Popen[str]) -> float:
    return psutil.Process(process.pid).cpu_percent(IDLE_S)
