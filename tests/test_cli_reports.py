"""Schedules of reports at a terminal: made, changed, paused, sent now, removed, refused in a sentence."""

from __future__ import annotations

import io
import json
import sys

import pytest

from tests.terminal import Run, home, run, said, sentence

__all__ = ["home", "run"]
ADDRESS = "smtp://mail.example.com?from=d@example.com&to=a@example.com"


def test_what_is_chosen_is_kept_and_the_rest_stays(run: Run):
    assert json.loads(said(run("report-preferences", "--json"))) == {"format": None, "what": None, "window": None}
    assert "csv" in said(run("report-preferences", "--format", "csv"))
    chosen = {"format": "csv", "what": "tasks", "window": "30d"}
    assert json.loads(said(run("report-preferences", "--of", "tasks", "--json"))) == chosen
    assert json.loads(said(run("report-preferences", "--json"))) == chosen


def test_a_schedule_is_made_changed_sent_and_removed(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{ADDRESS}\n"))
    boss = json.loads(said(run("alert-channel", "--name", "Boss", "--kind", "email", "--json")))["id"]
    new = ("report-schedule", "--name", "Month", "--tell", boss, "--format", "pdf", "--format", "csv", "--of", "tools")
    when = ("--window", "last_month", "--every", "monthly", "--day", "31", "--hour", "9", "--tz", "Europe/Berlin")
    made = json.loads(said(run(*new, *when, "--type", "bug_fix", "--analyst", "without", "--json")))
    assert made["says"] == (
        "PDF and CSV of tools over the month before, only of bug_fix, tasks without ANALYST, on the last day of every "
        "month at 09:00 (Europe/Berlin)"
    )
    assert said(run("report-schedule", made["id"], "--type", "all", "--analyst", "all", "--off")).endswith(
        "on the last day of every month at 09:00 (Europe/Berlin). Next: paused."
    )
    assert "Boss" in said(run("report-schedules"))
    (listed,) = json.loads(said(run("report-schedules", "--json")))
    assert (listed["task_type"], listed["analyst"], listed["enabled"], listed["next_at"]) == (None, None, False, None)
    assert said(run("report-schedule-send", made["id"])) == (
        "Month is on its way to 1 channel. No server runs: it is sent as soon as one does."
    )
    (waits,) = json.loads(said(run("report-deliveries", "--schedule", made["id"], "--json")))
    assert (waits["about"], waits["status"], waits["channel"]) == ("report", "waiting", "Boss")
    assert "Month" in said(run("report-deliveries"))
    assert "Still told through this channel: Month." in sentence(run("alert-channel", boss, "--remove"))
    assert "hour must be from 0 to 23." in sentence(run("report-schedule", made["id"], "--hour", "24"))
    assert "analyst must be with, without or all." in sentence(run("report-schedule", "--analyst", "perhaps"))
    assert "ID must name the schedule" in sentence(run("report-schedule", "--remove"))
    assert said(run("report-schedule", made["id"], "--remove")) == f"Schedule {made['id']} is removed."
    assert "There is no schedule" in sentence(run("report-schedule-send", made["id"]))
