"""Shared by all tests: real stores on SQLite and on a PostgreSQL server of the tests' own."""

from __future__ import annotations

import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from data.store import Store
from tests.postgres import PostgresServer

FIRST = ("domain", "planning", "", "store", "ingest", "pages", "runners", "engine", "api", "browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast ones first: who broke a rule of the domain hears of it within seconds."""
    here = Path(__file__).parent

    def folder(item: pytest.Item) -> int:
        inside = item.path.relative_to(here).parts
        name = inside[0] if len(inside) > 1 else ""
        return FIRST.index(name) if name in FIRST else len(FIRST)

    items.sort(key=folder)


_ended: list[int] = []


def pytest_sessionfinish(exitstatus: int) -> None:
    _ended.append(int(exitstatus))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """End at once when everything is said.

    A workflow whose test has dropped its database tries to write its checkpoint for ever, and its thread would keep
    the interpreter from ending.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    if _ended:
        os._exit(_ended[-1])


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Address of a server that lives as long as the test run, with a migrated template database."""
    server = PostgresServer()
    try:
        Store.open(server.database("template_quarterdeck")).close()
        yield server.address
    finally:
        server.remove()


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """A server of this test's own, which it may stop."""
    server = PostgresServer()
    yield server
    server.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty, migrated database: each test that takes it runs on both."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'store.sqlite'}"
        Store.open(url).close()
        yield url
        return
    address = request.getfixturevalue("postgres_server")
    name = f"t_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
        connection.execute(f"create database {name} template template_quarterdeck")
        yield f"{address}/{name}"
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = Store.open(store_url)
    yield opened
    opened.close()


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Store]:
    """A SQLite store, for tests whose subject is not the database."""
    opened = Store.open(f"sqlite:///{tmp_path / 'lite.sqlite'}")
    yield opened
    opened.close()


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Wait until a condition of another process or thread holds; fail with its last value."""

    def wait(condition: Callable[[], object], within: float = 20.0) -> None:
        deadline = time.monotonic() + within
        while not (last := condition()):
            assert time.monotonic() < deadline, f"did not happen within {within} s; last seen: {last!r}"
            time.sleep(0.02)

    return wait
