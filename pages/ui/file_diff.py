"""Hunks of a change as people read them: side by side or one below the other, coloured, with line numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import zip_longest

from data.domain.diffs import Hunk, Sign
from data.domain.files import FileDiff
from pages.ui import highlight

MOST_LINES = 1_500
"""Lines of a change that are drawn."""
_KINDS: dict[Sign, str] = {"+": "in", "-": "out", " ": ""}


@dataclass(frozen=True)
class Line:
    """One line of a hunk as it is drawn."""

    sign: Sign
    html: str
    before: int | None
    """Its number before the change; None if it was not there, or nobody knows."""
    after: int | None


class Drawer:
    """Draws the hunks of one change; the whole texts, where they are known, are coloured once."""

    def __init__(self, diff: FileDiff) -> None:
        self._path, self._placed = diff.entry.path, diff.placed
        self._before = highlight.highlighted(diff.before or "", self._path) if diff.placed else []
        self._after = highlight.highlighted(diff.after or "", self._path) if diff.placed else []

    def lines(self, hunk: Hunk) -> list[Line]:
        html = [] if self._placed else highlight.coloured([text for _, text in hunk.lines], self._path)
        out, before, after = [], hunk.before_start, hunk.after_start
        for place, (sign, _) in enumerate(hunk.lines):
            shown = html[place] if not self._placed else self._before[before] if sign == "-" else self._after[after]
            old = before + 1 if self._placed and sign != "+" else None
            new = after + 1 if self._placed and sign != "-" else None
            out.append(Line(sign, shown, old, new))
            before += sign != "+"
            after += sign != "-"
        return out

    def unified(self, hunk: Hunk, most: int = MOST_LINES) -> str:
        lines = self.lines(hunk)
        rows = "".join(
            f'<tr class="{_KINDS[line.sign]}">{_number(line.before)}{_number(line.after)}{_text(line, line.sign)}</tr>'
            for line in lines[:most]
        )
        return _table(rows, "unified", f"Change of {self._path}", len(lines) - most)

    def side_by_side(self, hunk: Hunk, most: int = MOST_LINES) -> str:
        pairs = _pairs(self.lines(hunk))
        rows = "".join(f"<tr>{_half(old, 'before')}{_half(new, 'after')}</tr>" for old, new in pairs[:most])
        return _table(rows, "sides", f"Change of {self._path}, before and after", len(pairs) - most)


def _pairs(lines: Sequence[Line]) -> list[tuple[Line | None, Line | None]]:
    """What was taken out beside what was put in for it; lines that stay are on both sides."""
    out: list[tuple[Line | None, Line | None]] = []
    taken: list[Line] = []
    put: list[Line] = []
    for line in [*lines, None]:
        if line is not None and line.sign == "-" and not put:
            taken.append(line)
        elif line is not None and line.sign == "+":
            put.append(line)
        else:
            out += zip_longest(taken, put)
            taken, put = ([line], []) if line is not None and line.sign == "-" else ([], [])
            if line is not None and line.sign == " ":
                out.append((line, line))
    return out


def _half(line: Line | None, side: str) -> str:
    if line is None:
        return '<td class="no"></td><td class="none"></td>'
    number = line.before if side == "before" else line.after
    return f"{_number(number)}{_text(line, line.sign, _KINDS[line.sign])}"


def _number(number: int | None) -> str:
    return f'<td class="no">{"" if number is None else number}</td>'


def _text(line: Line, sign: Sign, kind: str = "") -> str:
    """The sign is a letter, so that nothing is said by colour alone."""
    return f'<td class="code {kind}"><b>{"−" if sign == "-" else sign}</b>{line.html}</td>'


def _table(rows: str, kind: str, label: str, left: int) -> str:
    more = f'<p class="qd-note">… and {left:,} more lines; download the file to see them.</p>' if left > 0 else ""
    return (
        f'<div class="qd-code {kind}" tabindex="0" role="group" aria-label="{escape(label)}">'
        f"<table><tbody>{rows}</tbody></table></div>{more}"
    )
