"""The log files of an agent, as far as a page may show them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from data.domain.agents import Agent

FILES = {
    "prompt.txt": "What it was told",
    "text.txt": "What it wrote and thought",
    "tools.jsonl": "What it called, and what came back",
    "summary.jsonl": "How it started, went on and ended",
}
SHOWN_BYTES = 100_000
"""A page shows this much of the end of a log; the whole of it can be downloaded."""


@dataclass(frozen=True)
class Log:
    """One log file: its end as text, and how much there is."""

    path: Path
    tail: str
    size: int

    @property
    def cut(self) -> bool:
        return self.size > SHOWN_BYTES


def read(agent: Agent, name: str, root: Path) -> Log | None:
    """The log by its name; None if the agent has none, or if it does not lie under the folder of the logs."""
    if agent.log_dir is None or name not in FILES:
        return None
    path = (Path(agent.log_dir) / name).resolve()
    if not path.is_relative_to(root.resolve()) or not path.is_file():
        return None
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - SHOWN_BYTES))
        tail = file.read().decode("utf-8", "replace")
    return Log(path, tail.partition("\n")[2] if size > SHOWN_BYTES else tail, size)


def pretty(content: bytes) -> tuple[str, str]:
    """Content and its language: JSON is laid out, everything else stays as it is."""
    text = content.decode("utf-8", "replace")
    try:
        value = json.loads(text)
    except ValueError:
        return text, "text"
    if isinstance(value, str):
        return value, "text"
    return json.dumps(value, indent=2, ensure_ascii=False), "json"
