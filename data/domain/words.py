"""Numbers, times and names as people read them; money is `money.dollars`."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePosixPath

from data.domain.money import dollars
from data.domain.tasks import TaskType

__all__ = [
    "ago",
    "count",
    "dollars",
    "duration",
    "folder",
    "percent",
    "shortened",
    "task_type",
    "title",
    "tokens",
    "took",
]

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def tokens(number: int) -> str:
    """Three figures at most.

    >>> tokens(950), tokens(84_000), tokens(1_900_000)
    ('950', '84 k', '1.9 M')
    """
    if number < 1000:
        return str(number)
    scaled = [(number / 1000**power, unit) for power, unit in enumerate(("k", "M", "B"), 1)]
    value, unit = next((pair for pair in scaled if round(pair[0]) < 1000), scaled[-1])
    shown = f"{value:.1f}".removesuffix(".0") if round(value, 1) < 10 else f"{value:,.0f}"
    return f"{shown} {unit}"


def duration(seconds: float) -> str:
    """Minutes and seconds, from an hour on hours and minutes.

    >>> duration(67), duration(3_840), duration(97_200)
    ('1:07', '1 h 04', '1 d 3 h')
    """
    whole = max(0, int(seconds))
    if whole < _HOUR:
        return f"{whole // _MINUTE}:{whole % _MINUTE:02}"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02}"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def took(seconds: float) -> str:
    """How long one call took: below a minute exactly, from there on like every other duration.

    >>> took(0.34), took(4.31), took(12.3), took(67)
    ('340 ms', '4.3 s', '12 s', '1:07')
    """
    if seconds < 0.95:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 59.5:
        return f"{seconds:.{1 if seconds < 9.95 else 0}f} s"
    return duration(max(seconds, _MINUTE))


def percent(part: float, whole: float) -> str:
    """A share that is called 0 % or 100 % only if it is.

    >>> percent(23, 25), percent(1, 1000), percent(999, 1000), percent(0, 0)
    ('92 %', '<1 %', '>99 %', '–')
    """
    if whole <= 0:
        return "–"
    if 0 < part < whole:
        share = round(100 * part / whole)
        return {0: "<1 %", 100: ">99 %"}.get(share, f"{share} %")
    return f"{round(100 * part / whole)} %"


def count(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun.

    >>> count(1, "file"), count(3, "file"), count(2, "reply", "replies")
    ('1 file', '3 files', '2 replies')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def task_type(kind: TaskType) -> str:
    """`bug_fix` as `bug fix`."""
    return kind.value.replace("_", " ")


def ago(then: datetime, now: datetime) -> str:
    """How long ago, in one unit; a date from the thirtieth day on."""
    seconds = (now - then).total_seconds()
    if seconds < 45:
        return "just now"
    if seconds < _HOUR:
        return f"{max(1, int(seconds / _MINUTE))} min ago"
    if seconds < _DAY:
        return f"{int(seconds / _HOUR)} h ago"
    if seconds < 30 * _DAY:
        return count(int(seconds / _DAY), "day") + " ago"
    return f"{then:%Y-%m-%d}"


def shortened(text: str, most: int) -> str:
    """The text in one line of at most so many characters, with a mark where something is left out."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def title(description: str, most: int = 90) -> str:
    """The first line of a description that says something, as a heading."""
    first = next((line for line in description.splitlines() if line.strip()), "")
    return shortened(first.lstrip("# "), most) or "Untitled"


def folder(path: str, home: str = "") -> str:
    """A path with the home folder as `~`."""
    if home and PurePosixPath(path).is_relative_to(home):
        inside = PurePosixPath(path).relative_to(home)
        return "~" if str(inside) == "." else f"~/{inside}"
    return path
