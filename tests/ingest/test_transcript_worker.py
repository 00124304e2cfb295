"""A process beside this one reads what it is told to, and its end costs nothing but time."""

from __future__ import annotations

import os
import signal
from dataclasses import asdict
from pathlib import Path

from data.domain.prices import book
from data.domain.transcript_costs import Pricer
from orchestrator_adapter.ingest.transcript_worker import AHEAD_FILES, Beside, Here, Job, told
from tests.ingest.trees import calls, packed, prompt, returns, says, write


def jobs(folder: Path, count: int) -> list[tuple[Job, bytes]]:
    out = []
    for number in range(count):
        lines = [prompt(f"Fix {number}"), calls(1, "Edit", {"file_path": "/a.py"}), returns(1), says(2)]
        path = write(folder / f"{number}.jsonl", *lines)
        raw = packed(*lines)
        out.append((Job(os.fsencode(path), 0, len(raw), 1, False, f"s{number}", 1, 1_700_000_000_000, True), raw))
    return out


def test_both_readers_tell_the_same(tmp_path: Path) -> None:
    given = jobs(tmp_path, AHEAD_FILES)
    beside, here = Beside(), Here()
    try:
        for job, raw in given:
            beside.begin(job, raw)
        assert beside.full()
        for job, raw in given:
            here.begin(job, raw)
            assert here.full()
            mine, theirs = here.next(), beside.next()
            assert mine is not None
            assert theirs is not None
            assert asdict(mine) == asdict(theirs)
            assert mine.texts
        assert not beside.full()
    finally:
        beside.close()
        here.close()


def test_a_reader_that_is_killed_is_done_without(tmp_path: Path) -> None:
    given = jobs(tmp_path, 3)
    beside = Beside()
    try:
        beside.begin(*given[0])
        first = beside.next()
        os.kill(beside.pid, signal.SIGKILL)
        for job, raw in given[1:]:
            beside.begin(job, raw)
        rest = [beside.next() for _ in given[1:]]
    finally:
        beside.close()
    assert [found and asdict(found) for found in (first, *rest)] == [
        asdict(told(job, raw, Pricer(book()))) for job, raw in given
    ]


def test_lines_that_are_there_no_more_tell_nothing(tmp_path: Path) -> None:
    (cut, raw), (gone, _), (whole, _) = jobs(tmp_path, 3)
    Path(os.fsdecode(cut.path)).write_bytes(raw[:-5])
    Path(os.fsdecode(gone.path)).unlink()
    beside = Beside()
    try:
        for job in (cut, gone, whole):
            beside.begin(job, b"")
        assert [beside.next() is None for _ in range(3)] == [True, True, False]
    finally:
        beside.close()
