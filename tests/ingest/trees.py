"""Small trees of transcripts, line by line as Claude Code writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SESSION = "11111111-2222-4333-8444-555555555555"
OTHER = "99999999-2222-4333-8444-555555555555"
OPUS = "claude-opus-4-8"
PRICE = 10 * 5_000 + 100 * 25_000
"""Nano-dollars of one reply by `says`."""


def clock(second: int, day: int = 1) -> str:
    return f"2026-11-{day:02}T10:{second // 60:02}:{second % 60:02}.000Z"


def prompt(text: str, *, second: int = 0, session: str = SESSION, **more: Any) -> dict[str, Any]:
    body = {"role": "user", "content": text}
    return _tail({"type": "user", "message": body, "uuid": f"u-{session[:4]}-{second}"}, second, session) | more


def says(
    number: int, *, blocks: list[dict[str, Any]] | None = None, second: int = 1, session: str = SESSION, **more: Any
) -> dict[str, Any]:
    body = {
        "id": f"msg_{number}",
        "role": "assistant",
        "model": OPUS,
        "content": blocks or [{"type": "text", "text": f"Answer {number}."}],
        "usage": {"input_tokens": 10, "output_tokens": 100},
    }
    line = {"type": "assistant", "message": body, "requestId": f"req_{number}", "uuid": f"a-{number}-{second}"}
    return _tail(line, second, session) | more


def calls(number: int, tool: str, given: dict[str, Any], **more: Any) -> dict[str, Any]:
    return says(number, blocks=[{"type": "tool_use", "id": f"toolu_{number}", "name": tool, "input": given}], **more)


def returns(number: int, result: dict[str, Any] | None = None, *, failed: bool = False, **more: Any) -> dict[str, Any]:
    block = {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": "done", "is_error": failed}
    return prompt("", second=number) | {"message": {"role": "user", "content": [block]}, "toolUseResult": result} | more


def _tail(line: dict[str, Any], second: int, session: str) -> dict[str, Any]:
    about = {"sessionId": session, "cwd": "/srv/shop", "version": "2.1.330", "gitBranch": "main"}
    return line | {"timestamp": clock(second), "isSidechain": False} | about


def packed(*lines: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines)


def write(path: Path, *lines: dict[str, Any], torn: bytes = b"") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(packed(*lines) + torn)
    return path


def main_file(root: Path, session: str = SESSION) -> Path:
    return root / "projects" / "-srv-shop" / f"{session}.jsonl"


def sub_file(root: Path, name: str, session: str = SESSION) -> Path:
    return root / "projects" / "-srv-shop" / session / "subagents" / f"agent-{name}.jsonl"
