"""What a folder used, without taking it in: the same figures, read once, and read again when anything is odd."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from data.domain.money import Tokens
from data.domain.transcript_lines import CostMode
from data.domain.usage import UNDATED, Usage
from data.store import Store
from orchestrator_adapter.ingest.transcript_files import find
from orchestrator_adapter.ingest.transcript_usage import WORTH_SHARING, Looked, look
from orchestrator_adapter.ingest.transcripts import Scan
from tests.ingest.trees import OTHER, PRICE, SESSION, main_file, packed, prompt, says, sub_file, write

NOW_MS = 1_800_000_000_000
ROOT = Path(__file__).parents[2]


def looked(root: Path, zone: str = "UTC", mode: CostMode = CostMode.AUTO) -> Looked:
    return look(root / "projects", root / "notes", zone=ZoneInfo(zone), mode=mode, now_ms=NOW_MS)


def test_it_counts_what_an_import_counts(lite: Store, tmp_path: Path) -> None:
    early = says(2, second=3)
    early["message"] = early["message"] | {"usage": {"input_tokens": 10, "output_tokens": 1}}
    error = says(9, second=5)
    error["message"] = error["message"] | {"model": "<synthetic>"}
    said = says(4, second=6, blocks=[{"type": "text", "text": 'he said "usage":{"input_tokens":1} "usage"'}])
    unknown = says(5, second=7)
    unknown["message"] = unknown["message"] | {"model": "claude-of-tomorrow"}
    main = (prompt("Fix it"), says(1), says(1, second=2), early, says(2, second=4), error, said, unknown)
    write(main_file(tmp_path), *main, torn=packed(says(7))[:-3])
    write(main_file(tmp_path, OTHER), prompt("Fix it", session=OTHER), says(1, session=OTHER))
    write(sub_file(tmp_path, "a1"), prompt("Look", isSidechain=True), says(6, isSidechain=True, second=9))
    Scan(lite).run(find(tmp_path))
    found = looked(tmp_path).usage
    with lite.read() as board:
        days = board.imported_by_day()
    assert [(f"{d.day:%Y-%m-%d}", d.model, d.replies, d.tokens, d.nanousd, d.unpriced) for d in days] == [
        (row.day, row.model, row.replies, row.tokens, row.nanousd, row.unpriced) for row in found.rows
    ]
    assert (found.errors, found.unpriced_models) == (1, ["claude-of-tomorrow"])
    assert (found.total().replies, found.total().nanousd) == (5, 4 * PRICE)


def test_a_second_look_reads_only_what_was_added(tmp_path: Path) -> None:
    path = write(main_file(tmp_path), prompt("Fix it"), says(1), torn=b'{"half')
    first = looked(tmp_path)
    assert (first.files, first.read_bytes, first.size) == (1, path.stat().st_size - 6, path.stat().st_size)
    assert looked(tmp_path) == Looked(first.usage, 1, first.size, 0)
    more = b'":1}\n' + packed(says(1, second=5), says(2, second=6))
    with path.open("ab") as file:
        file.write(more)
    grown = looked(tmp_path)
    assert (grown.read_bytes, grown.usage.total().replies) == (len(more) + 6, 2)


@pytest.mark.parametrize(
    "harm", ["cut", "gone", "overwritten", "notes torn", "replies gone", "notes of two looks", "no notes"]
)
def test_whatever_else_happens_everything_is_read_again(tmp_path: Path, harm: str) -> None:
    path = write(main_file(tmp_path), prompt("Fix it"), says(1), says(2, second=3))
    write(main_file(tmp_path, OTHER), prompt("More", session=OTHER), says(3, session=OTHER))
    looked(tmp_path)
    match harm:
        case "cut":
            write(path, says(1))
        case "gone":
            path.unlink()
        case "overwritten":
            path.write_bytes(path.read_bytes().replace(b'"output_tokens":100', b'"output_tokens":900'))
            os.utime(path, (5_000_000_000, 5_000_000_000))
        case "notes torn":
            next((tmp_path / "notes").glob("*.files")).write_bytes(b"{")
        case "replies gone":
            next((tmp_path / "notes").glob("*.replies")).unlink()
            write(path, prompt("Fix it"), says(1), says(2, second=3), says(4, second=5))
        case "notes of two looks":  # each wrote one of the files last
            (replies,) = (tmp_path / "notes").glob("*.replies")
            older = replies.read_bytes()
            write(path, prompt("Fix it"), says(1), says(2, second=3), says(4, second=5))
            looked(tmp_path)
            replies.write_bytes(older)
            write(path, prompt("Fix it"), says(1), says(2, second=3), says(4, second=5), says(5, second=7))
        case _:
            (tmp_path / "notes").rename(tmp_path / "away")
            (tmp_path / "notes").write_text("in the way")
    fresh = look(tmp_path / "projects", None, zone=UTC, mode=CostMode.AUTO, now_ms=NOW_MS)
    assert looked(tmp_path).usage == fresh.usage
    assert looked(tmp_path).usage == fresh.usage


def test_the_day_is_that_of_the_zone_and_what_has_no_time_stands_apart(tmp_path: Path) -> None:
    late = says(1, timestamp="2026-11-01T23:30:00.000Z")
    write(main_file(tmp_path), late, says(2, timestamp="2026-11-02T08:00:00+09:00"), says(3, timestamp=None))
    assert [row.day for row in looked(tmp_path).usage.rows] == ["2026-11-01", UNDATED]
    berlin = looked(tmp_path, "Europe/Berlin").usage
    assert [(row.day, row.replies) for row in berlin.rows] == [("2026-11-02", 2), (UNDATED, 1)]
    assert berlin.undated == 1
    assert looked(tmp_path, "America/Los_Angeles").usage.rows[0].replies == 2


LOCAL = """
import sys
from pathlib import Path
from data.domain.transcript_lines import CostMode
from orchestrator_adapter.cli_usage import Local
from orchestrator_adapter.ingest.transcript_usage import look

