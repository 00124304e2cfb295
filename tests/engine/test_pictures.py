"""Pictures of a folder: every kind of change is found, with and without git, and what is not kept is named."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from data.domain import files as f
from data.domain.agents import FileChange
from orchestrator_adapter.engine import pictures
from orchestrator_adapter.engine.pictures import Compared, Picture

Look = Callable[[], Callable[[], Compared]]


def git(folder: Path, *words: str) -> None:
    who = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    names = ("-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "init.defaultBranch=main")
    env = {**os.environ, **who}
    subprocess.run(["git", *names, *words], cwd=folder, env=env, check=True, capture_output=True)


@pytest.fixture(params=["git", "no git"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder with a few files; with git some are committed, one is staged, one unknown to it and one ignored."""
    made = tmp_path / "work"
    (made / "src").mkdir(parents=True)
    for name in ("same.txt", "edited.txt", "src/gone.txt", "touched.txt"):
        (made / name).write_text(f"{name}\nold\n")
    if request.param == "git":
        (made / ".gitignore").write_text("ignored.txt\nnode_modules\n")
        git(made, "init", "-q")
        git(made, "add", "-A")
        git(made, "commit", "-qm", "first")
        (made / "ignored.txt").write_text("never seen\n")
    (made / "fresh.txt").write_text("fresh\n")
    return made


@pytest.fixture
def look(folder: Path, tmp_path: Path) -> Look:
    """Takes a picture; what it gives compares with it."""
    file = tmp_path / "home" / "pictures" / "a.picture"

    def take() -> Callable[[], Compared]:
        pictures.take(folder, tmp_path / "home", file)
        assert file.stat().st_mode & 0o077 == 0
        return lambda: pictures.compare(Picture(file), folder, tmp_path / "home")

    return take


def by_path(compared: Compared) -> dict[str, tuple[FileChange, bytes | None, bytes | None]]:
    return {one.path: (one.change, one.before, one.after) for one in compared.found}


def test_every_kind_of_change_is_found_with_its_contents(folder: Path, look: Look):
    compare = look()
    (folder / "edited.txt").write_text("edited.txt\nnew!\n")
    (folder / "fresh.txt").write_text("fresher\n")
    (folder / "src" / "gone.txt").unlink()
    (folder / "src" / "made.txt").write_text("made\n")
    (folder / "touched.txt").touch()
    (folder / "node_modules").mkdir()
    (folder / "node_modules" / "x.js").write_text("not looked at")
    assert by_path(compare()) == {
        "edited.txt": (FileChange.MODIFIED, b"edited.txt\nold\n", b"edited.txt\nnew!\n"),
        "fresh.txt": (FileChange.MODIFIED, b"fresh\n", b"fresher\n"),
        "src/gone.txt": (FileChange.DELETED, b"src/gone.txt\nold\n", None),
        "src/made.txt": (FileChange.CREATED, None, b"made\n"),
    }


def test_nothing_changed_is_nothing_found(look: Look):
    compared = look()()
    assert compared.found == []
    assert compared.note == ""
    assert compared.looked_at >= 5


def test_what_changed_before_a_commit_is_found_after_it(folder: Path, look: Look):
    if not (folder / ".git").exists():
        pytest.skip("there is nothing to commit to")
    compare = look()
    (folder / "edited.txt").write_text("committed\n")
    git(folder, "commit", "-qam", "second")
    assert by_path(compare()) == {
        "edited.txt": (FileChange.MODIFIED, b"edited.txt\nold\n", b"committed\n"),
    }


