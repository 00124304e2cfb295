"""What an agent does now, in words a person can read at a glance."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

LIMIT = 80
Folder = Path | str


def clean(text: str) -> str:
    """Text that can be stored: half a surrogate pair, which JSON may carry, becomes a question mark."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def short(text: object, limit: int = LIMIT) -> str:
    """One line of at most `limit` characters."""
    line = " ".join(clean(str(text)).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def inside(path: str, folder: Folder) -> str:
    """The path as seen from the working folder where it lies inside it, else as it is."""
    plain = os.path.normpath(clean(path)) if path else ""
    for spelled in (os.path.normpath, os.path.realpath):  # the second asks the disk, so it comes second
        root = spelled(folder).rstrip("/") + "/"
        if plain.startswith(root):
            return plain[len(root) :]
    return plain


Words = Callable[[Mapping[str, Any], Folder], str]


def _about(verb: str, *fields: str) -> Words:
    """`verb` and the first of the fields that is there."""

    def words(given: Mapping[str, Any], _: Folder) -> str:
        value = next((given[f] for f in fields if given.get(f)), "")
        return f"{verb} {value}"

    return words


def _on_file(verb: str, *fields: str) -> Words:
    def words(given: Mapping[str, Any], folder: Folder) -> str:
        value = next((given[f] for f in fields if given.get(f)), "a file")
        return f"{verb} {inside(str(value), folder)}"

    return words


def _say(words: str) -> Words:
    return lambda given, folder: words


WORDS: dict[str, Words] = {
    "Read": _on_file("reading", "file_path"),
    "Edit": _on_file("editing", "file_path"),
    "MultiEdit": _on_file("editing", "file_path"),
    "NotebookEdit": _on_file("editing", "notebook_path"),
    "Write": _on_file("writing", "file_path"),
    "Bash": _about("running:", "command"),
    "BashOutput": _say("looking at a running command"),
    "Grep": _about("searching for", "pattern"),
    "Glob": _about("looking for files like", "pattern"),
    "LS": _on_file("listing", "path"),
    "WebFetch": _about("fetching", "url"),
    "WebSearch": _about("searching the web for", "query"),
    "Task": _about("delegating:", "description", "prompt"),
    "Agent": _about("delegating:", "description", "prompt"),
    "Skill": _about("using the skill", "skill", "name"),
    "TodoWrite": _say("updating its list of things to do"),
    "StructuredOutput": _say("writing the answer"),
}


def activity(tool: object, given: object, folder: Folder) -> str:
    """A tool call in words; never fails, whatever the model put into the call."""
    words = WORDS.get(str(tool), _say(f"using {tool}"))
    return short(words(given if isinstance(given, Mapping) else {}, folder))
