"""How fast a folder of transcripts is counted and read in, beside the program that people count theirs with."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import transcript_trees
from benchmarks.figures import Figure, at_most, load, told
from benchmarks.servers import ROOT, environment
from benchmarks.transcript_trees import Tree

SIZE = 300e6
PEER = "ccusage@20.0.24"
ROUNDS = 5
COLD, SECOND = 1.0, 0.05
"""Most of the peer's time."""
LEAST_MB_S, MOST_MB = 20, 500
_COUNT = """
import json, sys, time
from datetime import UTC
from pathlib import Path
from data.domain.transcript_lines import CostMode
from orchestrator_adapter.ingest.transcript_usage import look

def once():
    begun = time.perf_counter()
    found = look(Path(sys.argv[1]), Path(sys.argv[2]), zone=UTC, mode=CostMode.AUTO, now_ms=0)
    return time.perf_counter() - begun, found

(_, found), (second, again) = once(), once()
assert again.usage == found.usage and again.read_bytes == 0
rows = [[r.day, r.model, r.tokens.input, r.tokens.output, r.tokens.cache_write_5m + r.tokens.cache_write_1h,
         r.tokens.cache_read, r.replies, r.nanousd, r.unpriced] for r in found.usage.rows]
print(json.dumps({"second": second, "rows": rows}))
"""
_IMPORT = """
import json, resource, sys, time
from pathlib import Path
from data.store import Store
from data.store.search_clock import settled
from orchestrator_adapter.ingest.importing import Importer

def peak_kb():
    return sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))

store = Store.open(sys.argv[2])
begun = time.perf_counter()
done = Importer(store).run(Path(sys.argv[1]), by="benchmark")
took = time.perf_counter() - begun
assert settled(store, 600)
found = time.perf_counter() - begun
begun = time.perf_counter()
again = Importer(store).run(Path(sys.argv[1]), by="benchmark")
second = time.perf_counter() - begun
with store.read() as board:
    begun = time.perf_counter()
    damaged = board.transcripts_damaged()
    checked, kept, texts = time.perf_counter() - begun, board.transcripts_kept(), board.search_texts()
print(json.dumps({"took": took, "found": found, "texts": texts, "second": second, "peak_mb": peak_kb() / 1024,
                  "size": done.bytes_done, "error": done.error,
                  "replies": done.report.replies, "known": again.report.known, "files": done.files_total,
                  "damaged": damaged, "checked": checked, "kept": kept}))
"""
Cell = tuple[str, str]


def measure(size_mb: int | None) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="quarterdeck-trees-") as folder:
        home = Path(folder)
        tree = transcript_trees.make(home / "tree", SIZE if size_mb is None else size_mb * 1e6)
        about = f"{tree.size / 1e6:,.0f} MB, {tree.files:,} files"
        peer = _Peer(home)
        yield from _counted(home, tree, peer, about)
        yield from _read_in(home, tree, about)


def _counted(home: Path, tree: Tree, peer: _Peer, about: str) -> Iterator[Figure]:
    ours, whole, runs = [], [], []
    for number in range(ROUNDS):  # by turns, so that what else the machine does meets both
        whole.append(_command(tree, home / f"home-{number}"))
        runs += [] if peer.missing else [peer.daily(tree)]
        ours.append(_python(_COUNT, tree.folder / "projects", home / f"notes-{number}"))
    cold, second = min(took for took, _ in whole), min(one["second"] for one in ours)
    assert [day["tokens"]["output"] for day in whole[0][1]["days"]] == [row[3] for row in ours[0]["rows"]]
    wrong = _wrong(tree, ours[0]["rows"])
    yield at_most("cells of day x model that differ from what the tree holds", wrong, 0, "cells", about)
    if peer.missing:
        yield told("usage of a folder, cold", f"{cold:.2f} s", f"no peer: {peer.missing}; {about}")
        yield told("usage of a folder, second look", f"{second * 1000:.0f} ms", f"no peer: {peer.missing}")
        return
    theirs = min(took for took, _ in runs)
    beside = f"ours {cold:.2f} s, {PEER} {theirs:.2f} s from the start of the command to its end, each the best of"
    beside += f" {ROUNDS}; {about}"
    yield at_most("usage of a folder, cold, of the peer's time", cold / theirs, COLD, "x", beside, 2)
    beside = f"ours {second * 1000:.0f} ms in a process that stands, {PEER} {theirs:.2f} s, which keeps nothing"
    yield at_most("usage of a folder, second look, of the peer's time", second / theirs, SECOND, "x", beside, 3)
    differ, cells = _apart(ours[0]["rows"], runs[0][1])
    beside = f"of {cells}: tokens exactly, cost to 0.000001 dollars"
    yield at_most("cells of day x model that differ from the peer's", differ, 0, "cells", beside)


