"""Differences between two texts: hunks that lead from one to the other, and who made each of them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

CONTEXT = 3
MOST_LINES = 20_000
"""Where more lines than this differ at one place, they count as one change: matching them would take too long."""

Sign = Literal[" ", "-", "+"]
Block = tuple[int, int, int, int]
"""Lines from, to in the one text, and from, to in the other, that differ."""


@dataclass(frozen=True)
class Hunk:
    """A place where two texts differ, with the lines around it; starts count from 0."""

    before_start: int
    after_start: int
    lines: tuple[tuple[Sign, str], ...]
    """Each with its line end, if it has one."""

    @property
    def added(self) -> int:
        return sum(sign == "+" for sign, _ in self.lines)

    @property
    def removed(self) -> int:
        return sum(sign == "-" for sign, _ in self.lines)

    @property
    def header(self) -> str:
        """`@@ -3,7 +3,8 @@`, as every tool writes it."""
        before = _range(self.before_start, len(self.lines) - self.added)
        return f"@@ -{before} +{_range(self.after_start, len(self.lines) - self.removed)} @@"


def _range(start: int, count: int) -> str:
    return f"{start + 1 if count else start},{count}"


def lines(text: str) -> list[str]:
    """The lines of a text with their ends; joined they are the text again."""
    parts = text.split("\n")
    return [part + "\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def blocks(before: Sequence[str], after: Sequence[str]) -> list[Block]:
    """Where the two differ, in order; between the blocks they are the same."""
    head, most = 0, min(len(before), len(after))
    while head < most and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < most - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    if not old and not new:
        return []
    if not old or not new or max(len(old), len(new)) > MOST_LINES:
        return [(head, head + len(old), head, head + len(new))]
    found = difflib.SequenceMatcher(None, old, new).get_opcodes()
    return [(head + a, head + b, head + c, head + d) for tag, a, b, c, d in found if tag != "equal"]


def hunks(before: str, after: str, context: int = CONTEXT) -> tuple[Hunk, ...]:
    """The hunks that lead from the one text to the other."""
    old, new = lines(before), lines(after)
    groups: list[list[Block]] = []
    for block in blocks(old, new):
        if groups and block[0] - groups[-1][-1][1] <= 2 * context:
            groups[-1].append(block)
        else:
            groups.append([block])
    return tuple(_hunk(old, new, group, context) for group in groups)


def _hunk(old: Sequence[str], new: Sequence[str], group: Sequence[Block], context: int) -> Hunk:
    lead = min(context, group[0][0])
    at = group[0][0] - lead
    out: list[tuple[Sign, str]] = []
    for a, b, c, d in group:
        out += [(" ", line) for line in old[at:a]]
        out += [("-", line) for line in old[a:b]]
        out += [("+", line) for line in new[c:d]]
        at = b
    out += [(" ", line) for line in old[at : at + context]]
    return Hunk(group[0][0] - lead, group[0][2] - lead, tuple(out))


def counts(before: str, after: str) -> tuple[int, int]:
    """Lines added and removed."""
    found = blocks(lines(before), lines(after))
    return sum(d - c for _, _, c, d in found), sum(b - a for a, b, _, _ in found)


def as_text(found: Iterable[Hunk]) -> str:
    """The hunks as other programs read them."""
    out: list[str] = []
    for hunk in found:
        out.append(hunk.header + "\n")
        for sign, line in hunk.lines:
            end = "" if line.endswith("\n") else "\n\\ No newline at end of file\n"
            out.append(f"{sign}{line}{end}")
    return "".join(out)


@dataclass(frozen=True)
class Edit:
    """One call of a tool that writes into a file."""

    key: str
    """The id of the call."""
    tool: str
    given: Mapping[str, Any]

    @property
    def parts(self) -> tuple[tuple[str, str], ...]:
        """What it takes out and puts in."""
        match self.tool:
            case "Write":
                return (("", _text(self.given, "content")),)
            case "Edit":
                return ((_text(self.given, "old_string"), _text(self.given, "new_string")),)
            case "MultiEdit":
                edits = self.given.get("edits")
                each = [edit for edit in edits if isinstance(edit, Mapping)] if isinstance(edits, list) else []
                return tuple((_text(edit, "old_string"), _text(edit, "new_string")) for edit in each)
            case "NotebookEdit":
                return (("", _text(self.given, "new_source")),)
        return ()

    def applied(self, text: str) -> str | None:
        """The text after the call; None if that cannot be told."""
        if self.tool == "Write":
            return _text(self.given, "content")
        if self.tool == "NotebookEdit" or not self.parts:
            return None
        all_of_it = self.tool == "Edit" and bool(self.given.get("replace_all"))
        for old, new in self.parts:
            if not old and text:
                return None
            if old not in text:
                return None
            text = new if not old else text.replace(old, new, -1 if all_of_it else 1)
        return text

    def hunks(self) -> tuple[Hunk, ...]:
        """What the call says by itself, without knowing where in the file."""
        return tuple(hunk for old, new in self.parts for hunk in hunks(old, new))


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    return value if isinstance(value, str) else ""


@dataclass(frozen=True)
class Made:
    """Who made a hunk."""

    calls: tuple[str, ...]
    """The calls whose lines stand in it, or that took its lines out, in their order."""
    other: bool
    """Whether there is something in it that no call explains."""


@dataclass
class _Line:
    text: str
    by: str | None = None
    """The call that put it in; None if it was there before."""
    was: int | None = None
    """Its place in the text before."""


@dataclass
class _Traced:
    """A text as call after call changes it."""

    now: list[_Line]
    gone: dict[int, str] = field(default_factory=dict)
    """Which call took out which line of the text before."""
    unplaced: list[Edit] = field(default_factory=list)

    def edit(self, call: Edit) -> None:
        changed = call.applied("".join(line.text for line in self.now))
        if changed is None:
            self.unplaced.append(call)
        else:
            self.turn(lines(changed), call.key)

    def turn(self, into: Sequence[str], key: str) -> None:
        out: list[_Line] = []
        at = 0
        for a, b, c, d in blocks([line.text for line in self.now], into):
            out += self.now[at:a]
            self.gone |= {line.was: key for line in self.now[a:b] if line.was is not None}
            out += [_Line(text, key) for text in into[c:d]]
            at = b
        self.now = out + self.now[at:]


OTHER = ""
"""Stands for whatever changed a file without a call that says so."""


def explain(before: str, after: str, edits: Sequence[Edit]) -> list[Made]:
    """Who made each hunk between the two texts, given the calls on the file in the order in which they were made."""
    traced = _Traced([_Line(text, None, place) for place, text in enumerate(lines(before))])
    for call in edits:
        traced.edit(call)
    traced.turn(lines(after), OTHER)
    order = {call.key: number for number, call in enumerate(edits)}
    return [_made(hunk, traced, order) for hunk in hunks(before, after)]


def _made(hunk: Hunk, traced: _Traced, order: Mapping[str, int]) -> Made:
    found: set[str] = set()
    before, after = hunk.before_start, hunk.after_start
    for sign, text in hunk.lines:
        if sign == "-":
            found.update(_makers(traced.gone.get(before, OTHER), text, traced.unplaced, taken=True))
        elif sign == "+":
            found.update(_makers(traced.now[after].by or OTHER, text, traced.unplaced, taken=False))
        before += sign != "+"
        after += sign != "-"
    return Made(tuple(sorted(found - {OTHER}, key=order.__getitem__)), OTHER in found)


def _makers(by: str, text: str, unplaced: Sequence[Edit], *, taken: bool) -> Iterable[str]:
    """The call that was traced, else one of those that could not be and that names the line."""
    if by != OTHER:
        return (by,)
    for call in reversed(unplaced):
        if call.tool == "NotebookEdit":  # its text stands in the file as JSON
            return (call.key,)
        sides = [old if taken else new for old, new in call.parts]
        if text.strip() and any(text.strip() in side for side in sides):
            return (call.key,)
    return (OTHER,)
