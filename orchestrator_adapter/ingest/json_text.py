"""Edits a JSON text in place: what is not touched keeps its very bytes, its order, its spaces and its numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True)
class Part:
    """One member of an object, or one item of an array: where it lies in the text, and what it says."""

    key: str
    """Empty in an array."""
    start: int
    """Of the key, or of the item."""
    value_start: int
    end: int
    value: Any


def parts(text: str, at: int) -> tuple[list[Part], int]:
    """The members or items of the object or array that begins there, and where its closing bracket stands."""
    closing = {"{": "}", "[": "]"}[text[at]]
    found: list[Part] = []
    at = _skip(text, at + 1)
    while text[at] != closing:
        start, key = at, ""
        if closing == "}":
            key, at = _DECODER.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)  # the colon
        value, end = _DECODER.raw_decode(text, at)
        found.append(Part(key, start, at, end, value))
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return found, at


def member(text: str, at: int, key: str) -> Part | None:
    """The member of that name; of several the last, which is the one that counts."""
    return next((part for part in reversed(parts(text, at)[0]) if part.key == key), None)


def added(text: str, at: int, value: object, key: str | None = None) -> str:
    """The text with a member, or an item, more at the end of the object or array that begins there."""
    found, closing = parts(text, at)
    if found:
        last = found[-1]
        space = _before(text, found[0].start)
        written = _written(value, key, space)
        comma = "," + (space if "\n" in space else " ")
        return text[: last.end] + comma + written + text[last.end :]
    outer = _before(text, at)
    unit = _unit(text)
    newline = "\r\n" if "\r\n" in text else "\n"
    margin = outer.rpartition("\n")[2] if "\n" in outer else ""
    inner = f"{newline}{margin}{unit}"
    return text[: at + 1] + inner + _written(value, key, inner) + newline + margin + text[closing:]


def without(text: str, at: int, gone: Sequence[Part]) -> str:
    """The text without these members, or items, of the object or array that begins there."""
    found, closing = parts(text, at)
    kept = [part for part in found if part not in gone]
    if not kept:
        return text[: at + 1] + text[closing:]
    for part in reversed([part for part in found if part in gone]):
        index = found.index(part)
        if any(before not in gone for before in found[:index]):
            text = text[: found[index - 1].end] + text[part.end :]
        else:
            text = text[: part.start] + text[found[index + 1].start :]
    return text


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    assert found is not None
    return found.end()


def _before(text: str, at: int) -> str:
    """The white space in front of a place, from its line's break on."""
    begin = at
    while begin > 0 and text[begin - 1] in " \t\r\n":
        begin -= 1
    space = text[begin:at]
    cut = space.rfind("\n")
    if cut < 0:
        line = text.rfind("\n", 0, at)  # the margin of the line it stands in
        indent = _SPACE.match(text, line + 1)
        return "\n" + (indent.group() if indent else "") if line >= 0 and text[at] in "{[" else space
    cut -= space[cut - 1 : cut] == "\r"
    return space[cut:]


def _unit(text: str) -> str:
    """How far the file itself sets things in."""
    found = re.search(r"\n([ \t]+)\S", text)
    return found.group(1) if found else "  "


def _written(value: object, key: str | None, space: str) -> str:
    """A value as text, set in like its neighbours: an object that is a member has a line for each of its own."""
    name = "" if key is None else json.dumps(key, ensure_ascii=False) + ": "
    if key is None or not value or not isinstance(value, dict) or "\n" not in space:
        return name + json.dumps(value, ensure_ascii=False)
    newline, margin = ("\r\n" if "\r\n" in space else "\n"), space.rpartition("\n")[2]
    unit = "\t" if margin.startswith("\t") else "  "
    lines = [f"{newline}{margin}{unit}{_written(one, own, '')}" for own, one in value.items()]
    return f"{name}{{{','.join(lines)}{newline}{margin}}}"
