"""A person at a terminal chooses what their home page shows first."""

from __future__ import annotations

import json

from tests.test_cli_control import Run, environment, home, run  # noqa: F401


def test_a_home_page_is_chosen_shown_and_reset(run: Run, home) -> None:  # noqa: F811
    home.mkdir()
    chosen = json.loads(run("home", "--panels", "agents,numbers", "--table", "above", "--mine", "--json").stdout)
    assert (chosen["panels"], chosen["table"], chosen["mine"]) == (["agents", "numbers"], "above", True)
    assert "agents, numbers" in run("home").stdout
    refused = run("home", "--panels", "agents,costs")
    assert (refused.returncode, refused.stderr.strip()) == (
        1,
        "panels must be of numbers, tasks, agents, or none, not 'costs'.",
    )
    refused = run("home", "--panels", "none", "--table", "hidden")
    assert (refused.returncode, refused.stderr.strip()) == (
        1,
        "panels must name one of numbers, tasks, agents where the table is hidden.",
    )
    assert json.loads(run("home", "--json").stdout) == chosen
    assert json.loads(run("home", "--reset", "--json").stdout)["panels"] == ["numbers", "tasks", "agents"]
