"""The secret by which programs on this machine prove that they may report here: a file that only its owner reads."""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import time
from pathlib import Path
from urllib.parse import unquote

NAME = "connect.token"
FRESH_S = 0.2
"""How long a token that was renewed by another process may still be taken."""
_BEARER = "bearer "


class Token:
    """One token for everything that reports; made when it is first needed."""

    def __init__(self, home: Path) -> None:
        self.path = home / NAME
        self._known: tuple[tuple[int, int, int], str] | None = None
        self._looked = 0.0

    def get(self) -> str:
        """The token, made and stored if there is none."""
        return self._read() or self._make()

    def renew(self) -> str:
        """Another token; who has the old one is refused from now on."""
        fresh = self.path.with_suffix(f".{os.getpid()}")
        fresh.unlink(missing_ok=True)
        self._write(fresh)
        fresh.replace(self.path)
        self._known = None
        return self.get()

    def admits(self, header: str | None) -> bool:
        """Whether the value of an Authorization header is the token."""
        header = unquote(header or "")  # some exporters decode what their variables hold, and some do not
        if header[: len(_BEARER)].lower() != _BEARER:
            return False
        known = self._read()
        given = header[len(_BEARER) :].strip()
        return bool(known) and hmac.compare_digest(given.encode("utf-8", "replace"), known.encode())

    def _read(self) -> str:
        """Looked at now and then, read when it is another one: this is asked thousands of times a second."""
        if self._known is not None and time.monotonic() - self._looked < FRESH_S:
            return self._known[1]
        self._looked = time.monotonic()
        try:
            found = self.path.stat()
        except FileNotFoundError:
            self._known = None
            return ""
        mark = (found.st_mtime_ns, found.st_ino, found.st_size)
        if self._known is None or self._known[0] != mark:
            self._known = (mark, self.path.read_text("ascii", "replace").strip())
        return self._known[1]

    def _make(self) -> str:
        with contextlib.suppress(FileExistsError):  # another process was faster: then its token holds
            self._write(self.path)
        return self._read()

    def _write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as out:
            out.write(secrets.token_urlsafe(32) + "\n")
