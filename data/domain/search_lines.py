"""What can be found of a line of Claude Code's transcripts, under the keys that its conversation gives its entries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from data.domain.conversation_lines import SYNTHETIC, text_of, when
from data.domain.search import Kind
from data.domain.search_words import flat
from data.domain.texts import storable

Line = Mapping[str, Any]
_PATHS = ("file_path", "notebook_path")
_SAID = {"text": Kind.TEXT, "thinking": Kind.THINKING}


class Piece(NamedTuple):
    """One text of a line; known again by its place among the texts of the line."""

    key: str
    kind: Kind
    text: str
    tool: str = ""


def pieces(number: int, line: object) -> list[Piece]:
    """The texts of a line, always in the same order; whatever stands in it, none raises."""
    if not isinstance(line, Mapping):
        return []
    match line.get("type"):
        case "user":
            found = _user(number, line)
        case "assistant":
            found = _assistant(number, line)
        case "system":
            found = iter([Piece(key_of(number, line), Kind.LOG, text_of(line.get("content")))])
        case _:
            found = iter([])
    return [piece._replace(text=storable(piece.text)) for piece in found]


def key_of(number: int, line: Line, block: int = 0) -> str:
    """What the conversation calls a block of a line: by the line's id, or its number if it has none."""
    uuid = line.get("uuid")
    name = uuid if isinstance(uuid, str) and 0 < len(uuid) <= 64 else f"line-{number}"
    return f"{name}.{block}" if block else name


def time_of(line: object) -> datetime | None:
    return when(line) if isinstance(line, Mapping) else None


def _blocks(line: Line) -> list[Mapping[str, Any]]:
    message = line.get("message")
    content = message.get("content") if isinstance(message, Mapping) else None
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for block in content if isinstance(block, Mapping)] if isinstance(content, list) else []


def _user(number: int, line: Line) -> Iterator[Piece]:
    said = []
    for block in _blocks(line):
        if block.get("type") == "tool_result":
            yield Piece(key_of(number, line), Kind.OUTPUT, text_of(block.get("content")))
        else:
            said.append(block)
    if said and not line.get("isMeta"):
        yield Piece(key_of(number, line), Kind.PROMPT, text_of(said))


def _assistant(number: int, line: Line) -> Iterator[Piece]:
    message = line["message"] if isinstance(line.get("message"), Mapping) else {}
    error = message.get("model") == SYNTHETIC or bool(line.get("isApiErrorMessage"))
    for index, block in enumerate(_blocks(line)):
        key, kind = key_of(number, line, index), str(block.get("type"))
        if kind in _SAID:
            yield Piece(key, Kind.LOG if error else _SAID[kind], str(block.get(kind) or ""))
        elif kind in ("tool_use", "server_tool_use"):
            given, tool = block.get("input"), str(block.get("name") or "")
            yield Piece(key, Kind.INPUT, flat(given), tool)
            paths = [given.get(name) for name in _PATHS] if isinstance(given, Mapping) else []
            yield from (Piece(key, Kind.FILE, path, tool) for path in paths if isinstance(path, str) and path)
