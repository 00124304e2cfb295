"""Rules of alerts by the clock and over history: the same firings, each told once, and closed when it is over."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from data.domain import events as e
from data.domain.agents import Role, Runtime
from data.domain.alert_rules import DAY_S, HOUR_S, AlertRule, Metric, RuleScope
from data.domain.alerts import Alert, AlertStatus
from data.domain.budgets import DEFAULT_STAGES, Period, Scope
from data.domain.errors import AlertRuleInvalid
from data.domain.money import NANO, Tokens
from data.domain.tasks import Complexity, TaskStatus, TaskType
from data.store import Store
from data.store.alerting import AlertFilter
from data.warehouse import Warehouse
from orchestrator_adapter.alert_clock import AlertClock
from orchestrator_adapter.engine.watch import Guard
from orchestrator_adapter.kept import Kept
from orchestrator_adapter.rule_history import Failures, backtest

START = datetime(2026, 3, 2, tzinfo=UTC)
MODEL = "claude-haiku-5-5"


@dataclass
class Scene:
    """A store whose clock is moved by hand, and a clock of rules."""

    url: str
    folder: Path
    now: datetime = START
    replies: int = 0

    def __post_init__(self) -> None:
        self.store = Store.open(self.url, lambda: self.now)
        self.warehouse = self.another_warehouse("one")
        self.clock = AlertClock(self.store, self.warehouse)

    def another_warehouse(self, name: str) -> Warehouse:
        return Warehouse(self.store, self.folder / name, Kept())

    def close(self) -> None:
        self.warehouse.close()
        self.store.close()

    def say(self, *events: e.Event) -> None:
        with self.store.write() as ledger:
            for event in events:
                ledger.append(event)

    def task(self, task_id: str, runtime: Runtime = Runtime.CLAUDE, by: str = "ana") -> None:
        self.say(
            e.TaskSubmitted(
                task_id=task_id,
                description=task_id,
                task_type=TaskType.BUG_FIX,
                complexity=Complexity.SIMPLE,
                analyst_included=False,
                analyst_reason="",
                workflow=(e.StepSpec(key="s", role=Role.BUILDER, scope="Build"),),
                working_directory="/src",
                runtime=runtime,
                by=by,
            ),
            e.TaskMoved(task_id=task_id, to=TaskStatus.IN_PROGRESS),
            e.AgentCreated(
                task_id=task_id,
                agent_id=f"a-{task_id}",
                step="s",
                role=Role.BUILDER,
                name="Builder",
                model=MODEL,
                runtime=runtime,
            ),
        )

    def spend(self, task_id: str, usd: float, tokens: int = 10) -> None:
        self.replies += 1
        self.say(
            e.MessageMetered(
                task_id=task_id,
                agent_id=f"a-{task_id}",
                message_id=f"m{self.replies}",
                model=MODEL,
                tokens=Tokens(input=tokens),
                cost_nanousd=round(usd * NANO),
            )
        )

    def fail(self, task_id: str) -> None:
        self.say(e.TaskMoved(task_id=task_id, to=TaskStatus.FAILED))

    def rule(self, rule: AlertRule, version: int = 1) -> None:
        values = {name: getattr(rule, name) for name in ("name", "metric", "threshold", "window_s", "scope", "subject")}
        more = {name: getattr(rule, name) for name in ("cooldown_s", "least_usd", "simulated", "enabled")}
        self.say(e.AlertRuleSet(task_id="", rule_id=rule.id, version=version, by="me", **values, **more))

    def look(self, passed: timedelta = timedelta(0)) -> None:
        self.now += passed
        self.clock.look(self.now)

    def alerts(self, rule_id: str | None = None) -> list[Alert]:
        with self.store.read() as board:
            found = board.alerts(AlertFilter(), 1000)
        return [alert for alert in found if rule_id in (None, alert.rule_id)]

    def told(self, rule_id: str) -> set[tuple[str, int | None]]:
        return {(alert.subject, alert.bucket_ms) for alert in self.alerts(rule_id)}


@pytest.fixture
def scene(store_url: str, tmp_path: Path) -> Iterator[Scene]:
    found = Scene(store_url, tmp_path)
    yield found
    found.close()


@pytest.fixture
def small(lite: Store, tmp_path: Path) -> Iterator[Scene]:
    """For what does not depend on the database."""
    found = Scene(lite.url.render_as_string(hide_password=False), tmp_path)
    yield found
    found.close()


RULES = (
    AlertRule("spend", "Spend", Metric.SPEND, 2.5, HOUR_S, cooldown_s=2 * HOUR_S),
    AlertRule("ana", "Ana", Metric.SPEND, 6.0, 6 * HOUR_S, RuleScope.USER, "ana", cooldown_s=3 * HOUR_S),
    AlertRule("spike", "Spike", Metric.SPIKE, 2.0, HOUR_S, cooldown_s=HOUR_S, least_usd=1.0),
    AlertRule("anomaly", "Odd", Metric.ANOMALY, 3.5, HOUR_S, cooldown_s=HOUR_S, least_usd=1.0),
    AlertRule("budget", "Budget", Metric.BUDGET, 50.0),
    AlertRule("context", "Context", Metric.CONTEXT, 80.0, cooldown_s=HOUR_S),
    AlertRule("failures", "Failures", Metric.FAILURES, 3.0, DAY_S, cooldown_s=HOUR_S),
    AlertRule("dear-agent", "Dear", Metric.AGENT_COST, 45.0, cooldown_s=2 * HOUR_S),
)


def live(scene: Scene, seed: int) -> None:
    """Nine quiet days and a wild one, looked at in every quarter of an hour, and in between."""
    rng = Random(seed)
    for rule in RULES:
        scene.rule(rule)
    stages = tuple(e.BudgetStage(percent=stage.percent, act=stage.act) for stage in DEFAULT_STAGES)
    budget = {"budget_id": "b1", "name": "Daily", "scope": Scope.FLEET, "period": Period.DAY, "stages": stages}
    scene.say(e.BudgetSet(task_id="", limit_nanousd=20 * NANO, cheaper_model=MODEL, by="me", **budget))
    for number in range(6):
        scene.task(f"t{number}", by=("ana", "bob")[number % 2])
    scene.task("demo", Runtime.DEMO)
    for _hour in range(9 * 24):
        scene.now += timedelta(hours=1)
        if rng.random() < 0.6:
            scene.spend("t0", rng.choice((0.2, 0.3, 0.5)))
    for _quarter in range(40):
        for _ in range(rng.choice((0, 0, 0, 1, 2))):
            what = rng.random()
            if what < 0.35 and (open_tasks := [n for n in range(6) if n not in failed(scene)]):
                scene.fail(f"t{open_tasks[0]}")
            else:
                usd = rng.choice((0.1, 0.4, 1.5, 3.0))
                scene.spend(rng.choice(("t0", "t1", "t2", "demo")), usd, rng.choice((10, 10, 950_000)))
            scene.now += timedelta(seconds=rng.randrange(200))
        scene.look()
        scene.now += timedelta(minutes=rng.choice((7, 15)))
    scene.spend("t0", 9.0)
    scene.look()


def failed(scene: Scene) -> set[int]:
    with scene.store.read() as board:
        tasks = board.tasks(limit=50).items
    return {int(task.id[1:]) for task in tasks if task.status is TaskStatus.FAILED}


def test_the_clock_tells_exactly_what_a_backtest_finds_in_the_same_history(small: Scene):
    live(small, 5)
    told = {rule.id: small.told(rule.id) for rule in RULES}
    found = {rule.id: backtest(small.store, small.warehouse, rule) for rule in RULES}
    assert told == {key: {(p.subject, p.bucket_ms) for p in test.fired} for key, test in found.items()}
    assert [key for key, found in told.items() if not found] == [], "a rule that never fired proves nothing"
    money = [alert for alert in small.alerts() if alert.kind in ("spend", "anomaly", "agent_cost", "budget")]
    assert "a-demo" not in {alert.subject for alert in money}
    before = len(small.alerts())
    AlertClock(small.store, small.another_warehouse("two")).look(small.now)
    assert len(small.alerts()) == before, "a process that starts anew finds nothing new"


def test_simulated_money_fires_no_rule_for_real_money_and_the_other_way_round(small: Scene):
    real = AlertRule("r1", "Real", Metric.SPEND, 1.0, HOUR_S)
    small.rule(real)
    small.rule(replace(real, id="r2", simulated=True))
    small.task("t1", Runtime.DEMO)
    small.spend("t1", 5.0)
    small.look()
    assert [alert.rule_id for alert in small.alerts()] == ["r2"]
    assert "(simulated)" in small.alerts()[0].words
    small.task("t2")
    small.spend("t2", 50.0)
    small.look()
    assert sorted(alert.rule_id for alert in small.alerts()) == ["r1", "r2"]


def test_several_processes_at_the_same_moment_tell_once(scene: Scene):
    scene.rule(AlertRule("r1", "Spend", Metric.SPEND, 1.0, HOUR_S))
    scene.task("t1")
    stores = [Store.open(scene.url, lambda: scene.now) for _ in range(4)]
    houses = [Warehouse(store, scene.folder / f"w{number}", Kept()) for number, store in enumerate(stores)]
    clocks = [AlertClock(store, house) for store, house in zip(stores, houses, strict=True)]
    for _ in range(3):
        scene.now += timedelta(days=2)
        scene.spend("t1", 5.0)
        start = threading.Barrier(len(clocks))

        def look(clock: AlertClock, start: threading.Barrier = start) -> None:
            start.wait()
            clock.look(scene.now)

        threads = [threading.Thread(target=look, args=(clock,)) for clock in clocks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with scene.store.read() as board:
        assert len(board.fleet_events(("alert_raised",))) == 3
    for store, house in zip(stores, houses, strict=True):
        house.close()
        store.close()


def test_an_alert_is_over_with_its_condition_its_rule_or_its_agent(small: Scene):
    for rule in (
        AlertRule("r1", "Spend", Metric.SPEND, 1.0, HOUR_S),
        AlertRule("r2", "Gone", Metric.SPEND, 1.0, HOUR_S),
        AlertRule("dear-agent", "Dear", Metric.AGENT_COST, 1.0),
    ):
        small.rule(rule)
    small.task("t1")
    small.spend("t1", 5.0)
    small.look()
    assert len(small.alerts()) == 3
    small.say(e.AlertRuleRemoved(task_id="", rule_id="r2", by="me"))
    small.look(timedelta(minutes=30))
    states = {alert.rule_id: (alert.status, alert.note) for alert in small.alerts()}
    assert states["r2"] == (AlertStatus.RESOLVED, "The rule was removed.")
    assert states["r1"][0] is states["dear-agent"][0] is AlertStatus.OPEN
    small.look(timedelta(hours=1))
    states = {alert.rule_id: (alert.status, alert.note) for alert in small.alerts()}
    assert states["r1"] == (AlertStatus.RESOLVED, "It is over.")
    small.say(e.AgentMoved(task_id="t1", agent_id="a-t1", to="cancelled"))
    small.look()
    assert {alert.status for alert in small.alerts()} == {AlertStatus.RESOLVED}


def test_a_rule_that_is_switched_on_late_tells_the_present_and_not_the_past(small: Scene):
    small.task("t1")
    small.spend("t1", 5.0)
    small.look(timedelta(minutes=50))
    rule = AlertRule("dear-agent", "Dear", Metric.AGENT_COST, 1.0)
    small.rule(rule)
    small.look()
    assert small.alerts() == [], "the agent cost it before anybody wanted to know"
    small.spend("t1", 5.0)
    small.look()
    assert len(small.alerts()) == 1
    small.rule(replace(rule, enabled=False), 2)
    small.look()
    assert [alert.note for alert in small.alerts()] == ["The rule was switched off."]


def test_a_stage_of_a_budget_and_the_rule_for_the_same_share_are_one_alert(small: Scene):
    stages = (e.BudgetStage(percent=80, act="warn"),)
    budget = {"budget_id": "b1", "name": "Daily", "scope": Scope.FLEET, "period": Period.DAY, "stages": stages}
    small.say(e.BudgetSet(task_id="", limit_nanousd=10 * NANO, cheaper_model=MODEL, by="me", **budget))
    small.task("t1")
    small.spend("t1", 8.5)
    guard = Guard(small.store)
    guard.open()
    period = int(START.timestamp() * 1000)
    used = {"percent": 80, "act": "warn", "spent_nanousd": 1, "spent_tokens": 1, "period_ms": period}
    small.say(e.BudgetReached(task_id="t1", budget_id="b1", name="Daily", **used))
    guard.look(small.now)
    small.look()
    assert [alert.rule_id for alert in small.alerts()] == [""]
    small.now += timedelta(days=1)
    small.spend("t1", 8.5)
    small.look()
    later = {**used, "period_ms": period + 86_400_000}
    small.say(e.BudgetReached(task_id="t1", budget_id="b1", name="Daily", **later))
    guard.look(small.now)
    assert sorted(alert.rule_id for alert in small.alerts()) == ["", "budget"]
    guard.close()


def test_a_backtest_says_when_history_is_too_short_to_know_what_is_usual(small: Scene):
    rule = AlertRule("", "Odd", Metric.ANOMALY, 3.5, HOUR_S, least_usd=1.0)
    small.task("t1")
    assert "nothing is usual" in backtest(small.store, small.warehouse, rule).says
    small.spend("t1", 50.0)
    small.now += timedelta(days=3)
    small.spend("t1", 500.0)
    found = backtest(small.store, small.warehouse, rule)
    assert (found.fired, found.says) == (
        (),
        "History begins 2026-03-02; what is usual is known from 2026-03-09 on.",
    )


def daily(scene: Scene, limit_usd: float, period: Period = Period.TOTAL, act: str = "warn") -> None:
    stages = (e.BudgetStage(percent=80, act=act),)
    budget = {"budget_id": "b1", "name": "All", "scope": Scope.FLEET, "period": period, "stages": stages}
    limit = round(limit_usd * NANO)
    scene.say(e.BudgetSet(task_id="", limit_nanousd=limit, cheaper_model=MODEL, by="me", **budget))


def test_a_budget_that_is_raised_or_lowered_is_told_when_it_comes_to_the_share(small: Scene):
    """However long ago that was, and once each time."""
    small.task("t1")
    small.rule(AlertRule("budget", "Budget", Metric.BUDGET, 80.0))
    daily(small, 100)
    small.spend("t1", 85.0)
    small.look(timedelta(minutes=20))
    daily(small, 200)
    small.spend("t1", 60.0)
    small.look(timedelta(hours=30))
    assert len(small.alerts("budget")) == 1, "145 of 200 dollars"
    small.spend("t1", 20.0)
    small.look(timedelta(minutes=20))
    small.look(timedelta(hours=30))
    assert len(small.alerts("budget")) == 2


def test_a_budget_that_was_at_its_share_before_it_was_made_is_told(small: Scene):
    small.task("t1")
    small.rule(AlertRule("budget", "Budget", Metric.BUDGET, 80.0))
    small.spend("t1", 9.0)
    small.now += timedelta(days=3)
    daily(small, 10)
    small.look()
    small.look(timedelta(hours=5))
    assert [alert.subject for alert in small.alerts("budget")] == ["b1:0"]


def test_a_stage_that_pauses_a_task_and_the_rule_for_its_share_are_one_alert(small: Scene):
    small.task("t1")
    daily(small, 10, act="pause")
    small.spend("t1", 8.5)
    guard = Guard(small.store)
    guard.open()
    used = {"percent": 80, "act": "pause", "spent_nanousd": 1, "spent_tokens": 1, "period_ms": 0, "subject": "t1"}
    small.say(e.BudgetReached(task_id="t1", budget_id="b1", name="All", **used))
    guard.look(small.now)
    small.look()
    assert [alert.rule_id for alert in small.alerts()] == [""]
    guard.close()


def test_failures_are_read_forward_and_are_the_same_as_read_at_once(small: Scene):
    known = Failures()
    for number in range(6):
        small.task(f"t{number}")
        small.fail(f"t{number}")
        small.now += timedelta(hours=1)
        since = int((small.now - timedelta(hours=4)).timestamp() * 1000)
        with small.store.read() as board:
            found = known.since(board, since)
            assert found == Failures().since(board, since)
            assert known.since(board, since) == found
            earlier = int(START.timestamp() * 1000)
            assert len(Failures().since(board, earlier)) == number + 1
    with small.store.read() as board:
        assert len(known.since(board, earlier)) == 6, "a clock that was set back"


def test_a_rule_that_cannot_be_judged_silences_no_other(small: Scene):
    """Failures lie ahead of a clock that was set back, and a rule of somebody's own comes after that of failures."""
    small.task("t1")
    small.now += timedelta(hours=3)
    small.fail("t1")
    small.now -= timedelta(hours=3)
    small.rule(AlertRule("zz", "Dear", Metric.AGENT_COST, 1.0))
    small.spend("t1", 5.0)
    small.look()
    assert [alert.rule_id for alert in small.alerts()] == ["zz"]


@pytest.mark.parametrize(
    ("scope", "subject"), [(RuleScope.FOLDER, "srv/project"), (RuleScope.ROLE, "coder"), (RuleScope.TASK_TYPE, "x")]
)
def test_a_rule_that_could_not_be_kept_cannot_be_tried(small: Scene, scope: RuleScope, subject: str):
    with pytest.raises(AlertRuleInvalid) as refused:
        backtest(small.store, small.warehouse, AlertRule("", "Odd", Metric.SPEND, 3.5, HOUR_S, scope, subject))
    assert refused.value.details["field"] == "subject"