def test_a_change_of_the_same_length_within_the_same_second_is_found(folder: Path, look: Look):
    compare = look()
    before = (folder / "edited.txt").stat()
    (folder / "edited.txt").write_text("edited.txt\nxyz\n")
    os.utime(folder / "edited.txt", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert list(by_path(compare())) == ["edited.txt"]


def test_what_is_not_kept_is_listed_with_the_reason(folder: Path, look: Look):
    (folder / "server.key").write_text("old key\n")
    compare = look()
    (folder / "picture.png").write_bytes(b"\x89PNG\x00\x01")
    (folder / "server.key").write_text("new key\n")
    (folder / "config.py").write_text("TOKEN = 'ghp_" + "a" * 36 + "'\n")
    (folder / "huge.log").write_bytes(b"a" * (f.MOST_KEPT + 1))
    (folder / "link").symlink_to("/etc/passwd")
    found = compare().found
    assert {one.path: one.withheld for one in found} == {
        "picture.png": f.BINARY,
        "server.key": f.SECRET_NAME,
        "config.py": f.SECRET_INSIDE,
        "huge.log": f.HUGE,
        "link": pictures.LINK,
    }
    assert all(one.before is None and one.after is None for one in found)


def test_our_own_home_in_the_folder_is_not_looked_at(folder: Path, tmp_path: Path):
    home = folder / "var"
    pictures.take(folder, home, home / "pictures" / "a.picture")
    (home / "store.sqlite").write_text("x")
    (folder / "new.txt").write_text("x\n")
    compared = pictures.compare(Picture(home / "pictures" / "a.picture"), folder, home)
    assert list(by_path(compared)) == ["new.txt"]


def test_a_folder_that_an_outer_repository_ignores_is_looked_at_all_the_same(tmp_path: Path):
    (tmp_path / ".gitignore").write_text("var\n")
    git(tmp_path, "init", "-q")
    inner = tmp_path / "var" / "scratch"
    inner.mkdir(parents=True)
    (inner / "a.txt").write_text("a\n")
    pictures.take(inner, tmp_path / "home", tmp_path / "p.picture")
    (inner / "a.txt").write_text("b\n")
    compared = pictures.compare(Picture(tmp_path / "p.picture"), inner, tmp_path / "home")
    assert by_path(compared) == {"a.txt": (FileChange.MODIFIED, b"a\n", b"b\n")}


def test_files_that_were_there_are_not_made_by_a_new_rule_of_git(
    folder: Path, look: Look, eventually: Callable[..., None]
):
    """A folder becomes a repository, or is none any more: what is listed differs, the files do not."""
    newest = max(path.stat().st_ctime_ns for path in folder.iterdir())
    eventually(lambda: pictures.file_clock() > newest)
    compare = look()
    if (folder / ".git").exists():
        (folder / ".git").rename(folder.parent / "away")
        assert "ignored.txt" not in by_path(compare())
    else:
        git(folder, "init", "-q")
        assert by_path(compare()) == {}


def test_a_repository_can_make_us_run_nothing(folder: Path, look: Look, tmp_path: Path):
    """Its own settings name commands for nearly everything; an agent can write them."""
    if not (folder / ".git").exists():
        pytest.skip("without git nothing is run")
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\ncat\n")
    trap.chmod(0o755)
    compare = look()
    for name in ("core.fsmonitor", "filter.x.clean", "filter.x.smudge", "filter.x.process", "core.sshCommand"):
        git(folder, "config", name, str(trap))
    (folder / ".gitattributes").write_text("* filter=x\n")
    (folder / "edited.txt").write_text("edited\n")
    found = by_path(compare())
    assert found["edited.txt"] == (FileChange.MODIFIED, b"edited.txt\nold\n", b"edited\n")
    look()
    assert not (tmp_path / "sprung").exists()


def test_names_that_are_hard_to_write(folder: Path, look: Look):
    compare = look()
    names = ["a b.txt", "tab\there.txt", "line\nbreak.txt", '"quoted".txt', "größer.txt", os.fsdecode(b"\xff.txt")]
    for name in names:
        (folder / name).write_text("x\n")
    assert set(by_path(compare())) == set(names)


def test_a_folder_with_more_files_than_are_looked_at_says_so(tmp_path: Path):
    folder = tmp_path / "work"
    (folder / "below").mkdir(parents=True)
    for number in range(30):
        (folder / f"{number}.txt").write_text("x\n")
        (folder / "below" / f"{number}.txt").write_text("x\n")
    pictures.take(folder, tmp_path / "home", tmp_path / "a.picture", most_files=40)
    (folder / "3.txt").write_text("y\n")
    (folder / "new.txt").write_text("y\n")
    compared = pictures.compare(Picture(tmp_path / "a.picture"), folder, tmp_path / "home", most_files=40)
    assert compared.note == "Only the first 40 files were looked at."
    assert list(by_path(compared)) == ["3.txt"]


@pytest.mark.parametrize("torn", [b"", b"12345678", b"\x00" * 100, b"x" * 50 + (9).to_bytes(8, "big")])
def test_a_torn_picture_is_refused(torn: bytes, tmp_path: Path):
    (tmp_path / "a.picture").write_bytes(torn)
    with pytest.raises(ValueError, match="not a picture"):
        Picture(tmp_path / "a.picture")
