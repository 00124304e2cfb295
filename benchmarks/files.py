"""What it costs to know what a step really changed: two looks at a folder of 5,000 files, beside git's own."""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.figures import Figure, at_most, told
from orchestrator_adapter.engine import pictures
from orchestrator_adapter.engine.pictures import Picture

FILES = 5_000
MOST_MS = 200
ROUNDS = 7


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        folder = _folder(root / "work")
        size = sum(path.stat().st_size for path in folder.rglob("*.py")) / 1e6
        before, after, beside = _looks(root, folder)
        name = f"both looks at a folder of {FILES:,} files ({size:.0f} MB), added to an agent's run"
        yield at_most(name, before + after, MOST_MS, "ms", beside)
        _git(folder, "init", "-q")
        _git(folder, "add", "-A")
        _git(folder, "-c", "user.name=n", "-c", "user.email=n@example.com", "commit", "-qm", "x")
        before, after, beside = _looks(root, folder)
        yield at_most(f"the same folder as a git repository of {FILES:,} files", before + after, MOST_MS, "ms", beside)
        peer = _middle(lambda: _git(folder, "status", "--porcelain", "-uall"))
        yield told("git status of it, twice, as the peer", f"{2 * peer:.0f} ms", "says which files differ, keeps none")


def _looks(root: Path, folder: Path) -> tuple[float, float, str]:
    """Middle times of the look before and the look after, with three files changed in between."""
    file, times, began = root / "home" / "a.picture", [], _processor_ms()
    for number in range(ROUNDS):
        taken = _timed(lambda: pictures.take(folder, root / "home", file))
        for place in (1, 777, 4_321):
            (folder / f"d{place % 50}" / f"f{place}.py").write_text(f"changed = {number}\n")
        compared = _timed(lambda: pictures.compare(Picture(file), folder, root / "home"))
        times.append((taken, compared))
    before, after = (statistics.median(time) for time in zip(*times, strict=True))
    processor = (_processor_ms() - began) / ROUNDS
    return before, after, f"before {before:.0f} ms, after {after:.0f} ms; processor time of both {processor:.0f} ms"


def _processor_ms() -> float:
    """Used by this process and by what it has started and seen end."""
    return sum(os.times()[:4]) * 1000


def _timed(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return (time.perf_counter() - began) * 1000


def _middle(do: Callable[[], object]) -> float:
    return statistics.median(_timed(do) for _ in range(ROUNDS))


def _folder(folder: Path) -> Path:
    dice = random.Random(7)
    for number in range(FILES):
        path = folder / f"d{number % 50}" / f"f{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = (f"def f{dice.random()}():\n    return {n}\n" for n in range(dice.randint(5, 120)))
        path.write_text("".join(lines))
    return folder


def _git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)
