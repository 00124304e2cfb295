"""How long a page of a large log file takes, a search through it, and taking in log folders."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from benchmarks.figures import Figure, at_most, told
from data.store import Store
from orchestrator_adapter.ingest import log_files, log_import

LARGE = 200_000_000
FOLDERS, CALLS, ANSWER = 40, 100, 1_800


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="qd-logs-") as home:
        yield from _reading(Path(home))
        yield from _taking_in(Path(home))


def _reading(home: Path) -> Iterator[Figure]:
    """`tools.jsonl` of 200 MB, beside reading the same file whole."""
    line = json.dumps({"timestamp": "2026-03-01T14:00:00", "type": "tool_result", "content": "x" * 1900}) + "\n"
    with (home / "tools.jsonl").open("w") as file:
        for _ in range(LARGE // len(line)):
            file.write(line)
        file.write(json.dumps({"timestamp": "2026-03-01T14:00:00", "type": "tool_use", "tool_name": "needle"}) + "\n")
    whole = _seconds(lambda: (home / "tools.jsonl").read_bytes())
    with log_files.opened(home, "tools.jsonl") as file:
        assert file is not None
        last = min(_seconds(lambda: log_files.page(file)) for _ in range(5))
        found = _seconds(lambda: log_files.search(file, "needle"))
    beside = f"reading it whole: {whole * 1000:.0f} ms"
    yield at_most("last page of a log file of 200 MB", last * 1000, 300, "ms", beside)
    yield at_most("a text found at the end of it", found * 1000, 1500, "ms", beside)


def _seconds(do: Callable[[], object]) -> float:
    begun = time.perf_counter()
    do()
    return time.perf_counter() - begun


def _taking_in(home: Path) -> Iterator[Figure]:
    """Folders of the existing orchestrator, into an empty store and once more."""
    logs = home / "agent_logs"
    for number in range(FOLDERS):
        _write(logs / f"task-{number // 4}" / f"{number:08x}_Builder_Agent_20260301_14{number:02}00")
    size = sum(path.stat().st_size for path in logs.rglob("*.*") if path.is_file())
    store = Store.open(f"sqlite:///{home / 'store.sqlite'}")
    before = psutil.Process().memory_info().rss
    try:
        first = _seconds(lambda: log_import.take_in(store, logs))
        again = _seconds(lambda: log_import.take_in(store, logs))
    finally:
        store.close()
    grown = (psutil.Process().memory_info().rss - before) / 2**20
    speed = f"{size / 1e6 / first:.1f} MB/s"
    yield told(
        "log folders taken in", speed, f"{FOLDERS} folders, {FOLDERS * CALLS * 2} happenings, {size / 1e6:.0f} MB"
    )
    yield at_most("the same ones once more", again / first, 0.1, "x of the first time", f"{again * 1000:.0f} ms", 3)
    yield at_most("memory it took", grown, 100, "MB")


def _write(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "prompt.txt").write_text("Fix the issue: Fix the sign bug in add()")
    with (folder / "tools.jsonl").open("w") as file:
        for call in range(CALLS):
            at = f"2026-03-01T15:{call // 60:02}:{call % 60:02}"
            ids = {"timestamp": at, "tool_use_id": f"toolu_{call}"}
            use = {"type": "tool_use", "tool_name": "Bash", "input": {"command": f"pytest -q tests/test_{call}.py"}}
            text = f"{folder.name} {call} " + "passed " * (ANSWER // 7)
            file.write(json.dumps(ids | use) + "\n")
            file.write(json.dumps(ids | {"type": "tool_result", "content": text, "is_error": None}) + "\n")
    total = {"type": "ResultMessage", "is_error": False, "result": "done", "session_id": "s", "total_cost_usd": 0.1}
    (folder / "summary.jsonl").write_text(json.dumps({"timestamp": "2026-03-01T15:05:00", **total}) + "\n")
