"""How roles and states look: one colour, one icon and one word each, the same on every page."""

from __future__ import annotations

import re
from html import escape
from typing import Any

import streamlit as st

from data.domain.agents import Role

ROLE_COLOURS: dict[Role, tuple[str, str]] = {
    Role.ANALYST: ("#2194ea", "#3583fb"),
    Role.PLANNER: ("#8a32fd", "#cba7ff"),
    Role.BUILDER: ("#7f3805", "#e57735"),
    Role.TESTER: ("#02a770", "#23f9b3"),
    Role.REVIEWER: ("#5f1327", "#f44565"),
    Role.DOCUMENTER: ("#8294af", "#7587a7"),
    Role.ORCHESTRATOR: ("#404674", "#c9cce1"),
    Role.CUSTOM: ("#ac9419", "#efda2a"),
}
"""On a light and on a dark page; any two stay apart for the common kinds of colour blindness."""

STATUS: dict[str, tuple[str, str, str]] = {
    "pending": ("queued", "gray", ":material/schedule:"),
    "idle": ("idle", "gray", ":material/circle:"),
    "in_progress": ("running", "blue", ":material/play_circle:"),
    "active": ("active", "blue", ":material/play_circle:"),
    "waiting": ("waiting", "orange", ":material/hourglass_top:"),
    "paused": ("paused", "orange", ":material/pause_circle:"),
    "completed": ("completed", "green", ":material/check_circle:"),
    "failed": ("failed", "red", ":material/cancel:"),
    "cancelled": ("cancelled", "gray", ":material/block:"),
    "skipped": ("skipped", "gray", ":material/skip_next:"),
    "deleted": ("deleted", "gray", ":material/delete:"),
}
"""Status: the word people read, a colour of st.badge, an icon."""

SIGNS = {"queued": "○", "idle": "○", "running": "◉", "active": "◉", "waiting": "◔", "paused": "◔"} | {
    "completed": "✓",
    "failed": "✕",
    "cancelled": "⊘",
    "skipped": "–",
    "deleted": "⊘",
}
"""What stands before a status word where no icon can be drawn, as in a table's cell."""

HEX = {"gray": ("#5f6b7a", "#93a0b4"), "blue": ("#0b5cad", "#5aa9ff"), "orange": ("#9a5b00", "#f0b35a")} | {
    "green": ("#0f7b4f", "#4fd1a0"),
    "red": ("#b3261e", "#ff8a80"),
}


_MARKS = re.compile(r"([\\`*_\[\]<>$:~&#!|])")

_ICON = re.compile(r":(?=[a-z0-9_+-]+(?:/[a-z0-9_]+)?:)")


def plain(text: str) -> str:
    """Text of people, agents and file systems as it stands: none of its signs means anything to Markdown."""
    # Streamlit looks for `:material/...:` after Markdown is done with its backslashes: an invisible joiner parts it.
    return _MARKS.sub(r"\\\1", _ICON.sub(":\u2060", text))


def dark() -> bool:
    """Whether the person looks at a dark page."""
    return st.context.theme.type == "dark"


def quiet_ink() -> str:
    """The colour of what stands beside: axes, notes."""
    return ("#4b5563", "#a9b2c3")[dark()]


def inked(chart: Any) -> Any:
    """A chart whose axes and legends are written in an ink that can be read: Streamlit's own is too pale on white."""
    ink = quiet_ink()
    return chart.configure_axis(labelColor=ink, titleColor=ink).configure_legend(labelColor=ink, titleColor=ink)


def role_colour(role: Role, on_dark: bool | None = None) -> str:
    return ROLE_COLOURS[role][dark() if on_dark is None else on_dark]


def status_word(status: str) -> str:
    return STATUS[status][0]


def status_cell(status: str) -> str:
    """A status as text with its sign: `✓ completed`."""
    word = status_word(status)
    return f"{SIGNS[word]} {word}"


def status_colour(status: str, on_dark: bool | None = None) -> str:
    return HEX[STATUS[status][1]][dark() if on_dark is None else on_dark]


def status_badge(status: str) -> None:
    word, colour, icon = STATUS[status]
    st.badge(word, icon=icon, color=colour)  # type: ignore[arg-type]


def chip(text: str, *, tone: str = "") -> str:
    """A small label as HTML."""
    return f'<span class="qd-chip {escape(tone)}">{escape(text)}</span>'


def tries(generation: int) -> str:
    """`2nd try`; nothing for the first."""
    ending = "th" if generation % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(generation % 10, "th")
    return f"{generation}{ending} try" if generation > 1 else ""
