"""Looking through the folders in which tasks may work."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.domain.errors import FolderRefused
from orchestrator_adapter.planning.drafts import check_folder

MOST_FOLDERS = 500


@dataclass(frozen=True)
class Folder:
    """A folder that can be gone into."""

    name: str
    path: str
    repository: bool = False


@dataclass(frozen=True)
class Listing:
    """One folder and the folders in it; without a path, the roots themselves."""

    path: str | None
    crumbs: tuple[Folder, ...]
    """The way here from the root, the root first."""
    folders: tuple[Folder, ...]
    unreadable: tuple[str, ...]
    """Names of folders that this server may not enter."""
    hidden: int
    """Folders that are not shown because their names begin with a dot."""
    left_out: int
    """Folders beyond those that are shown."""


def browse(path: str | None, roots: Sequence[Path], *, hidden: bool = False) -> Listing:
    """The folders in a folder; raises FolderRefused outside the roots, or where nobody may look."""
    allowed = [Path(os.path.realpath(root)) for root in roots]
    if path is None:
        return _of_roots(allowed)
    here = check_folder(path, roots)
    try:
        names = sorted((entry.name for entry in os.scandir(here) if entry.is_dir()), key=str.casefold)
    except OSError as error:
        raise FolderRefused(f"{path} cannot be looked into: {error.strerror}.", field="working_directory") from error
    shown = [name for name in names if hidden or not name.startswith(".")]
    inside = [(name, here / name) for name in shown if _within(here / name, allowed)]
    unreadable = tuple(name for name, below in inside if not os.access(below, os.R_OK | os.X_OK))
    folders = [_folder(name, below) for name, below in inside if name not in unreadable]
    return Listing(
        path=str(here),
        crumbs=_crumbs(here, allowed),
        folders=tuple(folders[:MOST_FOLDERS]),
        unreadable=unreadable,
        hidden=len(names) - len(shown),
        left_out=max(0, len(folders) - MOST_FOLDERS),
    )


def _of_roots(allowed: Sequence[Path]) -> Listing:
    there = [root for root in allowed if root.is_dir()]
    readable = [root for root in there if os.access(root, os.R_OK | os.X_OK)]
    gone = tuple(str(root) for root in allowed if root not in readable)
    return Listing(None, (), tuple(_folder(str(root), root) for root in readable), gone, 0, 0)


def _folder(name: str, path: Path) -> Folder:
    return Folder(name, str(path), repository=os.path.lexists(path / ".git"))


def _within(path: Path, allowed: Sequence[Path]) -> bool:
    """A link may lead out of the roots."""
    real = Path(os.path.realpath(path))
    return any(real.is_relative_to(root) for root in allowed)


def _crumbs(here: Path, allowed: Sequence[Path]) -> tuple[Folder, ...]:
    root = max((root for root in allowed if here.is_relative_to(root)), key=lambda one: len(one.parts))
    way = [
        root,
        *(root.joinpath(*here.relative_to(root).parts[: n + 1]) for n in range(len(here.parts) - len(root.parts))),
    ]
    return tuple(Folder(step.name or str(step), str(step)) for step in way)