def _read_in(home: Path, tree: Tree, about: str) -> Iterator[Figure]:
    found = _python(_IMPORT, tree.folder, f"sqlite:///{home / 'store.sqlite'}")
    assert found["error"] is None, found["error"]
    assert found["damaged"] == [], found["damaged"]
    files, size, packed = found["kept"]
    rate = found["size"] / 1e6 / found["found"]
    beside = f"{found['found']:.1f} s until all of it can be found, {found['took']:.1f} s until it is read in; "
    beside += f"{found['replies']:,} replies, {found['texts']:,} texts in the index; {about}"
    met = rate >= LEAST_MB_S
    yield Figure("import of a folder into the store", f"{rate:.0f} MB/s", f"≥ {LEAST_MB_S} MB/s", met, beside, load())
    yield at_most("memory of the import, at its peak", found["peak_mb"], MOST_MB, "MB", "its processes added up")
    yield told("second import of the same folder", f"{found['second'] * 1000:.0f} ms", f"{found['known']} files known")
    kept = f"{size / 1e6:,.0f} MB of {files:,} files in {packed / 1e6:,.0f} MB"
    yield told("check of every line that is kept", f"{found['checked']:.1f} s", kept)


def _python(code: str, *given: object) -> dict[str, Any]:
    command = [sys.executable, "-c", code, *map(str, given)]
    done = subprocess.run(command, cwd=ROOT, env=environment(ROOT), check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def _command(tree: Tree, home: Path) -> tuple[float, dict[str, Any]]:
    """Seconds from the start of our command to its end, with nothing noted before, and what it says."""
    command = [sys.executable, "-m", "orchestrator_adapter", "usage", str(tree.folder / "projects")]
    env = environment(ROOT) | {"QUARTERDECK_HOME": str(home)}
    begun = time.perf_counter()
    done = subprocess.run(
        [*command, "--timezone", "UTC", "--json"], cwd=ROOT, env=env, check=True, capture_output=True, text=True
    )
    return time.perf_counter() - begun, dict(json.loads(done.stdout))


def _wrong(tree: Tree, rows: list[list[Any]]) -> int:
    """Cells in which we find something else than was written."""
    ours = {(row[0], row[1]): row[2:7] for row in rows}
    held = {
        key: [c[name] for name in (*transcript_trees.COUNTED, "replies")]
        for key, c in tree.cells.items()
        if c["replies"]
    }
    return sum(ours.get(key) != held.get(key) for key in ours.keys() | held.keys())


def _apart(rows: list[list[Any]], theirs: dict[Cell, tuple[list[int], float]]) -> tuple[int, int]:
    ours = {(row[0], row[1]): (row[2:6], row[7] / 1e9) for row in rows}
    nothing: tuple[list[int], float] = ([], 0.0)
    differ = 0
    for key in ours.keys() | theirs.keys():
        (mine, cost), (other, other_cost) = ours.get(key, nothing), theirs.get(key, nothing)
        differ += mine != other or abs(cost - other_cost) > 1e-6
    return differ, len(ours.keys() | theirs.keys())


class _Peer:
    """The peer, if it can be installed here."""

    def __init__(self, home: Path) -> None:
        self._bin = home / "peer" / "node_modules" / ".bin" / "ccusage"
        self.missing = "" if shutil.which("npm") else "npm is not installed"
        if self.missing:
            return
        (home / "peer").mkdir()
        command = ["npm", "install", "--no-audit", "--no-fund", "--silent", PEER]
        done = subprocess.run(command, cwd=home / "peer", capture_output=True, text=True, timeout=300)
        if done.returncode or not self._bin.exists():
            self.missing = f"npm could not install {PEER}: {' '.join((done.stderr or done.stdout).split())[:120]}"

    def daily(self, tree: Tree) -> tuple[float, dict[Cell, tuple[list[int], float]]]:
        """Seconds, and tokens and cost by day and model."""
        command = [str(self._bin), "claude", "daily", "--json", "--offline", "--timezone", "UTC"]
        env = os.environ | {"CLAUDE_CONFIG_DIR": str(tree.folder)}
        begun = time.perf_counter()
        done = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
        took = time.perf_counter() - begun
        cells: dict[Cell, tuple[list[int], float]] = {}
        for day in json.loads(done.stdout)["daily"]:
            for one in day["modelBreakdowns"]:
                names = ("inputTokens", "outputTokens", "cacheCreationTokens", "cacheReadTokens")
                cells[day["date"], one["modelName"]] = ([one[name] for name in names], one["cost"])
        return took, cells
