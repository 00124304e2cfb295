"""The folder of transcripts that a person names, or that of Claude Code on this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from data.domain.errors import HistoryFolderInvalid


def history_folder(environment: Mapping[str, str]) -> Path:
    """Where Claude Code keeps its transcripts on this machine."""
    return Path(environment.get("CLAUDE_CONFIG_DIR") or Path.home() / ".claude").expanduser() / "projects"


def checked(folder: str | None, environment: Mapping[str, str]) -> Path:
    """The folder to read; raises HistoryFolderInvalid with the reason."""
    text = (folder or "").strip()
    path = Path(text).expanduser() if text else history_folder(environment)
    if "\x00" in text or not path.is_absolute():
        raise HistoryFolderInvalid("folder must be a whole path, as /home/me/.claude/projects.", field="folder")
    try:
        is_folder = path.is_dir()
    except OSError as error:
        raise HistoryFolderInvalid(f"folder {path} cannot be read: {error.strerror}.", field="folder") from error
    if not is_folder:
        what = "is a file, not a folder" if path.exists() else "does not exist"
        raise HistoryFolderInvalid(f"folder {path} {what}.", field="folder")
    if not os.access(path, os.R_OK | os.X_OK):
        raise HistoryFolderInvalid(f"folder {path} cannot be read by this server.", field="folder")
    return path
