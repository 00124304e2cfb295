"""What cannot work is said in one sentence at every door, and nothing is half-written."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from sqlite3 import connect

import pytest

from data.domain.errors import FleetError, SettingInvalid, StoreUnavailable
from data.store import Store
from orchestrator_adapter import deck as decks
from orchestrator_adapter import settings
from tests.modes import obeying_modes
from tests.terminal import Run, environment, home, run, said, sentence, store

__all__ = ["home", "run", "store"]
CLAUDE = ("submit", "Fix it", "--runtime", "claude", "--dir")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The only folder in which tasks may work, with a file and a closed folder in it."""
    folder = tmp_path / "work"
    (folder / "closed").mkdir(parents=True)
    (folder / "closed").chmod(0)
    (folder / "file").write_text("not a folder")
    return folder


@pytest.mark.parametrize(
    ("folder", "says"),
    [
        ("work/nowhere", "does not exist."),
        ("work/file", "is a file, not a folder."),
        ("elsewhere", "is outside the folders in which tasks may work"),
        ("work/closed", "is not accessible: its permissions do not let this server read and enter it."),
    ],
)
def test_a_folder_that_will_not_do(run: Run, work: Path, folder: str, says: str):
    where = {"QUARTERDECK_WORKDIRS": str(work)}
    refused = sentence(obeying_modes(lambda: run(*CLAUDE, str(work.parent / folder), **where)))
    assert refused.startswith(str(work.parent / folder))
    assert says in refused
    assert json.loads(said(run("tasks", "--json"))) == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["submit", "a word " * 14_629], "102,402 characters; 50,000 is the most."),
        (
            ["submit", "Fix it", "--type", "chores"],
            "Invalid value for '--type': 'chores' is not one of 'feature",
        ),
        (
            ["tasks", "--type", "chores"],
            "Invalid value for '--type': 'chores' is not one of 'feature",
        ),
    ],
)
def test_words_that_will_not_do(run: Run, words: list[str], says: str):
    assert says in sentence(run(*words))
    assert json.loads(said(run("tasks", "--json"))) == []


def test_without_a_key_no_real_task_is_begun_by_itself(run: Run, tmp_path: Path):
    nothing = {"QUARTERDECK_RUNTIME": "", "CLAUDE_CONFIG_DIR": str(tmp_path)}
    refused = sentence(run("submit", "Fix it", **nothing))
    assert refused.endswith("No ANTHROPIC_API_KEY is set and nobody is logged in to Claude on this machine.")
    assert json.loads(said(run("tasks", "--json"))) == []


def test_a_store_of_a_newer_version(run: Run, store: Store, home: Path):
    with closing(connect(home / "quarterdeck.sqlite")) as db:
        db.execute("update alembic_version set version_num = '9999'")
        db.commit()
    for words in (["tasks"], ["submit", "Fix it"], ["migrate"], ["seed"]):
        assert "written by a newer version of Quarterdeck" in sentence(run(*words))


def closed(home: Path, what: str) -> Callable[[], None]:
    """Take the right to write it; gives the function that gives it back."""
    place = home / what
    before = place.stat().st_mode
    place.chmod(0o555 if place.is_dir() else 0o444)
    return lambda: place.chmod(before)


@pytest.fixture
def started(home: Path) -> Path:
    """A home in which a server has been."""
    Store.open(f"sqlite:///{home / 'quarterdeck.sqlite'}").close()
    for name in ("engine.sqlite", "engine.lock"):
        (home / name).touch()
    return home


@pytest.mark.parametrize(
    ("what", "says"),
    [
        (
            "quarterdeck.sqlite",
            "cannot be used: the file {home}/quarterdeck.sqlite is not writable. Nothing was changed.",
        ),
        ("", "The home {home} is not writable: set QUARTERDECK_HOME to a folder that this user may write."),
        ("engine.sqlite", "The engine cannot keep its own tables: the file {home}/engine.sqlite is not writable."),
        ("engine.lock", "The engine cannot keep its own tables: the file {home}/engine.lock is not writable."),
    ],
    ids=["the store", "its folder", "the engine's tables", "its lock"],
)
def test_a_store_that_cannot_be_written(started: Path, run: Run, what: str, says: str):
    """The server does not start, a command does nothing; both say which file it is."""
    again = closed(started, what)

    def server() -> None:
        decks.build(settings.read(environment(started))).close()

    with pytest.raises((StoreUnavailable, SettingInvalid)) as refused:
        obeying_modes(server)
    assert says.format(home=started) in str(refused.value)
    ordered = sentence(obeying_modes(lambda: run("submit", "Fix it")))
    assert says.format(home=started) in ordered
    again()
    assert json.loads(said(run("tasks", "--json"))) == []


def test_the_doctor_says_why_and_what_can_be_read_is_read(started: Path, run: Run):
    for what, noun in (("quarterdeck.sqlite", "file"), ("", "folder")):
        again, place = closed(started, what), str(started / what).rstrip("/")
        listed, told = (obeying_modes(lambda words=words: run(*words, "--json")) for words in (["tasks"], ["doctor"]))
        if noun == "file":
            assert json.loads(said(listed)) == []
        else:
            assert f"the folder {place} is not writable. Nothing was changed." in sentence(listed)
        checks = {check["what"]: check for check in json.loads(told.stdout)}
        assert (told.returncode, checks["store"]["ok"]) == (1, False)
        assert checks["store"]["found"].endswith(f"the {noun} {place} is not writable")
        again()


def test_a_home_that_cannot_be_made(run: Run, tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    other = {"QUARTERDECK_HOME": str(tmp_path / "file" / "home"), "DATABASE_URL": f"sqlite:///{tmp_path}/x.sqlite"}
    refused = sentence(run("submit", "Fix it", **other))
    assert refused.startswith(f"The home {tmp_path}/file/home cannot be made (Not a directory): set QUARTERDECK_HOME")
    with pytest.raises(FleetError, match="cannot be made"):
        decks.build(settings.read(os.environ | environment(tmp_path, **other)))
