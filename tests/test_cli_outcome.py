"""Outcomes, lots and the worth of an ANALYST at a terminal."""

from __future__ import annotations

import json

from data.store import Store
from orchestrator_adapter import settings
from tests.terminal import Run, environment, home, run, sentence
from tests.test_commands_fleet import task
from tests.test_commands_outcome import DONE

__all__ = ["home", "run"]


def test_an_outcome_is_said_shown_and_taken_back(run: Run, home) -> None:
    home.mkdir()
    store = Store.open(settings.read(environment(home)).database_url)
    task(store, "t1", *DONE)
    store.close()
    said = json.loads(run("outcome", "t1", "--score", "5", "--merged", "yes", "--note", "fine", "--json").stdout)
    assert (said["score"], said["merged"], said["good"], said["note"]) == (5, True, True, "fine")
    assert json.loads(run("outcome", "t1", "--score", "0", "--json").stdout)["score"] is None
    shown = run("outcome", "t1").stdout
    assert "merged" in shown
    assert "2 changes, the last by local" in shown
    assert sentence(run("outcome", "t1", "--score", "9")) == "score must be from 1 to 5, not 9."


def test_lots_are_switched_on_and_roi_says_what_is_missing(run: Run, home) -> None:
    home.mkdir()
    assert "No lots are drawn" in run("lottery").stdout
    assert json.loads(run("lottery", "--share", "25", "--json").stdout) == {"share": 25, "chance": 50}
    assert "25 % are decided by lot" in run("lottery").stdout
    found = run("roi")
    assert found.returncode == 0
    assert "No task has come to its end yet" in found.stdout
