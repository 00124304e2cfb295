"""The alarm for runs whose figures do not agree: told once, when the run is done, and until they agree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from data.domain import events as e
from data.domain.alert_rules import DEFAULTS, Metric
from data.domain.alerts import AlertStatus
from data.domain.money import NANO, Tokens
from data.domain.prices import book
from data.domain.tasks import TaskStatus
from data.store import Store
from tests.test_alert_rules import MODEL, Scene


@pytest.fixture
def small(lite: Store, tmp_path: Path) -> Iterator[Scene]:
    found = Scene(lite.url.render_as_string(hide_password=False), tmp_path)
    yield found
    found.close()


def test_a_run_whose_figures_are_apart_is_told_once_it_is_done_and_until_they_agree(small: Scene):
    names = {"task_id": "t1", "agent_id": "a-t1", "session_id": "s", "replies": 1}
    listed = (book().cost_nanousd(MODEL, Tokens(input=10), small.now) or 0) / NANO
    for rule in DEFAULTS:
        small.rule(replace(rule, enabled=rule.metric is Metric.DRIFT))
    small.task("t1")
    small.spend("t1", listed)
    small.say(e.TranscriptCounted(**names, cost_nanousd=round(2 * listed * NANO)))
    small.look()
    assert small.alerts() == [], "a run that is under way has not told all it will"
    small.say(e.TaskMoved(task_id="t1", to=TaskStatus.COMPLETED))
    small.look()
    (alert,) = small.alerts()
    assert (alert.rule_id, alert.kind, alert.task_id, alert.status) == ("drift", "drift", "t1", AlertStatus.OPEN)
    assert "100.0 % apart" in alert.words
    small.look(timedelta(hours=2))
    assert [one.status for one in small.alerts()] == [AlertStatus.OPEN], "it stays true, and is told once"
    small.say(e.TranscriptCounted(**names, cost_nanousd=round(listed * NANO)))
    small.look()
    assert [(one.status, one.note) for one in small.alerts()] == [(AlertStatus.RESOLVED, "The figures agree.")]
