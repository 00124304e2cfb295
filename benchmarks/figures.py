"""A figure: what was measured, what it should be at most, and how both are shown as one table."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

KEPT = Path("var/bench")
"""Where the newest table lies, and the seeded store that all runs of a day share."""
COLUMNS = ("figure", "measured", "target", "met", "beside")


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    name: str
    measured: str
    target: str = ""
    met: bool | None = None
    """None: it has no target, or could not be measured."""
    beside: str = ""
    """The baseline of the same run, and whatever explains the number."""
    load: float = 0.0
    """Load average of the machine when it was measured."""

    @property
    def verdict(self) -> str:
        return {True: "yes", False: "NO", None: "-"}[self.met]


def at_most(name: str, value: float, most: float | None, unit: str, beside: str = "", digits: int = 0) -> Figure:
    """A number that is good when it is small; without a limit it is only told."""
    target = "" if most is None else f"≤ {most:g} {unit}"
    met = None if most is None else value <= most
    return Figure(name, f"{value:,.{digits}f} {unit}", target, met, beside, load())


def told(name: str, measured: str, beside: str = "") -> Figure:
    return Figure(name, measured, beside=beside, load=load())


def lost(name: str, error: Exception) -> Figure:
    """A figure that could not be measured, and why."""
    words = " ".join(str(error).split())[:200]
    return Figure(name, "not measured", beside=f"{type(error).__name__}: {words}", load=load())


def load() -> float:
    return round(os.getloadavg()[0], 1)


def p95(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]


def spread(values: Sequence[float], unit: str = "ms") -> str:
    """Middle, 95th percentile and largest."""
    return f"p50 {statistics.median(values):.0f}, p95 {p95(values):.0f}, max {max(values):.0f} {unit}"


def show(found: Sequence[Figure]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in COLUMNS:
        table.add_column(column, overflow="fold")
    for figure in found:
        table.add_row(figure.name, figure.measured, figure.target, figure.verdict, figure.beside)
    Console(highlight=False, markup=False).print(table)


def machine(found: Iterable[Figure]) -> str:
    loads = [figure.load for figure in found] or [load()]
    memory_gib = psutil.virtual_memory().total / 2**30
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, {memory_gib:.0f} GiB, "
        f"Python {platform.python_version()}, load average {min(loads):.1f} to {max(loads):.1f} while measuring"
    )


def keep(found: Sequence[Figure]) -> Path:
    """Write the table as JSON and as Markdown; the latter's path."""
    KEPT.mkdir(parents=True, exist_ok=True)
    about = machine(found)
    body = {"machine": about, "figures": [asdict(figure) for figure in found]}
    (KEPT / "latest.json").write_text(json.dumps(body, indent=1, ensure_ascii=False), encoding="utf-8")
    lines = [about, "", _row(COLUMNS), _row("---" for _ in COLUMNS)]
    lines += [_row((f.name, f.measured, f.target, f.verdict, f.beside)) for f in found]
    path = KEPT / "latest.md"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
