"""The clock of the engine: alerts about agents and budgets, raised once, closed by itself, whoever else watches."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from data.domain import events as e
from data.domain.agents import AgentStatus
from data.domain.alerts import Alert, AlertKind, AlertStatus
from data.domain.fleet import Cleanup, Patience
from data.store import Store, settings, workers
from data.store.alerting import AlertFilter
from orchestrator_adapter.engine import names
from orchestrator_adapter.engine.watch import Guard, Rule, Watch
from tests.store.test_ledger import created, submitted

IDS = {"task_id": "t1", "agent_id": "a1"}


@dataclass
class Clock:
    """Wall and monotonic time, moved by hand."""

    wall: datetime = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
    mono: float = 1000.0

    def now(self) -> datetime:
        return self.wall

    def pass_(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.mono += seconds


class Scene:
    """One agent at work, and a guard that looks after it."""

    def __init__(self, url: str) -> None:
        self.clock = Clock()
        self.store = Store.open(url, self.clock.now)
        self.say(submitted("t1"), created("a1", "t1"), e.AgentMoved(**IDS, to=AgentStatus.ACTIVE))
        self.guard = self.another()
        self.calls = 0

    def another(self) -> Guard:
        guard = Guard(self.store, lambda: self.clock.mono)
        guard.open()
        return guard

    def say(self, *events: e.Event) -> None:
        with self.store.write() as ledger:
            for event in events:
                ledger.append(event)

    def call(self, command: str, answer: str = "same") -> None:
        self.calls += 1
        with self.store.write() as ledger:
            given, got = ledger.keep(command.encode()), ledger.keep(answer.encode())
            key = f"u{self.calls}"
            ledger.append(e.ToolCalled(**IDS, tool_use_id=key, tool="Bash", words=command, input_blob=given))
            ledger.append(e.ToolReturned(**IDS, tool_use_id=key, tool="Bash", is_error=True, output_blob=got))

    def wait(self, seconds: float) -> None:
        """Time passes, with a look every ten seconds."""
        while seconds > 0:
            self.clock.pass_(min(10, seconds))
            self.guard.look(self.clock.wall)
            seconds -= 10

    def alerts(self) -> list[Alert]:
        with self.store.read() as board:
            return board.alerts(AlertFilter())

    def only(self) -> Alert:
        (alert,) = self.alerts()
        return alert


@pytest.fixture
def scene(store_url: str):
    found = Scene(store_url)
    yield found
    found.guard.close()
    found.store.close()


def test_a_silent_agent_is_told_once_and_its_alert_ends_with_the_next_progress(scene: Scene) -> None:
    scene.wait(598)
    assert scene.alerts() == []
    scene.wait(2)
    scene.wait(60)
    alert = scene.only()
    assert (alert.kind, alert.status, alert.agent_id, alert.task_id) == (AlertKind.STUCK, AlertStatus.OPEN, "a1", "t1")
    assert "No progress for 10:00" in alert.words
    scene.call("ls")
    scene.wait(2)
    closed = scene.only()
    assert (closed.status, closed.answered_by) == (AlertStatus.RESOLVED, "clock")
    scene.wait(700)
    assert [a.status for a in scene.alerts()] == [AlertStatus.OPEN, AlertStatus.RESOLVED], "quiet anew, told anew"


def test_the_same_failing_command_is_a_circle_though_its_duration_differs(scene: Scene) -> None:
    for number in range(5):
        scene.call("pytest", f"1 failed in 0.{number}1s")
    scene.wait(2)
    alert = scene.only()
    assert (alert.kind, alert.evidence["Repeated"]) == (AlertKind.LOOPING, "5 times in a row")
    scene.call("pytest", "1 failed, 1 passed in 0.11s")
    scene.wait(2)
    assert scene.only().status is AlertStatus.RESOLVED


def test_the_end_of_an_agent_ends_its_alert(scene: Scene) -> None:
    scene.wait(602)
    scene.say(e.AgentMoved(**IDS, to=AgentStatus.CANCELLED))
    scene.wait(2)
    assert (scene.only().status, scene.only().note) == (AlertStatus.RESOLVED, "The agent has ended.")


def test_the_fleets_patience_holds_from_the_next_look(scene: Scene) -> None:
    scene.say(settings.event(Patience(silent_s=20), "me"))
    scene.wait(22)
    assert scene.only().kind is AlertKind.STUCK


def test_wait_means_quiet_until_then_and_open_again_if_nothing_changed(scene: Scene) -> None:
    scene.wait(602)
    until = scene.clock.wall + timedelta(seconds=60)
    answered = e.AlertAnswered(task_id="t1", alert_id=scene.only().id, to=AlertStatus.SNOOZED, until=until, by="me")
    scene.say(answered)
    scene.wait(58)
    assert scene.only().status is AlertStatus.SNOOZED
    scene.wait(4)
    assert scene.only().status is AlertStatus.OPEN


def test_what_a_person_resolved_is_not_raised_again_for_the_same_quiet(scene: Scene) -> None:
    scene.wait(602)
    scene.say(e.AlertAnswered(task_id="t1", alert_id=scene.only().id, to=AlertStatus.RESOLVED, by="me"))
    scene.wait(300)
    assert scene.only().status is AlertStatus.RESOLVED


def test_two_that_watch_raise_one_alert_and_neither_ends_it(scene: Scene) -> None:
    other = scene.another()
    for number in range(302):
        scene.clock.pass_(2)
        for guard in (scene.guard, other) if number % 2 else (other, scene.guard):
            guard.look(scene.clock.wall)
    assert scene.only().status is AlertStatus.OPEN
    with scene.store.read() as board:
        assert len(board.fleet_events(("alert_raised",))) == 1
    other.close()


def test_two_processes_at_the_same_moment_raise_one_alert(scene: Scene, store_url: str) -> None:
    """Each with a store of its own, all in the same instant."""
    scene.say(settings.event(Patience(silent_s=100), "ana"))
    guards = [Guard(Store.open(store_url, scene.clock.now), lambda: scene.clock.mono) for _ in range(4)]
    for guard in guards:
        guard.open()
    for _ in range(60):
        scene.clock.pass_(2)
        start = threading.Barrier(len(guards))

        def look(guard: Guard, start: threading.Barrier = start) -> None:
            start.wait()
            guard.look(scene.clock.wall)

        threads = [threading.Thread(target=look, args=(guard,)) for guard in guards]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with scene.store.read() as board:
        assert len(board.fleet_events(("alert_raised",))) == 1
    for guard in guards:
        guard.close()
        guard.store.close()


def test_one_that_starts_later_knows_the_quiet_of_those_that_others_run(scene: Scene) -> None:
    run_id = names.step_run("t1", "builder")
    agent_id = names.agent_id(run_id)
    ids = {"task_id": "t1", "agent_id": agent_id}
    scene.say(e.AgentMoved(**IDS, to=AgentStatus.COMPLETED))
    scene.say(created(agent_id, "t1"), e.AgentMoved(**ids, to=AgentStatus.ACTIVE))
    with scene.store.write() as ledger:
        workers.enlist(ledger.connection, "w2", "elsewhere", 1, pages=False, max_agents=2)
        ledger.begin_run(run_id, "t1", "builder", agent_id, "w2")
        ledger.append(e.SubagentMoved(**ids, subagent_id="s", to="started", words="ls"))
    scene.clock.pass_(700)
    scene.guard.close()
    scene.guard = scene.another()
    scene.wait(2)
    assert scene.only().evidence["Last progress"] == "2026-11-24 10:00:00 UTC, sub-agent started: ls"


def test_quiet_while_no_process_was_there_is_nobodys_fault(scene: Scene) -> None:
    scene.guard.close()
    scene.clock.pass_(9 * 3600)
    scene.guard = scene.another()
    scene.wait(590)
    assert scene.alerts() == []
    scene.wait(20)
    assert scene.only().kind is AlertKind.STUCK


def test_one_that_is_behind_does_not_end_what_it_does_not_know_yet(scene: Scene) -> None:
    raised = e.AlertRaised(task_id="t1", alert_id="stuck-999", about="stuck", agent_id="a2", words="w")
    scene.say(raised)
    scene.wait(4)
    assert scene.only().status is AlertStatus.OPEN


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_clock_that_is_set_alarms_nobody_and_hides_nothing(scene: Scene, hours: int) -> None:
    scene.wait(300)
    scene.clock.wall += timedelta(hours=hours)
    scene.wait(290)
    assert scene.alerts() == []
    scene.wait(20)
    assert "No progress for 10:0" in scene.only().words


def test_what_happened_just_before_the_clock_was_set_is_not_old(scene: Scene) -> None:
    scene.wait(300)
    scene.call("ls")
    scene.clock.wall += timedelta(hours=5)
    scene.wait(500)
    assert scene.alerts() == []


@pytest.mark.parametrize("monotonic_too", [True, False])
def test_a_machine_that_slept_does_not_alarm_every_agent_when_it_wakes(scene: Scene, monotonic_too: bool) -> None:
    scene.wait(100)
    if monotonic_too:
        scene.clock.pass_(3600 * 8)
    else:
        scene.clock.wall += timedelta(hours=8)
    scene.wait(400)
    assert scene.alerts() == []
    scene.wait(130)
    assert scene.only().kind is AlertKind.STUCK


def reached(percent: int, period_ms: int = 0, act: str = "warn") -> e.BudgetReached:
    more = {"budget_id": "b" * 32, "name": "Daily", "spent_nanousd": 1, "spent_tokens": 1}
    return e.BudgetReached(task_id="t1", percent=percent, act=act, period_ms=period_ms, **more)


def test_each_stage_of_a_budget_alerts_once_in_each_period_until_the_budget_is_changed(scene: Scene) -> None:
    stages = (e.BudgetStage(percent=80, act="warn"),)
    daily = {"budget_id": "b" * 32, "name": "Daily", "stages": stages, "by": "me", "cheaper_model": "m"}
    scene.say(e.BudgetSet(task_id="", scope="fleet", period="day", limit_nanousd=10, **daily))
    scene.say(reached(80), reached(80), reached(100, act="interrupt"), reached(80, 86_400_000))
    scene.wait(2)
    assert sorted(a.words for a in scene.alerts()) == [
        'Budget "Daily" reached 100 %: its agents are stopped.',
        'Budget "Daily" reached 80 %: a warning only.',
        'Budget "Daily" reached 80 %: a warning only.',
    ]
    scene.say(e.BudgetRemoved(task_id="", budget_id="b" * 32, by="me"))
    scene.wait(2)
    assert {a.status for a in scene.alerts()} == {AlertStatus.RESOLVED}


def test_every_task_that_a_budget_stops_is_told_and_a_raised_budget_tells_again(scene: Scene) -> None:
    stages = (e.BudgetStage(percent=100, act="pause"),)
    more = {"budget_id": "b" * 32, "name": "Ana", "stages": stages, "by": "me", "cheaper_model": "m"}
    ana = e.BudgetSet(task_id="", scope="user", subject="ana", period="total", limit_nanousd=10, **more)
    stop = reached(100, act="pause")
    both = [stop.model_copy(update={"subject": "t1"}), stop.model_copy(update={"subject": "t2"})]
    scene.say(ana, *both)
    scene.wait(2)
    assert len(scene.alerts()) == 2
    scene.say(ana.model_copy(update={"limit_nanousd": 20}), both[0])
    scene.wait(2)
    assert sorted(alert.status for alert in scene.alerts()) == ["open", "resolved", "resolved"]


def test_an_alert_of_a_budget_ends_with_its_period(scene: Scene) -> None:
    more = {"budget_id": "b" * 32, "name": "Daily", "by": "me", "cheaper_model": "m"}
    stages = (e.BudgetStage(percent=80, act="warn"),)
    scene.say(e.BudgetSet(task_id="", scope="fleet", period="day", limit_nanousd=10, stages=stages, **more))
    scene.say(reached(80))
    scene.wait(2)
    assert scene.only().status is AlertStatus.OPEN
    scene.say(e.AgentMoved(**IDS, to=AgentStatus.COMPLETED))
    scene.wait(2)
    scene.clock.pass_(24 * 3600)
    scene.wait(4)
    assert (scene.only().status, scene.only().note) == (AlertStatus.RESOLVED, "Its period is over.")


def test_a_stage_that_was_reached_before_the_start_is_told_after_it(scene: Scene) -> None:
    scene.guard.close()
    scene.say(reached(80))
    scene.guard = scene.another()
    scene.wait(2)
    assert scene.only().kind is AlertKind.BUDGET


def test_a_rule_that_fails_keeps_no_other_from_being_done(lite: Store, eventually: Callable[..., None]) -> None:
    done: list[str] = []

    def broken(_now: datetime) -> None:
        done.append("broken")
        raise ValueError("a rule of the tests")

    rules = [Rule("broken", 0, broken), Rule("hourly", 3600, lambda now: done.append("hourly"))]
    stop = Watch(lite, rules, tick_s=0.01).start()
    eventually(lambda: done.count("broken") >= 3)
    stop()
    assert done.count("hourly") == 1


def test_old_agents_leave_the_lists_by_themselves_if_people_want_that(
    scene: Scene, eventually: Callable[..., None]
) -> None:
    scene.say(
        e.AgentMoved(**IDS, to=AgentStatus.COMPLETED), settings.event(Cleanup(automatic=True, after_days=1), "me")
    )
    scene.clock.pass_(2 * 86_400)
    stop = Watch(scene.store, tick_s=0.01).start()

    def status() -> str:
        with scene.store.write() as ledger:
            return ledger.agent_status("a1")

    eventually(lambda: status() == "deleted")
    stop()
