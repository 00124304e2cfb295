"""The end of a log file, and content as it is best read."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from data.domain.agents import Agent
from orchestrator_adapter import agent_logs
from orchestrator_adapter.ingest import log_files
from pages.ui.log_file import FILES

__all__ = ["FILES", "SHOWN_BYTES", "Log", "pretty", "read"]

SHOWN_BYTES = 100_000
"""A page shows this much of the end of a log; the whole of it can be downloaded."""


@dataclass(frozen=True)
class Log:
    """One log file: its end as text, and how much there is."""

    tail: str
    size: int

    @property
    def cut(self) -> bool:
        return self.size > SHOWN_BYTES


def read(agent: Agent, name: str, root: Path) -> Log | None:
    """The log by its name; None if the agent has none, or if it does not lie under the folder of the logs."""
    folder = agent_logs.folder(agent, root)
    with log_files.opened(folder, name) if folder else nullcontext() as file:
        if file is None:
            return None
        size = log_files.size_of(file)
        file.seek(max(0, size - SHOWN_BYTES))
        raw = file.read(SHOWN_BYTES)
    return Log(log_files.decoded(raw.partition(b"\n")[2] if size > SHOWN_BYTES else raw), size)


def pretty(content: bytes) -> tuple[str, str]:
    """Content and its language: JSON is laid out, everything else stays as it is."""
    text = content.decode("utf-8", "replace")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text, "text"
    if isinstance(value, str):
        return value, "text"
    return json.dumps(value, indent=2, ensure_ascii=False), "json"
