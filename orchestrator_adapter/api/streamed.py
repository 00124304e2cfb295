"""An answer that is a file: sent piece by piece, whole or in part, however large it is and while it grows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import BinaryIO

from starlette.concurrency import run_in_threadpool
from starlette.types import Send

from orchestrator_adapter.api.http import Answer

CHUNK = 256 * 1024
_RANGE = re.compile(r"bytes=(\d{1,18})?-(\d{1,18})?")


@dataclass(frozen=True)
class FileAnswer(Answer):
    """The bytes from `start` to `end` of an open file, which is closed when they are sent."""

    file: BinaryIO | None = None
    start: int = 0
    end: int = 0

    async def send(self, send: Send, with_body: bool = True) -> None:
        assert self.file is not None
        with self.file:
            length = self.end - self.start
            given = {"content-type": self.media_type, "content-length": str(length), **self.headers}
            headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in given.items()]
            await send({"type": "http.response.start", "status": self.status, "headers": headers})
            self.file.seek(self.start)
            left = length if with_body else 0
            while left > 0:
                part = await run_in_threadpool(self.file.read, min(CHUNK, left))
                part = part or b"\0" * min(CHUNK, left)  # the file was cut meanwhile, and its length is promised
                left -= len(part)
                await send({"type": "http.response.body", "body": part, "more_body": left > 0})
            if length == 0 or not with_body:
                await send({"type": "http.response.body", "body": b""})


def asked(header: str | None, size: int) -> tuple[int, int] | None:
    """The stretch that a Range header asks for; None for the whole: no header, or one that makes no sense.

    >>> asked("bytes=2-3", 10), asked("bytes=-4", 10), asked("bytes=8-", 10), asked("lines=1-2", 10)
    ((2, 4), (6, 10), (8, 10), None)
    """
    hit = _RANGE.fullmatch((header or "").strip())
    if hit is None or hit[1] == hit[2] is None:
        return None
    if hit[1] is None:
        return max(0, size - int(hit[2])), size
    start = int(hit[1])
    end = size if hit[2] is None else min(size, int(hit[2]) + 1)
    return (start, end) if start < end else None
