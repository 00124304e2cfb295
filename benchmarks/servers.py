"""A Quarterdeck server as a process of its own, with an environment that leads nowhere else."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

ROOT = Path(__file__).parents[1]
START_S = 60.0
SETTLE_S = 8.0
"""After this the server has frozen what it loaded, and everything is packed."""
SERVE = ("-m", "orchestrator_adapter", "serve", "--port", "0")


@dataclass(frozen=True)
class Server:
    """One running server."""

    url: str
    process: subprocess.Popen[str]
    started_s: float
    """How long it took until it could be asked."""

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def rss_mb(self) -> float:
        return psutil.Process(self.process.pid).memory_info().rss / 1e6

    def cpu_s(self) -> float:
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)


def environment(home: Path, **more: str) -> dict[str, str]:
    """What a server needs and nothing that could lead to somebody's account."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ") if name in os.environ}
    own = {"HOME": str(home), "QUARTERDECK_HOME": str(home), "QUARTERDECK_WORKDIRS": str(home)}
    return kept | own | {"PYTHONPATH": str(ROOT)} | more


@contextlib.contextmanager
def serving(home: Path, command: Sequence[str] = SERVE, settle_s: float = SETTLE_S) -> Iterator[Server]:
    """A server on a free port, settled; ended at the end."""
    began = time.monotonic()
    with (home / "server.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=environment(home),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    try:
        assert process.stdout is not None
        url = _address(process.stdout, home)
        started_s = time.monotonic() - began
        time.sleep(settle_s)
        yield Server(url, process, started_s)
    finally:
        _end(process)


def _address(out: IO[str], home: Path) -> str:
    told = threading.Timer(START_S, out.close)
    told.start()
    try:
        for line in out:
            if "http://" in line:
                return line[line.index("http://") :].split()[0]
    finally:
        told.cancel()
    raise RuntimeError(f"The server did not start: {(home / 'server.log').read_text()[-500:]}")


def _end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
