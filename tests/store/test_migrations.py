"""The schema: what the revisions build is what the code works with, and no store is ever damaged by opening it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from data.domain.errors import StoreNewer, StoreUnavailable
from data.store import Store, migrate
from data.store import tables as t
from data.store.tables_search import INDEX
from tests.events import submitted

ROOT = Path(__file__).parents[2]
OPEN_TOGETHER = """
import sys
from data.store import Store

print("ready", flush=True)
sys.stdin.readline()
Store.open(sys.argv[1]).close()
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database in which nothing is yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'bare.sqlite'}"
        return
    address, name = request.getfixturevalue("postgres_server"), f"b_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
        connection.execute(f"create database {name}")
        yield f"{address}/{name}"
        connection.execute(f"drop database {name} with (force)")


def shape(store: Store) -> list[tuple[str, str]]:
    """Every table, index and column as the database itself describes them."""
    if store.sqlite:
        query = "select type || ' ' || name, coalesce(sql, '') from sqlite_master order by 1"
    else:
        query = (
            "select table_name || '.' || column_name, data_type || is_nullable || coalesce(column_default, '')"
            " from information_schema.columns where table_schema = 'public' order by 1"
        )
    with store.reader.connect() as connection:
        return [(name, text) for name, text in connection.execute(sa.text(query))]


def ours(name: str | None, kind: str, _parents: object) -> bool:
    """The index of search is no table of ours: each database makes it in its own way."""
    return not (kind == "table" and name and name.startswith(INDEX))


def test_the_revisions_build_what_the_code_works_with(bare_url: str) -> None:
    store = Store.open(bare_url)
    try:
        with store.reader.connect() as connection:
            options = {"compare_type": True, "compare_server_default": True, "include_name": ours}
            context = MigrationContext.configure(connection, opts=options)
            assert compare_metadata(context, t.metadata) == []
        assert migrate.current(store.reader) == migrate.newest()
    finally:
        store.close()


def test_opening_it_again_changes_nothing(store: Store, store_url: str) -> None:
    with store.write() as ledger:
        ledger.append(submitted("t1"))
    before = shape(store)
    Store.open(store_url).close()
    assert shape(store) == before
    with store.read() as board:
        assert board.task("t1").description == "do t1"
        assert board.clock() == 1


def test_an_id_is_never_given_twice(store: Store) -> None:
    """Ids are the clock: one that came back would hide news from everybody who has seen it."""
    with store.write() as ledger:
        last = [ledger.append(submitted(f"t{n}")) for n in range(3)][-1]
    with store.writer.connect() as connection, connection.begin():
        connection.execute(sa.delete(t.events))
    with store.write() as ledger:
        again = ledger.append(submitted("t9"))
    assert last is not None
    assert again is not None
    assert again > last


def test_every_numbered_table_of_sqlite_counts_on_its_own(lite: Store) -> None:
    """Without AUTOINCREMENT SQLite gives the id of a deleted last row again; rebuilding a table loses it."""
    made = dict(shape(lite))
    numbered = [table for table in t.metadata.sorted_tables if table.autoincrement_column is not None]
    assert "events" in {table.name for table in numbered}
    for table in numbered:
        assert "AUTOINCREMENT" in made[f"table {table.name}"]


def test_a_newer_store_is_left_alone(store: Store, store_url: str) -> None:
    with store.writer.connect() as connection, connection.begin():
        connection.execute(sa.text("update alembic_version set version_num = '9999'"))
    before = shape(store)
    with pytest.raises(StoreNewer, match="written by a newer version of Quarterdeck; install that version or restore"):
        Store.open(store_url)
    assert shape(store) == before
    assert migrate.current(store.reader) == "9999"


def test_processes_that_open_a_new_store_together_all_succeed(bare_url: str) -> None:
    command = [sys.executable, "-c", OPEN_TOGETHER, bare_url]
    pipe = subprocess.PIPE
    others = [subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(4)]
    for other in others:
        assert other.stdout
        assert other.stdout.readline() == "ready\n"
    for other in others:
        assert other.stdin
        other.stdin.write("go\n")
        other.stdin.flush()
    ends = [other.communicate(timeout=60) for other in others]
    assert [(other.returncode, err) for other, (_, err) in zip(others, ends, strict=True)] == [(0, "")] * 4
    store = Store.open(bare_url)
    with store.write() as ledger:
        assert ledger.append(submitted("t1")) == 1
    store.close()


def refused(url: str) -> str:
    with pytest.raises(StoreUnavailable) as caught:
        Store.open(url)
    assert caught.value.status == 503
    assert "\n" not in str(caught.value).strip()
    return str(caught.value)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    folder = tmp_path / "file" / "home"
    assert refused(f"sqlite:///{folder}/store.sqlite").startswith(f"The folder {folder} cannot be made: ")


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert str(tmp_path / "file") in refused(f"sqlite:///{tmp_path}/file/store.sqlite")


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite").mkdir()
    said = refused(f"sqlite:///{tmp_path}/store.sqlite")
    assert f"{tmp_path}/store.sqlite cannot be used: unable to open database file" in said


@pytest.mark.parametrize("content", [b"Dear diary, today\n" * 500, b"SQLite format 3\x00" + b"\xff" * 5_000])
def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "store.sqlite"
    path.write_bytes(content)
    assert str(path) in refused(f"sqlite:///{path}")
    assert path.read_bytes() == content


def test_a_file_that_breaks_while_open_is_said_too(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    store = Store.open(f"sqlite:///{path}")
    with store.write() as ledger:
        ledger.append(submitted("t1"))
    store.close()
    size = path.stat().st_size
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    torn = Store(f"sqlite:///{path}")
    with pytest.raises(StoreUnavailable, match="malformed"), torn.read() as board:
        board.task("t1")
    torn.close()


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    said = refused("postgresql://fleet:secret@127.0.0.1:1/quarterdeck")
    assert "127.0.0.1:1" in said
    assert "secret" not in said


def test_a_broken_rule_of_the_store_is_a_fault_and_no_refusal(store: Store) -> None:
    """What is our own mistake must not look like a store that is away."""
    with pytest.raises(sa.exc.IntegrityError), store.write() as ledger:
        ledger.append(submitted("t1"))
        ledger.append(submitted("t1"))
    with store.read() as board:
        assert board.clock() == 0
