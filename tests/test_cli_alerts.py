"""Rules of alerts at a terminal: switched, tried, refused in a sentence."""

from __future__ import annotations

import io
import json
import sys

import pytest

from tests.receivers import Hook
from tests.terminal import Run, home, run, said, sentence

__all__ = ["home", "run"]


def test_rules_of_alerts_are_switched_and_tried(run: Run):
    assert said(run("alert-rule", "dear-agent", "--on")) == (
        "Rule dear-agent is on: a single agent costs more than $5.00."
    )
    rules = {rule["id"]: rule for rule in json.loads(said(run("alert-rules", "--json")))}
    assert (rules["dear-agent"]["enabled"], rules["dear-agent"]["version"]) == (True, 1)
    tried = ("alert-backtest", "--metric", "spend", "--threshold", "2", "--json")
    assert json.loads(said(run(*tried)))["fired"] == 0
    assert "threshold must be from" in sentence(run("alert-rule", "context", "--threshold", "400"))
    assert "hours must be a number" in sentence(run("alert-backtest", "--metric", "spend", "--hours", "inf"))


def test_a_channel_is_made_tried_and_told_at_a_terminal(run: Run, monkeypatch: pytest.MonkeyPatch):
    hook = Hook()
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{hook.url}\n"))
    made = json.loads(said(run("alert-channel", "--name", "Ops", "--kind", "webhook", "--json")))
    assert said(run("alert-channel-test", made["id"])) == "The other side took it."
    said(run("alert-rule", "dear-agent", "--tell", made["id"]))
    rules = {rule["id"]: rule for rule in json.loads(said(run("alert-rules", "--json")))}
    assert rules["dear-agent"]["channels"] == [made["id"]]
    assert "Still told through this channel: Dear agent." in sentence(run("alert-channel", made["id"], "--remove"))
    said(run("alert-rule", "dear-agent", "--tell", ""))
    hook.close()
    assert sentence(run("alert-channel-test", made["id"])).endswith("It could not be reached: Connection refused.")
    assert "s3cr3t" not in said(run("alert-channels"))
    assert json.loads(said(run("alert-deliveries", "--json"))) == []
    said(run("alert-channel", made["id"], "--remove"))
