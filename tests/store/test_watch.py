"""What one process commits, the listeners of the others hear: once, in order, nothing left out."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from data.domain import events as e
from data.store import Recorded, Store
from data.store import tables as t
from data.store.watch import Watcher
from tests.events import submitted

ROOT = Path(__file__).parents[2]
OTHER = """
import json, sys, time
from data.domain import events as e
from data.store import Store

store = Store.open(sys.argv[1])
sys.stdin.readline()
for n in range(int(sys.argv[2])):
    with store.write() as ledger:
        number = ledger.append(e.TaskMoved(task_id="t1", to="in_progress" if n % 2 == 0 else "waiting"))
    print(json.dumps([number, time.time()]), flush=True)
store.close()
"""
"""Another process that commits one event at a time, and says which and when."""

Wait = Callable[..., None]


class Ear:
    """Everything a listener hears, with the time at which it heard it."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, float]] = []

    def __call__(self, clock: int, news: Sequence[Recorded]) -> None:
        assert clock == news[-1].id
        self.heard += [(entry.id, time.time()) for entry in news]

    @property
    def ids(self) -> list[int]:
        return [number for number, _ in self.heard]


@pytest.fixture
def ear(store: Store) -> Iterator[Ear]:
    """A listener of a store with one task, which also hears of other processes."""
    with store.write() as ledger:
        for task_id in ("t1", "t2"):
            ledger.append(submitted(task_id))
    listener, watcher = Ear(), Watcher(store)
    store.listen(listener)
    watcher.start()
    yield listener
    watcher.stop()


def begin(url: str, commits: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", OTHER, url, str(commits)]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def finish(other: subprocess.Popen[str]) -> dict[int, float]:
    """Let it go; when it committed which event."""
    out, _ = other.communicate("go\n", timeout=60)
    assert other.returncode == 0
    return {number: at for number, at in map(json.loads, out.splitlines())}


def all_ids(store: Store, after: int) -> list[int]:
    with store.read() as board:
        return [entry.id for entry in board.events(after=after, limit=10_000)]


def test_commits_of_another_process_are_heard_soon(store: Store, store_url: str, ear: Ear, eventually: Wait) -> None:
    committed = finish(begin(store_url, 20))
    eventually(lambda: len(ear.heard) >= 20)
    assert ear.ids == sorted(committed)
    assert max(at - committed[number] for number, at in ear.heard) < 1


def test_none_is_doubled_or_lost_while_two_processes_write(
    store: Store, store_url: str, ear: Ear, eventually: Wait
) -> None:
    """Own and foreign commits meet in every order; own threads overtake one another too."""
    with store.read() as board:
        before = board.clock()
    other = begin(store_url, 60)

    def write() -> None:
        for n in range(30):
            with store.write() as ledger:
                ledger.append(e.StepMoved(task_id="t2", step="builder", to="active", why=str(n)))

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    finish(other)
    for thread in threads:
        thread.join()
    eventually(lambda: len(ear.heard) >= 150)
    assert ear.ids == all_ids(store, before)
    assert len(ear.ids) == 150


def test_own_commits_are_heard_at_once_and_once(store: Store, ear: Ear, eventually: Wait) -> None:
    with store.write() as ledger:
        ledger.append(e.TaskMoved(task_id="t1", to="in_progress"))
    assert len(ear.heard) == 1
    other = Store.open(store.url.render_as_string(hide_password=False))
    try:
        with other.write() as ledger:
            last = ledger.append(e.TaskMoved(task_id="t1", to="waiting"))
    finally:
        other.close()
    eventually(lambda: last in ear.ids)
    assert len(ear.heard) == 2


def test_a_foreign_commit_just_before_an_own_one_is_not_skipped(store: Store) -> None:
    """Without any watcher: the gap in the ids is enough."""
    with store.write() as ledger:
        ledger.append(submitted("t1"))
    listener = Ear()
    store.listen(listener)
    other = Store(store.url.render_as_string(hide_password=False))
    with other.write() as ledger:
        foreign = ledger.append(e.TaskMoved(task_id="t1", to="in_progress"))
    other.close()
    with store.write() as ledger:
        own = ledger.append(e.TaskMoved(task_id="t1", to="waiting"))
    assert listener.ids == [foreign, own]


def test_a_flood_is_heard_to_its_end(store: Store, ear: Ear, eventually: Wait) -> None:
    """More events in one commit than are read at once."""
    row = {"at_ms": 1, "task_id": "t1", "agent_id": "a1", "kind": "activity", "body": '{"words": "busy"}'}
    other = Store(store.url.render_as_string(hide_password=False))
    with other.writer.connect() as connection, connection.begin():
        connection.execute(sa.insert(t.events), [row] * 11_000)
        if not store.sqlite:
            connection.execute(sa.text("select pg_notify('quarterdeck', '')"))
    other.close()
    eventually(lambda: len(ear.heard) >= 11_000, within=30)
    assert ear.ids == sorted(set(ear.ids))
    assert len(ear.ids) == 11_000


def listeners(url: str) -> list[int]:
    """Server processes that listen for this database."""
    query = "select pid from pg_stat_activity where datname = current_database() and query like 'LISTEN%'"
    with psycopg.connect(url) as connection:
        return [pid for (pid,) in connection.execute(query)]


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_a_cut_connection_is_made_again_and_nothing_is_missed(
    store: Store, store_url: str, ear: Ear, eventually: Wait
) -> None:
    eventually(lambda: listeners(store_url))
    (pid,) = listeners(store_url)
    with psycopg.connect(store_url, autocommit=True) as connection:
        connection.execute("select pg_terminate_backend(%s)", (pid,))
    while_deaf = finish(begin(store_url, 2))
    eventually(lambda: len(ear.heard) >= 2)
    eventually(lambda: [new for new in listeners(store_url) if new != pid])
    other = Store.open(store_url)
    with other.write() as ledger:
        afterwards = ledger.append(e.TaskMoved(task_id="t1", to="in_progress"))
    other.close()
    eventually(lambda: len(ear.heard) >= 3)
    assert ear.ids == [*sorted(while_deaf), afterwards]


def test_a_watcher_that_is_stopped_hears_no_more(store: Store) -> None:
    watcher = Watcher(store)
    watcher.start()
    watcher.stop()
    assert "store-watch" not in {thread.name for thread in threading.enumerate()}
