"""Reads in a session's transcript what its replies used: also those that nobody was left to hear of."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from data.domain.events import MessageMetered
from orchestrator_adapter.runners.metering import Key, Meter

log = logging.getLogger(__name__)

USAGE = b'"usage":'
"""In every line that counts; the quotes of one inside a text are escaped, so it cannot be there by chance."""
TOTALS = b'"cost-state"'


def config(environment: Mapping[str, str]) -> Path:
    """The folder in which the command line keeps its sessions."""
    home = environment.get("HOME") or str(Path.home())
    return Path(environment.get("CLAUDE_CONFIG_DIR") or Path(home) / ".claude")


def replies(config: Path, session_id: str, task_id: str, agent_id: str) -> list[MessageMetered]:
    """Each finished reply of the session and of its sub-agents, by its largest copy.

    By the id of the session alone, because the folder's name is made from a path that may be spelled in many ways.
    """
    found: dict[Key, MessageMetered] = {}
    meter = Meter({"task_id": task_id, "agent_id": agent_id})
    for folder in sorted(config.glob("projects/*/")):
        main = folder / f"{session_id}.jsonl"
        for path in (main, *sorted((folder / session_id).glob("subagents/*.jsonl"))):
            for line in _lines(path):
                for reply in meter.line(line, subagent=path != main):
                    found[reply.message_id, reply.request_id] = reply
    return list(found.values())


def totals(config: Path, session_id: str | None) -> dict[str, Any]:
    """What the session had come to by model, as the command line noted it when it last ended well."""
    found: dict[str, Any] = {}
    for path in sorted(config.glob(f"projects/*/{session_id}.jsonl") if session_id else ()):
        for line in _lines(path, TOTALS):
            usage = line.get("modelUsage")
            found = usage if line.get("type") == "cost-state" and isinstance(usage, dict) else found
    return found


def _lines(path: Path, sign: bytes = USAGE) -> Iterator[dict[str, object]]:
    """The lines with this sign, without one that is torn."""
    try:
        with path.open("rb") as file:
            for raw in file:
                if sign not in raw:
                    continue
                try:
                    line = json.loads(raw)
                except ValueError:
                    continue
                if isinstance(line, dict):
                    yield line
    except FileNotFoundError:
        return
    except OSError as error:
        log.warning("The transcript %s could not be read: %s", path, error)
