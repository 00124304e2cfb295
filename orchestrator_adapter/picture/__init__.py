"""What a browser needs to draw the live board: for a component of a page, and for the first picture before any page."""

from __future__ import annotations

import functools
from pathlib import Path

HERE = Path(__file__).parent
TURNS = ("reached.js", "turns.js")
"""How anything on a page asks its server to draw a part of it again."""
SCRIPTS = (*TURNS, "parts.js", "live.js")


@functools.cache
def text(*names: str) -> str:
    """These files as one, read once."""
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)


@functools.cache
def first() -> str:
    """What a page carries to paint the board before it is there itself: what to draw it from, and what draws it."""
    parts = f"{text('first.html')}{text('live.html')}</div><style>{text('live.css')}</style>"
    script = f"(() => {{\n{text(*SCRIPTS, 'first.js')}}})();"
    return f'<template id="qd-picture">{parts}</template><script>{script}</script>'
