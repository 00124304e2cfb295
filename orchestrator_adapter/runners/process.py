"""Agent processes: the launcher they start in, the note of who runs, and their sure end.

Every process of an agent, tools included, carries a mark in its environment. A tool that made itself a session of
its own, or lost its parent, is found by that mark.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import re
import shlex
import shutil
import signal
import socket
import tempfile
import time
import uuid
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

MARK = "FLEET_AGENT_MARK"
"""Environment variable that every process of an agent inherits."""
TERM_S = 1.2
"""How long a process may take to end by itself after SIGTERM."""

log = logging.getLogger(__name__)


def new_mark(agent_id: str) -> str:
    """A mark that no other run has, also good as a file name."""
    return f"{re.sub(r'[^A-Za-z0-9-]', '-', agent_id)[:40]}-{uuid.uuid4().hex[:12]}"


def launcher(folder: Path, cli: str, unset: Collection[str] = ()) -> Path:
    """A script that runs the command line in a session of its own, and ends it when the calling thread ends."""
    tied = _tied()
    if not tied:
        log.warning("setsid or setpriv is missing: an agent may go on for a while if this process is killed.")
    lines = ["#!/bin/sh"]
    lines += [f"unset {shlex.join(sorted(unset))}"] if unset else []
    lines += [f'exec {tied}{shlex.quote(cli)} "$@"']
    text = "\n".join(lines) + "\n"
    path = folder / f"agent-{hashlib.sha256(text.encode()).hexdigest()[:12]}.sh"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _write(path, text, 0o700)
    return path


def _tied() -> str:
    setsid, setpriv = shutil.which("setsid"), shutil.which("setpriv")
    return f"{setsid} {setpriv} --pdeathsig TERM " if setsid and setpriv else ""


def _write(path: Path, text: str, mode: int) -> None:
    """Write as a whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(name).chmod(mode)
    Path(name).replace(path)


@dataclass(frozen=True)
class Note:
    """Who runs an agent process, so that a later start can end what was left behind."""

    host: str
    owner_pid: int
    owner_created: float
    mark: str
    pid: int | None = None
    pgid: int | None = None
    create_time: float | None = None

    @property
    def orphaned(self) -> bool:
        """Whether the process that started the agent is gone (on this machine; of others nothing is known)."""
        return self.host == socket.gethostname() and _alive(self.owner_pid, self.owner_created) is None


def note(folder: Path, mark: str, pid: int | None = None) -> Path:
    """Write down that an agent is about to start, or that it runs as `pid`."""
    me = psutil.Process()
    written = Note(socket.gethostname(), me.pid, me.create_time(), mark)
    if pid is not None:
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            created, group = psutil.Process(pid).create_time(), os.getpgid(pid)
            written = Note(written.host, me.pid, written.owner_created, mark, pid, group, created)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{mark}.json"
    _write(path, json.dumps(asdict(written)) + "\n", 0o600)
    return path


def _alive(pid: int | None, created: float | None) -> psutil.Process | None:
    """The process with that number, if it is still the same one: numbers are used again."""
    if pid is None or created is None:
        return None
    try:
        found = psutil.Process(pid)
        same = abs(found.create_time() - created) < 1 and _running(found)
    except psutil.Error:
        return None
    return found if same else None


def _running(found: psutil.Process) -> bool:
    try:
        return found.is_running() and found.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def marked(mark: str) -> list[psutil.Process]:
    """Every living process that carries the mark."""
    out = []
    for found in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if found.environ().get(MARK) == mark and _running(found):
                out.append(found)
    return out


def kin(mark: str, pid: int | None) -> list[psutil.Process]:
    """The agent's processes and their descendants."""
    found = {p.pid: p for p in marked(mark)}
    for root in [pid] if pid is not None else []:
        with contextlib.suppress(psutil.Error):
            found |= {p.pid: p for p in psutil.Process(root).children(recursive=True)}
    return list(found.values())


def _kill(processes: Iterable[psutil.Process]) -> None:
    """End processes at once; a leader of a group takes its group along."""
    for found in processes:
        with contextlib.suppress(psutil.Error, ProcessLookupError, PermissionError):
            if not _running(found):
                continue
            if os.getpgid(found.pid) == found.pid:
                os.killpg(found.pid, signal.SIGKILL)
            else:
                found.kill()


async def _gone(found: psutil.Process, limit_s: float) -> bool:
    """Whether it ended in time. Polled: waiting for our own child here would take its exit from asyncio."""
    until = time.monotonic() + limit_s
    while _running(found):
        if time.monotonic() > until:
            return False
        await asyncio.sleep(0.02)
    return True


async def end(mark: str, pid: int | None, noted: Collection[psutil.Process] = (), *, term_s: float = TERM_S) -> None:
    """Make sure that nothing of the agent is alive: SIGTERM, at most 1.2 s, SIGKILL, then its tools."""
    if pid is not None:
        with contextlib.suppress(psutil.Error):
            cli = psutil.Process(pid)
            if _running(cli):
                cli.terminate()
                if not await _gone(cli, term_s):
                    cli.kill()
    _kill(noted)
    for _ in range(50):
        left = await asyncio.to_thread(marked, mark)
        if not left:
            return
        _kill(left)
        await asyncio.sleep(0.02)
    log.error("Some processes of an agent could not be ended: %s", [p.pid for p in left])


def sweep(home: Path, owner: int | None = None) -> int:
    """End every agent process that an earlier, killed run of this server left behind; how many there were.

    `owner`: end those of this process, too, because it is frozen and others have its work.
    """
    ended = 0
    for path in sorted((home / "pids").glob("*.json")):
        try:
            left = Note(**json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError, OSError):
            path.unlink(missing_ok=True)
            continue
        if not left.orphaned and (left.host, left.owner_pid) != (socket.gethostname(), owner):
            continue
        ended += _end_leftover(left)
        path.unlink(missing_ok=True)
    return ended


def _end_leftover(left: Note) -> int:
    root = _alive(left.pid, left.create_time)
    processes = {p.pid: p for p in kin(left.mark, root.pid if root else None)}
    processes |= {root.pid: root} if root else {}
    for found in processes.values():
        with contextlib.suppress(psutil.Error):
            found.terminate()
    _, stubborn = psutil.wait_procs(list(processes.values()), timeout=TERM_S)
    _kill(stubborn)
    _kill(marked(left.mark))
    return len(processes)
