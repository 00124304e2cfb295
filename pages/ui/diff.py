"""What a change would do to a file, line by line, as people read it: taken away, put in, left as it is."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

MOST_LINES = 400
MOST_BYTES = 200_000
_KINDS = {"+": "in", "-": "out", "@": "at"}


def unified(old: str, new: str) -> list[str]:
    """The lines that differ, with three around them; no header."""
    return list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm=""))[2:]


def of_call(tool: str, given: Mapping[str, Any], folder: str) -> list[str] | None:
    """What a call of a tool that writes would change; None for another tool."""
    match tool:
        case "Edit":
            return unified(str(given.get("old_string", "")), str(given.get("new_string", "")))
        case "MultiEdit":
            edits = [edit for edit in given.get("edits", []) if isinstance(edit, Mapping)]
            return [line for edit in edits for line in of_call("Edit", edit, folder) or []]
        case "Write":
            return unified(_now(str(given.get("file_path", "")), folder), str(given.get("content", "")))
    return None


def _now(path: str, folder: str) -> str:
    """What stands in the file today; only a file in the task's own folder is looked into."""
    try:
        root = Path(folder).resolve()
        file = (root / path).resolve()
        if not file.is_relative_to(root) or not file.is_file() or file.stat().st_size > MOST_BYTES:
            return ""
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def as_html(lines: list[str], label: str) -> str:
    """Coloured lines that keep their signs, so that nothing is said by colour alone."""
    shown = "".join(_line(line) for line in lines[:MOST_LINES])
    if left := len(lines) - MOST_LINES:
        shown += f'<span class="at">… and {left:,} more lines</span>' if left > 0 else ""
    return f'<pre class="qd-diff" tabindex="0" role="group" aria-label="{escape(label)}">{shown}</pre>'


def _line(line: str) -> str:
    kind = _KINDS.get(line[:1], "")
    return f'<span class="{kind}">{escape(line) or " "}</span>'
