"""A server of PostgreSQL of one's own, for tests and benchmarks; it can be stopped and started again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg


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
