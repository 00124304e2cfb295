"""Finds agent log folders below a path, and says whose they are by their names and first lines."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from data.domain.agents import Role
from data.domain.errors import FolderRefused
from orchestrator_adapter.ingest import log_files
from orchestrator_adapter.ingest.log_dialects import prompts

DEPTH = 6
"""So many levels below the path are looked through."""
MOST_PROMPT = 1024 * 1024
_NAME = re.compile(r"([0-9A-Za-z-]{1,40})_(.{1,200})_(\d{8}_\d{6})")
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "quarterdeck:agent_logs")
PLANNER = "Workflow planner"


@dataclass(frozen=True)
class LogFolder:
    """The log folder of one agent."""

    path: Path
    task: str
    """Name of the folder around it; its own, if it lies in no folder of a task."""
    agent: str
    """The beginning of the agent's id."""
    name: str
    began: datetime
    """As its name has it: without an offset, a time of the machine that wrote it."""
    task_id: str
    agent_id: str

    @property
    def role(self) -> Role:
        """By the first word of its name that is a role."""
        words = self.name.lower().split()
        return next((role for word in words for role in Role if role.value == word), Role.CUSTOM)

    @property
    def planner(self) -> bool:
        return self.name.lower() == PLANNER.lower()


@dataclass(frozen=True)
class Passed:
    """A folder that is not read, and why."""

    path: Path
    why: str


def find(path: Path) -> list[LogFolder | Passed]:
    """Every agent's log folder at or below the path, tasks by name and agents by time. Raises FolderRefused."""
    if not path.is_dir():
        raise FolderRefused(f"{path} is no folder: name one that holds agent logs.", field="path")
    found = list(_below(path))
    return sorted(found, key=lambda one: (_task_of(one), one.began.isoformat() if isinstance(one, LogFolder) else ""))


def _task_of(one: LogFolder | Passed) -> str:
    return str(one.path.parent)


def _below(top: Path) -> Iterator[LogFolder | Passed]:
    levels = len(top.parts)
    for root, folders, files in os.walk(top):
        here = Path(root)
        if set(files).intersection(log_files.NAMES):
            folders.clear()
            yield identified(here)
        elif not files and not folders and _NAME.fullmatch(here.name):
            yield Passed(here, "it is empty: its agent never ran")
        if len(here.parts) - levels >= DEPTH:
            folders.clear()
        folders[:] = sorted(name for name in folders if not name.startswith("."))


def identified(path: Path) -> LogFolder | Passed:
    """Whose folder it is. Our own logs say so in their first line, theirs only in the name of the folder."""
    hit = _NAME.fullmatch(path.name)
    if hit is None:
        return Passed(path, "its name is not ID_NAME_DATE_TIME, as an agent's log folder has it")
    try:
        began = datetime.strptime(hit[3], "%Y%m%d_%H%M%S")
    except ValueError:
        return Passed(path, f"{hit[3]} in its name is no date and time")
    around = path.parent.name
    task = path.name if around in ("", "agent_logs", "logs") else around
    told = _first_line(path)
    task_id = told.get("task_id") or (task if _ID.fullmatch(task) else uuid.uuid5(_SPACE, task).hex)
    agent_id = told.get("agent_id") or uuid.uuid5(_SPACE, f"{task}/{path.name}").hex
    return LogFolder(path, task, hit[1], hit[2].replace("_", " "), began, task_id, agent_id)


def together(folder: LogFolder) -> list[LogFolder]:
    """All agents of its task, by time: itself, and those whose folders lie beside it."""
    if folder.task == folder.path.name:
        return [folder]
    beside = [identified(path) for path in folder.path.parent.iterdir() if path.is_dir() and not path.is_symlink()]
    found = [one for one in beside if isinstance(one, LogFolder) and one.task_id == folder.task_id]
    return sorted(found, key=lambda one: (one.began, one.path.name))


def _first_line(path: Path) -> dict[str, str]:
    """The ids in the first line of our own summary."""
    with log_files.opened(path, "summary.jsonl") as file:
        line = next(log_files.lines(file), None) if file else None
    value = line.value if line else None
    if value is None or value.get("type") != "Started":
        return {}
    ids = {name: value.get(name) for name in ("task_id", "agent_id")}
    return {name: key for name, key in ids.items() if isinstance(key, str) and _ID.fullmatch(key)}


@dataclass(frozen=True)
class Request:
    """What a task asked for, as far as its logs say."""

    description: str
    task_type: str = ""
    folder: str = ""


_PLANNED = re.compile(
    r"TASK DESCRIPTION:\n(?P<what>.*?)\n\nTASK TYPE: (?P<kind>\S*)\n\nWORKING DIRECTORY: (?P<where>[^\n]*)", re.DOTALL
)
_HANDED = re.compile(r"\n\n## Previous Agent Summary\b.*\Z", re.DOTALL)


def prompt(path: Path) -> str:
    """The first prompt of a folder; empty if there is none."""
    with log_files.opened(path, "prompt.txt") as file:
        text = log_files.decoded(file.read(MOST_PROMPT)) if file else ""
    return next((told for _, told in prompts(text)), "")


def request(folders: Sequence[LogFolder]) -> Request:
    """The task of these folders: their planner was told it word for word, the others with what they were to do."""
    for folder in folders:
        if folder.planner and (hit := _PLANNED.search(prompt(folder.path))):
            where = "" if hit["where"] == "current directory" else hit["where"]
            return Request(hit["what"].strip(), hit["kind"], where)
    first = next((text for folder in folders if (text := _HANDED.sub("", prompt(folder.path)).strip())), "")
    return Request(first or f"Agent logs of {folders[0].task}")
