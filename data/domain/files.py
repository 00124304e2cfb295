"""Files that agents read and change: what is told about each, and whose content is kept."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from data.domain.agents import FileChange, Role
from data.domain.diffs import Hunk

MOST_KEPT = 512 * 1024
"""Bytes of a file whose content is kept."""
BINARY = "binary"
HUGE = f"larger than {MOST_KEPT // 1024} KiB"
SECRET_NAME = "looks like a secret by its name"
SECRET_INSIDE = "holds what looks like a secret"
FULL = "the folder holds more text than is kept"

WRITES = frozenset({"Write", "Edit", "MultiEdit", "NotebookEdit"})
"""Tools that say themselves which file they change."""
HARMLESS = WRITES | {
    "Read",
    "Glob",
    "Grep",
    "LS",
    "WebFetch",
    "WebSearch",
    "TodoWrite",
    "Task",
    "Agent",
    "AskUserQuestion",
    "BashOutput",
    "ExitPlanMode",
    "KillShell",
    "StructuredOutput",
}
"""Tools that change no file behind anybody's back; every other one may run a command."""

_SECRET_NAMES = (
    ".env",
    ".env.*",
    "*.env",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.keystore",
    "*.kdbx",
    "*.ppk",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    ".netrc",
    ".pgpass",
    ".npmrc",
    ".pypirc",
    ".git-credentials",
    ".htpasswd",
    "credentials",
    "credentials.*",
    "*credentials*.json",
    "secrets.*",
    "*.secret",
)
_NO_SECRETS = (".env.example", ".env.sample", ".env.template", "*.pub")
_NAMED = re.compile("|".join(map(fnmatch.translate, _SECRET_NAMES)))
_NOT_NAMED = re.compile("|".join(map(fnmatch.translate, _NO_SECRETS)))
_SIGNS = (b"PRIVATE KEY-----", b"AKIA", b"ASIA", b"gh", b"glpat-", b"sk-", b"sk_", b"rk_", b"xox", b"AIza", b"eyJ")
"""One of these stands in every secret that is looked for: looking for them first costs next to nothing."""
_SECRETS = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    rb"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    rb"|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_[A-Za-z0-9_]{30,}|\bglpat-[A-Za-z0-9_-]{20,}"
    rb"|\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{24,}|\b[sr]k_live_[A-Za-z0-9]{16,}"
    rb"|\bxox[abpr]-[A-Za-z0-9-]{10,}|\bAIza[0-9A-Za-z_-]{35}"
    rb"|\beyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{10,}"
)


def withheld_by_name(path: str) -> str:
    """Why the content of a file of this name is not kept; empty if nothing is against it."""
    name = path.rpartition("/")[2].lower()
    return SECRET_NAME if _NAMED.match(name) and not _NOT_NAMED.match(name) else ""


def withheld_by_content(content: bytes) -> str:
    """Why this content is not kept; empty if it is."""
    if len(content) > MOST_KEPT:
        return HUGE
    if b"\x00" in content:
        return BINARY
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return BINARY
    return SECRET_INSIDE if any(sign in content for sign in _SIGNS) and _SECRETS.search(content) else ""


@dataclass(frozen=True)
class FileEntry:
    """What one agent did to one file."""

    path: str
    """As seen from the working folder, if it lies inside."""
    change: FileChange
    task_id: str
    agent_id: str
    agent: str
    role: Role
    step: str
    folder: str
    """The working folder."""
    at: datetime | None
    """When it was last touched, as far as that is known."""
    added: int = 0
    removed: int = 0
    lines: int | None = None
    """How many lines it had when it was read, or has after the change."""
    found: bool = False
    """Whether the folder was compared; else only what calls say is known."""
    before_blob: str | None = None
    after_blob: str | None = None
    before_size: int | None = None
    after_size: int | None = None
    withheld: str = ""
    """Why its content is not kept."""
    shared: tuple[str, ...] = ()
    """Agents that worked in the folder at the same time, one of which may have made the change instead."""


@dataclass(frozen=True)
class Command:
    """A call that may have changed files without saying which."""

    tool_use_id: str
    agent_id: str
    words: str
    called_ms: int
    returned_ms: int | None
    message_id: str


SLACK_MS = 1_000
"""Calls are noted a little after they began."""


def suspects(found: list[Command], path: str, changed_ms: int | None) -> list[Command]:
    """Of the commands those that may have changed a file: that ran then, else that name it, else all."""
    if changed_ms is not None:
        for slack in (0, SLACK_MS):
            ran = [c for c in found if c.called_ms - slack <= changed_ms <= (c.returned_ms or changed_ms) + slack]
            if ran:
                return ran
    name = path.rpartition("/")[2]
    return [c for c in found if name in c.words] or found


@dataclass(frozen=True)
class Maker:
    """A call that made a hunk, or may have made it, and the reply it belongs to."""

    kind: Literal["call", "command"]
    tool_use_id: str
    tool: str
    words: str
    agent_id: str
    agent: str
    step: str
    message_id: str
    cost_nanousd: int | None
    """What the reply cost that made the call, with all its other calls; None if that is not known."""


@dataclass(frozen=True)
class Explained:
    """A hunk and who made it."""

    hunk: Hunk
    makers: tuple[Maker, ...]
    unknown: bool = False
    """Whether it holds lines that neither a call nor a command explains: a person or another program wrote them."""


@dataclass(frozen=True)
class FileDiff:
    """What one agent changed in one file."""

    entry: FileEntry
    hunks: tuple[Explained, ...]
    before: str | None = None
    after: str | None = None
    why_not: str = ""
    """Why there is nothing to show."""
    makers: tuple[Maker, ...] = ()
    """The calls that changed the file; if none names it, the commands that may have."""

    @property
    def placed(self) -> bool:
        """Whether both texts are known, so that hunks have their places in them."""
        return self.before is not None and self.after is not None
