"""A person at a terminal chooses what their home page shows first."""

from __future__ import annotations

import json

from tests.terminal import Run, home, run, sentence

__all__ = ["home", "run"]


def test_a_home_page_is_chosen_shown_and_reset(run: Run, home) -> None:
    home.mkdir()
    chosen = json.loads(run("home", "--panels", "agents,numbers", "--table", "above", "--mine", "--json").stdout)
    assert (chosen["panels"], chosen["table"], chosen["mine"]) == (["agents", "numbers"], "above", True)
    assert "agents, numbers" in run("home").stdout
    assert sentence(run("home", "--panels", "agents,costs")) == (
        "panels must be of numbers, tasks, agents, or none, not 'costs'."
    )
    assert sentence(run("home", "--panels", "none", "--table", "hidden")) == (
        "panels must name one of numbers, tasks, agents where the table is hidden."
    )
    assert json.loads(run("home", "--json").stdout) == chosen
    assert json.loads(run("home", "--reset", "--json").stdout)["panels"] == ["numbers", "tasks", "agents"]
