"""Looking through folders: only inside the roots, hidden ones on request, and what may not be entered is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from data.domain.errors import FolderRefused
from orchestrator_adapter.planning import folders


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "src"
    for name in ("Beta", "alpha/deep", ".hidden", "repo/.git"):
        (made / name).mkdir(parents=True)
    (made / "file.txt").write_text("no folder")
    (made / "out").symlink_to(tmp_path)
    (made / "in").symlink_to(made / "alpha")
    (made / "broken").symlink_to(made / "nothing")
    return made


def names(listing: folders.Listing) -> list[str]:
    return [folder.name for folder in listing.folders]


def test_only_folders_and_only_what_lies_inside(root: Path):
    listing = folders.browse(str(root), [root])
    assert names(listing) == ["alpha", "Beta", "in", "repo"]
    assert [folder.name for folder in listing.folders if folder.repository] == ["repo"]
    assert (listing.hidden, listing.left_out, listing.unreadable) == (1, 0, ())
    assert names(folders.browse(str(root), [root], hidden=True))[0] == ".hidden"


def test_the_way_here_leads_back(root: Path):
    listing = folders.browse(str(root / "alpha" / "deep"), [root])
    assert [(crumb.name, crumb.path) for crumb in listing.crumbs] == [
        ("src", str(root)),
        ("alpha", str(root / "alpha")),
        ("deep", str(root / "alpha" / "deep")),
    ]
    assert folders.browse(str(root), [root]).crumbs == listing.crumbs[:1]


def test_the_innermost_root_begins_the_way(root: Path):
    listing = folders.browse(str(root / "alpha" / "deep"), [root, root / "alpha"])
    assert [crumb.name for crumb in listing.crumbs] == ["alpha", "deep"]


def test_without_a_path_the_roots_are_listed(root: Path, tmp_path: Path):
    listing = folders.browse(None, [root, tmp_path / "gone"])
    assert (listing.path, names(listing), listing.unreadable) == (None, [str(root)], (str(tmp_path / "gone"),))


@pytest.mark.parametrize("path", ["/etc", "..", "src/../.."])
def test_nobody_looks_outside(path: str, root: Path):
    with pytest.raises(FolderRefused):
        folders.browse(path if path.startswith("/") else str(root / path), [root])


def test_a_folder_that_may_not_be_entered_is_named(root: Path):
    (root / "locked").mkdir(mode=0)
    if os.access(root / "locked", os.R_OK):
        pytest.skip("this user may enter everything")
    assert folders.browse(str(root), [root]).unreadable == ("locked",)


def test_a_folder_of_thousands_says_how_many_are_not_shown(root: Path):
    many = root / "many"
    for number in range(folders.MOST_FOLDERS + 3):
        (many / f"d{number:04}").mkdir(parents=True)
    listing = folders.browse(str(many), [root])
    assert (len(listing.folders), listing.left_out) == (folders.MOST_FOLDERS, 3)
