"""Whether an ANALYST is worth its money: the questions of its page, each as of one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from data.domain.assignment import AssignedBy
from data.domain.money import to_usd
from data.domain.roi import Roi, roi
from data.domain.roi_cases import Case
from data.warehouse.warehouse import Reader

MOST_GROUPS = 12
EVER_MS = 2**62


@dataclass(frozen=True)
class Cut:
    """Which tasks are asked for; None asks for nothing."""

    begin_ms: int
    end_ms: int = EVER_MS
    task_type: str | None = None
    folder: str | None = None
    simulated: bool = False


@dataclass(frozen=True)
class Found:
    """The comparison, and what is needed to say what a lottery would take."""

    roi: Roi
    borderline: int
    """Borderline tasks among them."""
    simple: int
    """Of those, the ones to which the rule gives no ANALYST."""


def cases(reader: Reader, cut: Cut) -> tuple[Case, ...]:
    given = {"begin": cut.begin_ms, "end": cut.end_ms, "simulated": cut.simulated}
    frame = reader.frame("analyst_roi", "cases", **given, task_type=cut.task_type, folder=cut.folder)
    return tuple(_case(row) for row in frame.itertuples(index=False))


def compared(reader: Reader, cut: Cut) -> Found:
    found = cases(reader, cut)
    near = [case for case in found if case.borderline]
    return Found(roi(found), len(near), sum(case.complexity == "simple" for case in near))


def compared_by(reader: Reader, cut: Cut, by: str) -> tuple[tuple[str, Roi], ...]:
    """The same for each task type, complexity or folder, those with the most tasks first."""
    members: dict[str, list[Case]] = {}
    for case in cases(reader, cut):
        members.setdefault(str(getattr(case, by)), []).append(case)
    largest = sorted(members, key=lambda name: (-len(members[name]), name))[:MOST_GROUPS]
    return tuple((name, roi(members[name])) for name in largest)


def _case(row: object) -> Case:
    told = row._asdict()  # type: ignore[attr-defined]
    known: dict[str, Any] = {name: None if pd.isna(value) else value for name, value in told.items()}
    begun, ended, percent = known["started_at_ms"], known["ended_at_ms"], known["analyst_percent"]
    return Case(
        id=known["id"],
        included=bool(known["included"]),
        by=AssignedBy(known["analyst_by"]),
        probability=None if percent is None else percent / 100,
        task_type=known["task_type"],
        complexity=known["complexity"],
        borderline=bool(known["borderline"]),
        folder=known["folder"] or "",
        words=int(known["words"]),
        created_ms=int(known["created_at_ms"]),
        cost_usd=None if known["unpriced"] else to_usd(int(known["cost_nanousd"])),
        good=None if known["good"] is None else bool(known["good"]),
        reworked=bool(known["reworked"]),
        seconds=None if begun is None or ended is None else (ended - begun) / 1000,
        analyst_usd=to_usd(int(known["analyst_nanousd"])),
    )
