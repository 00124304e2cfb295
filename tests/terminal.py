"""Commands as a person at a terminal gives them: what the tests of the command line share."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from data.store import Store
from orchestrator_adapter import cli
from orchestrator_adapter.api import answers

ROOT = Path(__file__).parents[1]
Run = Callable[..., "Done"]


@dataclass
class Done:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


def environment(home: Path, **more: str) -> dict[str, str]:
    """That of whoever runs the tests, with nothing in it that changes what a command does."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("QUARTERDECK_", "DATABASE_URL", "ANTHROPIC_"))}
    own = {"PYTHONPATH": str(ROOT), "QUARTERDECK_HOME": str(home), "QUARTERDECK_RUNTIME": "scripted"}
    return {**clean, **own, **more}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    """The store that the commands open, too."""
    home.mkdir()
    opened = Store.open(f"sqlite:///{home / 'quarterdeck.sqlite'}")
    yield opened
    opened.close()


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process, in an environment of its own."""

    def command(*words: str, **more: str) -> Done:
        capsys.readouterr()
        with monkeypatch.context() as given:
            for name in os.environ.keys() - (wanted := environment(home, **more)).keys():
                given.delenv(name)
            for name, value in wanted.items():
                given.setenv(name, value)
            given.setattr(sys, "argv", ["orchestrator_adapter", *words])
            with pytest.raises(SystemExit) as ended:
                cli.main()
        said = capsys.readouterr()
        return Done(int(ended.value.code or 0), said.out, said.err)

    return command


@pytest.fixture
def run_apart(home: Path) -> Run:
    """Runs a command in a process of its own, from another folder; `before` is put in front of it."""

    def command(*words: str, before: tuple[str, ...] = (), **more: str) -> Done:
        line = [*before, sys.executable, "-m", "orchestrator_adapter", *words]
        env = environment(home, **more)
        done = subprocess.run(line, cwd="/", env=env, capture_output=True, text=True, timeout=100)
        return Done(done.returncode, done.stdout, done.stderr)

    return command


def said(done: Done) -> str:
    assert done.returncode == 0, done
    return done.stdout.strip()


def sentence(done: Done) -> str:
    """The one line on stderr of a command that failed."""
    assert done.returncode == 1, done
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def submit(run: Run, *options: str) -> answers.TaskShape:
    made = run("submit", "Fix the sign bug in add()", "--type", "bug_fix", "--json", *options)
    return answers.TaskShape.model_validate_json(said(made))
