"""Lines of JSONL as one piece of HTML: each opens by itself, laid out and coloured; a broken one says so."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from html import escape
from typing import Any

from orchestrator_adapter.ingest.log_files import Line

MOST_SHOWN = 20_000
"""Characters of one line; a longer one is cut, and says so."""
SUMMARY = 140
_TOKEN = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*")(?=\s*:)|(?P<text>"(?:[^"\\]|\\.)*")|(?P<word>\b(?:true|false|null|NaN|-?Infinity)\b)'
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
)


def html(lines: Iterable[Line], first: int, *, opened: bool = False) -> str:
    """The lines, numbered from `first`."""
    rows = "".join(_row(line, number, opened) for number, line in enumerate(lines, first))
    return f'<div class="qd-log" tabindex="0" role="region" aria-label="Lines of the file">{rows}</div>'


def _row(line: Line, number: int, opened: bool) -> str:
    if line.value is None:
        return _broken(line, number)
    text = json.dumps(line.value, indent=2, ensure_ascii=False, default=str)
    mark = " open" if opened else ""
    return (
        f"<details{mark}><summary><i>{number}</i> {escape(summary(line.value))}</summary>"
        f"<pre>{coloured(text[:MOST_SHOWN])}{_more(len(text))}</pre></details>"
    )


def _broken(line: Line, number: int) -> str:
    raw = line.text
    return (
        f'<details class="bad"><summary><i>{number}</i> ⚠ Not readable: {escape(line.why or "")} '
        f"({line.end - line.offset:,} bytes from byte {line.offset:,} on)</summary>"
        f"<pre>{escape(raw[:MOST_SHOWN])}{_more(len(raw))}</pre></details>"
    )


def _more(length: int) -> str:
    left = length - MOST_SHOWN
    return f'\n<b class="cut">… {left:,} more characters; download the file for all of it</b>' if left > 0 else ""


def summary(value: dict[str, Any]) -> str:
    """A line in a few words: its time, its kind, and what tells it from the others."""
    told = [str(value.get("timestamp") or "")[11:23], str(value.get("type") or "")]
    if value.get("is_error"):
        told.append("(error)")
    told += [str(value[name]) for name in ("tool_name", "subtype") if isinstance(value.get(name), str)]
    rest = next((value[name] for name in ("input", "content", "result", "error") if value.get(name)), "")
    told.append(rest if isinstance(rest, str) else json.dumps(rest, ensure_ascii=False, default=str))
    line = " ".join(" ".join(told).split())
    return line if len(line) <= SUMMARY else line[: SUMMARY - 1] + "…"


def coloured(text: str) -> str:
    """JSON as HTML; line breaks inside a string are shown as such, behind their sign."""
    out, last = [], 0
    for hit in _TOKEN.finditer(text):
        shown = escape(hit[0])
        if hit.lastgroup == "text":
            shown = shown.replace("\\n", "\\n\n")
        out.append(f'{escape(text[last : hit.start()])}<span class="{hit.lastgroup}">{shown}</span>')
        last = hit.end()
    return "".join(out) + escape(text[last:])