found = look(Path(sys.argv[1]), None, zone=Local(), mode=CostMode.AUTO, now_ms=1_795_000_000_000)
print(*(row.day for row in found.usage.rows))
"""


def test_the_clocks_of_this_system_are_those_of_the_moment(tmp_path: Path) -> None:
    """Half past ten in the evening in UTC is the next day in a summer of Berlin, and not in its winter."""
    summer, winter = (says(n, timestamp=f"2026-{month}-14T22:30:00.000Z") for n, month in ((1, "07"), (2, "01")))
    write(main_file(tmp_path), summer, winter)
    command = [sys.executable, "-c", LOCAL, str(tmp_path)]
    for zone, days in (("Europe/Berlin", "2026-01-14 2026-07-15"), ("UTC", "2026-01-14 2026-07-14")):
        environment = os.environ | {"TZ": zone}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
        assert (done.stderr, done.stdout.strip()) == ("", days)


def test_each_way_to_take_a_cost_has_its_own_table(tmp_path: Path) -> None:
    write(main_file(tmp_path), says(1, costUSD=0.5), says(2, second=3))
    costs = {mode: looked(tmp_path, mode=mode).usage.total().nanousd for mode in CostMode for _ in range(2)}
    assert costs == {"auto": 500_000_000 + PRICE, "calculate": 2 * PRICE, "display": 500_000_000}


def test_fast_mode_and_web_searches_are_told_apart(tmp_path: Path) -> None:
    fast, searched = says(1), says(2, second=3)
    fast["message"] = fast["message"] | {"usage": {"output_tokens": 1, "speed": "fast"}}
    searched["message"] = searched["message"] | {"usage": {"server_tool_use": {"web_search_requests": 2}}}
    write(main_file(tmp_path), fast, searched)
    plain, quick = looked(tmp_path).usage.rows
    assert (plain.searches_nanousd, plain.nanousd) == (20_000_000, 0)
    assert (quick.model, quick.nanousd, quick.tokens) == ("claude-opus-4-8-fast", 50_000, Tokens(output=1))


def test_only_a_line_that_is_itself_of_a_person_or_a_tool_is_passed_over(tmp_path: Path) -> None:
    """Its first bytes say so; the same words deeper in, or in the line behind it, say nothing about it."""
    used = {"usage": {"input_tokens": 5, "output_tokens": 7}}
    answer = {"type": "user", "toolUseResult": used} | prompt("done")
    inner = says(1, blocks=[{"type": "user", "text": "x"}])
    first = {"message": {"type": "user"} | inner["message"]} | inner
    # blocks of one reply, and a line that looks like one more of them and has more to say
    block = {"apiBlockIndex": 0} | says(2, second=3)
    grown = block | {"apiBlockIndex": 1, "message": block["message"] | {"usage": {"output_tokens": 300}}}
    path = write(main_file(tmp_path), answer, first, block, block, grown, says(3, second=5))
    path.write_bytes(b"x\n7\n" + packed(answer)[:-1] + b' "usage"\n' + path.read_bytes())
    found = looked(tmp_path).usage.total()
    assert (found.replies, found.tokens.output) == (3, 100 + 300 + 100)


SHARED = """
import json, sys
from datetime import UTC
from pathlib import Path
from data.domain.transcript_lines import CostMode
from orchestrator_adapter.ingest.transcript_usage import look

alone, shared = (look(Path(sys.argv[1]), None, zone=UTC, mode=CostMode.AUTO, now_ms=0, cores=n) for n in (1, 2))
print(json.dumps([alone == shared, shared.usage.total().replies]))
"""


def test_shared_between_processes_it_is_the_same(tmp_path: Path) -> None:
    """In a process of its own: one that has threads does not share."""
    big = [{"type": "text", "text": "x" * 100_000}]
    for number in range(1, 5):
        session = f"{number}{SESSION[1:]}"
        turns = [says(number * 100 + n, blocks=big, session=session) for n in range(60)]
        write(main_file(tmp_path, session), says(1, session=session, second=number), *turns)
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.jsonl")) > WORTH_SHARING
    command = [sys.executable, "-W", "error", "-c", SHARED, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.stderr, done.stdout.strip()) == ("", "[true, 241]")


def test_a_table_there_and_back(tmp_path: Path) -> None:
    write(main_file(tmp_path, SESSION), says(1))
    found = looked(tmp_path).usage
    assert Usage.of(found.as_dict()) == found
