"""What agents did to files, as a report that is taken along: CSV, JSON or Markdown."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from data.domain.agents import FileChange
from data.domain.diffs import as_text
from data.domain.files import FileDiff, FileEntry

Format = Literal["csv", "json", "markdown"]
ENDINGS: dict[Format, str] = {"csv": "csv", "json": "json", "markdown": "md"}
SIGNS = {FileChange.CREATED: "+", FileChange.MODIFIED: "~", FileChange.DELETED: "-", FileChange.READ: "·"}
"""How a change is shown where there is room for one sign."""
COLUMNS = (
    *("change", "path", "added", "removed", "lines", "agent", "role", "step", "at"),
    *("before_size", "after_size", "content", "known_by", "agent_id", "task_id", "folder", "maybe_by"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def report(entries: Sequence[FileEntry], form: Format, title: str) -> str:
    """The report as text."""
    match form:
        case "csv":
            return _csv(entries)
        case "json":
            return json.dumps([row(entry) for entry in entries], ensure_ascii=False, indent=2) + "\n"
        case "markdown":
            return _markdown(entries, title)


def row(entry: FileEntry) -> dict[str, object]:
    """One file as plain values, by COLUMNS."""
    return {
        "change": entry.change.value,
        "path": entry.path,
        "added": entry.added,
        "removed": entry.removed,
        "lines": entry.lines,
        "agent": entry.agent,
        "role": entry.role.value,
        "step": entry.step,
        "at": _when(entry.at),
        "before_size": entry.before_size,
        "after_size": entry.after_size,
        "content": f"not kept: {entry.withheld}" if entry.withheld else "kept" if entry.found else "not looked at",
        "known_by": "comparing the folder" if entry.found else "a tool call",
        "agent_id": entry.agent_id,
        "task_id": entry.task_id,
        "folder": entry.folder,
        "maybe_by": " ".join(entry.shared),
    }


def _when(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds")


def _csv(entries: Iterable[FileEntry]) -> str:
    out = io.StringIO()
    table = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    table.writeheader()
    for entry in entries:
        table.writerow({name: _cell(value) for name, value in row(entry).items()})
    return out.getvalue()


def _cell(value: object) -> object:
    """A table program takes what begins like a formula for one; a name of a file must not be run."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _markdown(entries: Sequence[FileEntry], title: str) -> str:
    changed = [entry for entry in entries if entry.change is not FileChange.READ]
    read = [entry for entry in entries if entry.change is FileChange.READ]
    added, removed = sum(e.added for e in changed), sum(e.removed for e in changed)
    head = f"# {title}\n\n{len(changed)} changed, +{added} -{removed} lines; {len(read)} read.\n"
    return head + _section("Changed", changed) + _section("Read", read)


def _section(title: str, entries: Sequence[FileEntry]) -> str:
    if not entries:
        return ""
    lines = [f"\n## {title}\n", "| | File | Lines | Agent | When |", "|---|---|---|---|---|"]
    for entry in entries:
        count = f"+{entry.added} -{entry.removed}" if entry.added or entry.removed else entry.withheld
        when = f"{entry.at:%Y-%m-%d %H:%M:%S}" if entry.at else ""
        lines.append(f"| {SIGNS[entry.change]} | {_code(entry.path)} | {count} | {_code(entry.agent)} | {when} |")
    return "\n".join(lines) + "\n"


def _code(text: str) -> str:
    safe = text.replace("|", "\\|").replace("\n", " ")
    return f"`` {safe} ``" if "`" in safe else f"`{safe}`"


def patch(diff: FileDiff) -> str:
    """The change as other programs read it; without places where the whole text is not known."""
    entry = diff.entry
    before = "/dev/null" if entry.change is FileChange.CREATED else f"a/{entry.path}"
    after = "/dev/null" if entry.change is FileChange.DELETED else f"b/{entry.path}"
    return f"--- {before}\n+++ {after}\n{as_text(one.hunk for one in diff.hunks)}" if diff.hunks else ""
