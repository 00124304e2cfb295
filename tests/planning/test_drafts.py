"""Checking a draft: the description and the folder."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.domain.errors import DescriptionInvalid, FolderRefused
from data.domain.tasks import MAX_DESCRIPTION, Draft
from orchestrator_adapter.planning import check_description, check_folder, validate


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root" / "inner").mkdir(parents=True)
    return tmp_path / "root"


def refusal(path: str, *roots: Path) -> FolderRefused:
    with pytest.raises(FolderRefused) as refused:
        check_folder(path, roots)
    assert refused.value.details["field"] == "working_directory"
    assert refused.value.details["roots"] == [os.path.realpath(root) for root in roots]
    assert str(refused.value).endswith(".")
    return refused.value


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "\u2003"])
def test_an_empty_description_is_refused(text: str) -> None:
    with pytest.raises(DescriptionInvalid, match="empty") as refused:
        check_description(text)
    assert refused.value.details == {"field": "description", "limit": MAX_DESCRIPTION}


def test_the_longest_description_passes_and_one_more_does_not() -> None:
    assert len(check_description("x" * MAX_DESCRIPTION)) == MAX_DESCRIPTION
    with pytest.raises(DescriptionInvalid, match="50,001 characters; 50,000 is the most") as refused:
        check_description("x" * (MAX_DESCRIPTION + 1))
    assert refused.value.details == {"field": "description", "limit": MAX_DESCRIPTION}


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"])
def test_what_no_database_takes_is_refused(text: str) -> None:
    with pytest.raises(DescriptionInvalid, match="no text"):
        check_description(text)


def test_a_description_keeps_its_lines_and_loses_blanks_around(root: Path) -> None:
    draft = validate(Draft("  Füge 漢字 🙂 hinzu\n\nzweite Zeile \n"), [root])
    assert draft.description == "Füge 漢字 🙂 hinzu\n\nzweite Zeile"


@pytest.mark.parametrize("folder", [None, "", "  "])
def test_no_folder_stays_no_folder(root: Path, folder: str | None) -> None:
    assert validate(Draft("do it", working_directory=folder), [root]).working_directory is None


def test_a_draft_gets_its_real_folder(root: Path) -> None:
    draft = validate(Draft("do it", working_directory=f"{root}/inner/../inner/."), [root])
    assert draft.working_directory == os.path.realpath(root / "inner")


@pytest.mark.parametrize("name", ["plain", "with space", "ünïcode 漢字", "a/b/c"])
def test_folders_inside_a_root_pass(root: Path, name: str) -> None:
    (root / name).mkdir(parents=True)
    assert check_folder(str(root / name), [Path("/nowhere"), root]) == Path(os.path.realpath(root / name))
    assert check_folder(str(root), [root]) == Path(os.path.realpath(root))


def test_the_whole_disk_may_be_a_root(root: Path) -> None:
    assert check_folder("/", [Path("/")]) == Path("/")


def test_links_are_followed_before_the_roots_are_asked(root: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (root / "out").symlink_to(tmp_path / "outside")
    (root / "in").symlink_to(root / "inner")
    (tmp_path / "alias").symlink_to(root)
    assert check_folder(str(root / "in"), [root]) == Path(os.path.realpath(root / "inner"))
    assert check_folder(str(tmp_path / "alias" / "inner"), [tmp_path / "alias"])
    assert "outside the folders" in str(refusal(str(root / "out"), root))
    assert "outside the folders" in str(refusal(f"{root}/inner/../../outside", root))


def test_a_sibling_with_the_same_beginning_is_outside(root: Path) -> None:
    root.with_name("root-2").mkdir()
    assert str(root) in str(refusal(f"{root}-2", root))


def test_outside_nothing_is_said_about_what_exists(root: Path) -> None:
    assert str(refusal("/etc", root)).replace("/etc", "X") == str(refusal("/nope", root)).replace("/nope", "X")


def test_without_roots_the_setting_is_named() -> None:
    assert "QUARTERDECK_WORKDIRS" in str(refusal("/tmp"))


def test_what_is_not_a_folder_is_refused(root: Path) -> None:
    (root / "file").write_text("x")
    (root / "broken").symlink_to(root / "gone")
    (root / "loop").symlink_to(root / "loop")
    assert "does not exist" in str(refusal(f"{root}/gone", root))
    assert "does not exist" in str(refusal(f"{root}/broken", root))
    assert "does not exist" in str(refusal(f"{root}/file/below", root))
    assert "is a file, not a folder" in str(refusal(f"{root}/file", root))
    assert "not accessible" in str(refusal(f"{root}/loop", root))
    assert "not accessible" in str(refusal(f"{root}/{'x' * 300}", root))


@pytest.mark.parametrize("path", ["", ".", "..", "inner", "./inner"])
def test_relative_paths_are_refused(root: Path, path: str) -> None:
    assert "not an absolute path" in str(refusal(path, root))


@pytest.mark.parametrize("path", ["/a\x00b", "/a\ud800b"])
def test_impossible_paths_are_refused(root: Path, path: str) -> None:
    assert "characters" in str(refusal(path, root))


def test_home_is_expanded() -> None:
    home = Path.home()
    assert check_folder("~", [home]) == Path(os.path.realpath(home))
    assert "home that is not known" in str(refusal("~no-such-user-here/x", home))


@pytest.fixture
def open_root() -> Iterator[Path]:
    """A folder that every user of this machine can reach, unlike tmp_path."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name).resolve()
        root.chmod(0o755)
        yield root


ASK_AS_NOBODY = """
import os, sys
from pathlib import Path
from data.domain.errors import FolderRefused
from orchestrator_adapter.planning import check_folder
if os.geteuid() == 0:
    os.seteuid(65534)
try:
    print(check_folder(sys.argv[1], [Path(sys.argv[2])]))
except FolderRefused as refused:
    print(refused)
"""


def asked_as_nobody(folder: Path, root: Path) -> str:
    """The answer for a user whom modes stop: root ignores them, so it asks as somebody else."""
    command = [sys.executable, "-c", ASK_AS_NOBODY, str(folder), str(root)]
    here = Path(__file__).resolve().parents[2]
    return subprocess.run(command, cwd=here, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("mode", [0o000, 0o444, 0o111])
def test_a_folder_that_cannot_be_read_and_entered_is_refused(open_root: Path, mode: int) -> None:
    folder = open_root / "closed"
    folder.mkdir()
    folder.chmod(mode)
    assert "not accessible" in asked_as_nobody(folder, open_root)
    folder.chmod(0o755)
    assert asked_as_nobody(folder, open_root) == str(folder)


def test_a_folder_below_a_closed_one_is_refused(open_root: Path) -> None:
    inner = open_root / "closed" / "inner"
    inner.mkdir(parents=True)
    inner.parent.chmod(0o000)
    assert "not accessible" in asked_as_nobody(inner, open_root)
    inner.parent.chmod(0o755)
