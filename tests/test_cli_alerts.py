"""Rules of alerts at a terminal: switched, tried, refused in a sentence."""

from __future__ import annotations

import json

from tests.test_cli_control import Run, home, run, said, sentence  # noqa: F401


def test_rules_of_alerts_are_switched_and_tried(run: Run):  # noqa: F811
    assert said(run("alert-rule", "dear-agent", "--on")) == (
        "Rule dear-agent is on: a single agent costs more than $5.00."
    )
    rules = {rule["id"]: rule for rule in json.loads(said(run("alert-rules", "--json")))}
    assert (rules["dear-agent"]["enabled"], rules["dear-agent"]["version"]) == (True, 1)
    tried = ("alert-backtest", "--metric", "spend", "--threshold", "2", "--json")
    assert json.loads(said(run(*tried)))["fired"] == 0
    assert "threshold must be from" in sentence(run("alert-rule", "context", "--threshold", "400"))
    assert "hours must be a number" in sentence(run("alert-backtest", "--metric", "spend", "--hours", "inf"))
