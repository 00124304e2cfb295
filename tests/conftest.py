"""Shared by all tests: real stores on SQLite and on a PostgreSQL server of the tests' own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from data.store import Store


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _postgres_bin() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


def _as_postgres() -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if os.geteuid() == 0 else []


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


class PostgresServer:
    """A server of PostgreSQL of the tests' own; it can be stopped and started again."""

    def __init__(self) -> None:
        binaries = _postgres_bin()
        assert binaries, "PostgreSQL is not installed: run `make test`, which installs it"
        self._binaries, self._home, self._port = binaries, Path(tempfile.mkdtemp(prefix="qd-pg-")), free_port()
        self.address = f"postgresql://postgres@127.0.0.1:{self._port}"
        if os.geteuid() == 0:
            shutil.chown(self._home, "postgres", "postgres")
        initdb = [str(binaries / "initdb"), "-D", str(self._home / "db"), "-U", "postgres", "-A", "trust", "-N"]
        subprocess.run([*_as_postgres(), *initdb, "-E", "UTF8", "--locale=C"], check=True, capture_output=True, cwd="/")
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        if self._process is not None:
            return
        options = ["-p", str(self._port), "-h", "127.0.0.1", "-k", str(self._home), "-F", "-c", "max_connections=300"]
        self._process = subprocess.Popen(
            [*_as_postgres(), str(self._binaries / "postgres"), "-D", str(self._home / "db"), *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
        )
        _wait_for(self.address, self._process)

    def stop(self) -> None:
        """At once: whoever is connected is cut off."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=30)
            self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    def database(self, name: str) -> str:
        """Address of a new, empty database."""
        with psycopg.connect(f"{self.address}/postgres", autocommit=True) as connection:
            connection.execute(f"create database {name}")
        return f"{self.address}/{name}"


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


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(f"{address}/postgres").close()
            return
        except psycopg.OperationalError:
            assert server.poll() is None, "PostgreSQL ended at once"
            assert time.monotonic() < deadline, "PostgreSQL did not start within 30 s"
            time.sleep(0.05)


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

    def wait(condition: Callable[[], object], within: float = 10.0) -> None:
        deadline = time.monotonic() + within
        while not (last := condition()):
            assert time.monotonic() < deadline, f"did not happen within {within} s; last seen: {last!r}"
            time.sleep(0.02)

    return wait
