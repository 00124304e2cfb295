"""Homes to measure in: empty, or with a seeded history and agents at work, of which no engine makes real ones."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.figures import KEPT
from data.store import Store
from data.store.search_clock import catch_up
from orchestrator_adapter import seed

ROOT = Path(__file__).parents[1]
TASKS = 1_000
LIVE = 100


@contextlib.contextmanager
def empty_home() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="quarterdeck-bench-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def stored_home() -> Iterator[Path]:
    """A history of 1,000 tasks, all ended."""
    with empty_home() as home:
        shutil.copy(_history(), store_path(home))
        yield home


@contextlib.contextmanager
def busy_home() -> Iterator[tuple[Path, Store]]:
    """The same with 100 agents at work, which stay as they are: this process is the engine of the store."""
    with stored_home() as home, (home / "engine.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        store = Store.open(f"sqlite:///{store_path(home)}")
        seed.live(store, LIVE, datetime.now(UTC))
        try:
            yield home, store
        finally:
            store.close()


def store_path(home: Path) -> Path:
    return home / "quarterdeck.sqlite"


def _history() -> Path:
    """Seeded once a day and for each version of what seeds it."""
    seeds, schema = ROOT / "orchestrator_adapter/seed", ROOT / "data/store/migrations"
    sources = sorted([*seeds.glob("*.py"), *schema.rglob("*.py")])
    version = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    path = KEPT / f"stored-{datetime.now(UTC):%Y%m%d}-{version}.sqlite"
    if not path.exists():
        KEPT.mkdir(parents=True, exist_ok=True)
        for old in KEPT.glob("stored-*"):
            old.unlink()
        partial = path.with_suffix(".part")
        store = Store.open(f"sqlite:///{partial.absolute()}")
        seed.seed(store, tasks=TASKS)
        while catch_up(store):  # a server that begins with it has nothing to catch up with
            pass
        store.close()
        with contextlib.closing(sqlite3.connect(partial)) as connection:
            connection.execute("pragma journal_mode=delete")  # everything in the one file that is copied
        partial.rename(path)
    return path
