"""Checking a draft before it becomes a task: its description and its folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from data.domain.errors import DescriptionInvalid, FolderRefused
from data.domain.tasks import MAX_DESCRIPTION, Draft


def validate(draft: Draft, roots: Sequence[Path]) -> Draft:
    """The draft with a trimmed description and its real folder, or a refusal that names the field."""
    folder = draft.working_directory
    real = str(check_folder(folder, roots)) if folder and folder.strip() else None
    return replace(draft, description=check_description(draft.description), working_directory=real)


def check_description(description: str) -> str:
    """The description without blanks around it."""
    text = description.strip()
    if not text:
        raise _invalid("The description is empty: say what the task is.")
    if len(text) > MAX_DESCRIPTION:
        raise _invalid(f"The description has {len(text):,} characters; {MAX_DESCRIPTION:,} is the most.")
    if not _storable(text):
        raise _invalid("The description holds characters that are no text (a NUL or half of a surrogate pair).")
    return text


def check_folder(path: str, roots: Sequence[Path]) -> Path:
    """The real folder behind a path, if tasks may work there.

    The roots come first: outside them nothing is said about what exists.
    """
    allowed = [Path(os.path.realpath(root)) for root in roots]
    folder = _real(path, allowed)
    if not any(folder.is_relative_to(root) for root in allowed):
        within = " or ".join(str(root) for root in allowed) or "(none: set QUARTERDECK_WORKDIRS)"
        raise _refused(f"{path} is outside the folders in which tasks may work: {within}.", allowed)
    try:
        folder.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise _refused(f"{path} does not exist.", allowed) from None
    except OSError as error:
        raise _refused(f"{path} is not accessible: {error.strerror}.", allowed) from None
    if not folder.is_dir():
        raise _refused(f"{path} is a file, not a folder.", allowed)
    if not _usable(folder):
        raise _refused(f"{path} is not accessible: its permissions do not let this server read and enter it.", allowed)
    return folder


def _real(path: str, allowed: Sequence[Path]) -> Path:
    """The absolute path with `~`, `..` and links resolved."""
    if not _storable(path):
        raise _refused("The path of the folder holds characters that no path has.", allowed)
    try:
        folder = Path(path.strip()).expanduser()
    except RuntimeError:
        raise _refused(f"{path} names a home that is not known here.", allowed) from None
    if not folder.is_absolute():
        raise _refused(f"{path!r} is not an absolute path: begin with / or ~.", allowed)
    return Path(os.path.realpath(folder))


def _usable(folder: Path) -> bool:
    # Where effective ids cannot be asked for (macOS), the real ones are the same in all but setuid programs.
    effective = os.access in os.supports_effective_ids
    return os.access(folder, os.R_OK | os.X_OK, effective_ids=effective)


def _storable(text: str) -> bool:
    """Whether a database and a process can be given this text."""
    return "\x00" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def _invalid(message: str) -> DescriptionInvalid:
    return DescriptionInvalid(message, field="description", limit=MAX_DESCRIPTION)


def _refused(message: str, allowed: Sequence[Path]) -> FolderRefused:
    return FolderRefused(message, field="working_directory", roots=[str(root) for root in allowed])
