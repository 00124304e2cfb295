"""What git says about a working folder, asked so that nothing a repository configures is ever run."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PATIENCE_S = 3.0
_SAFELY = ("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "protocol.allow=never")
"""Neither hooks nor a file monitor nor a transport; `ls-files` and `cat-file` run no filters."""
_ENTRY = re.compile(
    rb"(\d{6}) ([0-9a-f]{40,64}) \d\t([^\0]*)\0"
    rb"  ctime: (\d+):(\d+)\n  mtime: (\d+):(\d+)\n  dev: \d+\tino: \d+\n  uid: \d+\tgid: \d+\n"
    rb"  size: (\d+)\tflags: [0-9a-f]+\n"
)
_FILES = frozenset({b"100644", b"100755"})


@dataclass(frozen=True, slots=True)
class Clean:
    """A file as git has it: unchanged on the disk as long as its times and size are these."""

    oid: str
    ctime_ns: int
    mtime_ns: int
    size: int


def listed(folder: Path) -> dict[str, Clean | None] | None:
    """Files that git knows in the folder, or would take in; None if it is no repository, or all of it is ignored."""
    if not any((above / ".git").exists() for above in (folder, *folder.parents)):
        return None
    asked = (
        ("ls-files", "-s", "-z", "--debug"),
        ("ls-files", "-o", "-z", "--exclude-standard"),
        ("rev-parse", "--git-path", "index"),
    )
    answers = _together(folder, asked)
    if answers is None:
        return None
    known, fresh, index = answers
    written_ns = _written(folder, index)
    found: dict[str, Clean | None] = dict.fromkeys(
        os.fsdecode(p) for p in fresh.split(b"\0") if p[-1:] not in (b"", b"/")
    )
    for mode, oid, path, *times in _ENTRY.findall(known):
        cs, cn, ms, mn, size = map(int, times)
        mtime_ns = ms * 10**9 + mn
        # What was changed in the very moment in which git wrote its list may be other than it says.
        sure = mode in _FILES and mtime_ns < written_ns
        found[os.fsdecode(path)] = Clean(oid.decode(), cs * 10**9 + cn, mtime_ns, size) if sure else None
    return found or None


def contents(folder: Path, oids: Iterable[str], most: int) -> dict[str, bytes]:
    """What git keeps under these ids, as far as it is there and not larger than `most`."""
    wanted = sorted(set(oids))
    if not wanted:
        return {}
    sent = "".join(f"{oid}\n" for oid in wanted).encode()
    try:
        done = subprocess.run(
            [*_SAFELY, "cat-file", "--batch"], cwd=folder, env=_env(), input=sent, capture_output=True,
            timeout=PATIENCE_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return {}
    answer, at = done.stdout, 0
    found: dict[str, bytes] = {}
    while (end := answer.find(b"\n", at)) >= 0:
        oid, kind, *size = answer[at:end].split()
        at = end + 1
        if not size:  # missing
            continue
        length = int(size[0])
        if kind == b"blob" and length <= most:
            found[oid.decode()] = answer[at : at + length]
        at += length + 1
    return found


def _together(folder: Path, asked: Iterable[tuple[str, ...]]) -> list[bytes] | None:
    """The answers to several questions at once; None if git is not there or refuses one."""
    running: list[subprocess.Popen[bytes]] = []
    try:
        for words in asked:
            running.append(_asking(folder, words))
        answers = [one.communicate(timeout=PATIENCE_S)[0] for one in running]
    except (OSError, subprocess.TimeoutExpired):
        return None
    finally:
        for one in running:
            if one.poll() is None:
                one.kill()
            one.wait()
            if one.stdout:
                one.stdout.close()
    return None if any(one.returncode for one in running) else answers


def _asking(folder: Path, words: tuple[str, ...]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*_SAFELY, *words],
        cwd=folder,
        env=_env(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def _env() -> dict[str, str]:
    """Ours without what would lead git to another repository, or let it ask or lock."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def _written(folder: Path, index: bytes) -> int:
    """When git wrote its list of files; 0 if that cannot be told, so that nothing is taken for unchanged."""
    try:
        return (folder / os.fsdecode(index.rstrip(b"\n"))).stat().st_mtime_ns
    except OSError:
        return 0
