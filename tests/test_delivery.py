"""From an alert to somebody who does not look: real receivers, refusals, floods, and processes that die in between."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data.domain import events as e
from data.domain.agents import Role, Runtime
from data.domain.alert_rules import AlertRule, Metric
from data.domain.alerts import AlertStatus
from data.domain.channels import Address, ChannelKind
from data.domain.deliveries import MOST_TRIES, Delivery, DeliveryStatus
from data.domain.tasks import Complexity, TaskType
from data.store import Store
from data.store.delivering import DeliveryFilter
from orchestrator_adapter import settings
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.commands_channels import remove_channel, set_channel
from orchestrator_adapter.commands_rules import set_alert_rule
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.delivery.deliverer import Deliverer
from orchestrator_adapter.terminal import at_rest
from tests.receivers import Hook, MailServer

ROOT = Path(__file__).parents[1]
START = datetime(2026, 3, 2, 12, tzinfo=UTC)
SENT, FAILED, GIVEN_UP = DeliveryStatus.SENT, DeliveryStatus.FAILED, DeliveryStatus.GIVEN_UP


@dataclass
class Scene:
    """A store whose clock is moved by hand, and a deliverer that works when it is told to."""

    deck: Deck
    clock: list[datetime]
    rules: int = 0
    raised: int = 0
    channels: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = self.deck.store
        self.deliverer = Deliverer(self.store, "http://127.0.0.1:8501")

    def channel(self, address: str, kind: ChannelKind = ChannelKind.WEBHOOK, name: str = "") -> str:
        made = set_channel(self.deck, LOCAL, name or f"c{len(self.channels)}", kind=kind, address=Address(address))
        self.channels.append(made.id)
        return made.id

    def rule(self, *channels: str, metric: Metric = Metric.SPEND, simulated: bool = False) -> str:
        self.rules += 1
        rule = AlertRule("", f"r{self.rules}", metric, 5.0, 3600 if metric is Metric.SPEND else 0)
        more = {"channels": channels, "simulated": simulated}
        made = AlertRule(
            **{name: getattr(rule, name) for name in ("id", "name", "metric", "threshold", "window_s")} | more
        )
        return set_alert_rule(self.deck, LOCAL, made).id

    def alert(self, rule_id: str = "", about: str = "spend", task_id: str = "", words: str = "Much was spent.") -> str:
        self.raised += 1
        alert_id = f"{about}-{self.raised}"
        given = {"about": about, "words": words, "evidence": {"Spent": "$7.00"}, "rule_id": rule_id}
        with self.store.write() as ledger:
            ledger.append(e.AlertRaised(task_id=task_id, alert_id=alert_id, **given))
        return alert_id

    def answer(self, alert_id: str, to: AlertStatus, by: str = "ana") -> None:
        with self.store.write() as ledger:
            ledger.append(e.AlertAnswered(task_id="", alert_id=alert_id, to=to, by=by))

    def task(self, task_id: str, runtime: Runtime) -> None:
        made = e.TaskSubmitted(
            task_id=task_id,
            description="Fix the sign bug",
            task_type=TaskType.BUG_FIX,
            complexity=Complexity.SIMPLE,
            analyst_included=False,
            analyst_reason="",
            workflow=(e.StepSpec(key="s", role=Role.BUILDER, scope="Build"),),
            working_directory="/src",
            runtime=runtime,
            by="ana",
        )
        with self.store.write() as ledger:
            ledger.append(made)

    def later(self, **passed: float) -> None:
        self.clock[0] += timedelta(**passed)

    def work(self) -> int:
        """Everything that is due; how many tries that took."""
        tries = 0
        while self.deliverer.once():
            tries += 1
        return tries

    def log(self) -> list[Delivery]:
        with self.store.read() as board:
            return board.deliveries(DeliveryFilter(), 1000)

    def everything(self) -> str:
        """All events and every row that could be shown."""
        with self.store.read() as board:
            told = [entry.event.model_dump_json() for entry in board.events(after=0, limit=1000)]
            return " ".join([*told, repr(board.channels()), repr(board.deliveries(DeliveryFilter(), 1000))])


@pytest.fixture
def scene(store_url: str, tmp_path: Path) -> Iterator[Scene]:
    yield from _scene(store_url, tmp_path)


@pytest.fixture
def small(lite: Store, tmp_path: Path) -> Iterator[Scene]:
    """For what does not depend on the database."""
    yield from _scene(lite.url.render_as_string(hide_password=False), tmp_path)


def _scene(url: str, home: Path) -> Iterator[Scene]:
    clock = [START]
    given = settings.read({"QUARTERDECK_HOME": str(home), "DATABASE_URL": url})
    store = Store.open(url, lambda: clock[0])
    yield Scene(at_rest(given, store), clock)
    store.close()


@pytest.fixture
def hook() -> Iterator[Hook]:
    opened = Hook()
    yield opened
    opened.close()


@pytest.fixture
def post() -> Iterator[MailServer]:
    opened = MailServer("pass w/rd")
    yield opened
    opened.close()


def test_an_alert_reaches_every_channel_of_its_rule_once(scene: Scene, hook: Hook, post: MailServer):
    web = scene.channel(hook.url)
    mail = scene.channel(post.address("deck:pass%20w%2Frd@", "ana@example.com,bo@example.com"), ChannelKind.EMAIL)
    other = scene.rule()
    alert_id = scene.alert(scene.rule(web, mail))
    scene.alert(other)
    assert scene.work() == 2
    assert scene.work() == 0
    (body,) = hook.got
    assert body["title"] == "Quarterdeck: Much was spent."
    assert "Spent: $7.00" in body["message"]
    assert "http://127.0.0.1:8501/alerts" in body["message"]
    assert (body["alerts"][0]["id"], body["simulated"]) == (alert_id, False)
    assert hook.paths == ["/hooks/s3cr3t-token?key=hidden-key"]
    assert sorted(letter["to"] for letter in post.got) == ["ana@example.com", "bo@example.com"]
    assert (post.got[0]["subject"], "deck@example.com" in post.got[0]["from"]) == ("Quarterdeck: Much was spent.", True)
    assert "Spent: $7.00" in post.got[0].get_content()
    assert [(one.status, one.tries, one.said) for one in scene.log()] == [(SENT, 1, "The other side took it.")] * 2


def test_no_secret_is_in_any_event_or_list_or_answer(scene: Scene, capfd: pytest.CaptureFixture[str]):
    refusing, letters = Hook(refuse=99), MailServer("right")
    web = scene.channel(refusing.url)
    mail = scene.channel(letters.address("deck:wr0ng-one@"), ChannelKind.EMAIL)
    dead = scene.channel("https://user:pa55word@127.0.0.1:9/t0ps3cret")
    scene.alert(scene.rule(web, mail, dead))
    scene.work()
    refusing.close()
    letters.close()
    printed = capfd.readouterr()
    assert "taken=False" in printed.out + printed.err
    seen = scene.everything() + printed.out + printed.err
    for secret in ("s3cr3t-token", "hidden-key", "wr0ng-one", "pa55word", "t0ps3cret"):
        assert secret not in seen
    said = {one.channel_id: one.said for one in scene.log()}
    assert said[web] == "It answered 503: come back later."
    assert said[mail] == "It answered 535: 5.7.8 wrong user or password."
    assert said[dead] == "It could not be reached: Connection refused."


def test_a_refusal_is_tried_again_later_and_later(scene: Scene):
    hook = Hook(refuse=2)
    scene.alert(scene.rule(scene.channel(hook.url)))
    scene.work()
    (one,) = scene.log()
    assert (one.status, one.tries, one.next_at) == (FAILED, 1, START + timedelta(seconds=30))
    scene.later(seconds=29)
    assert scene.work() == 0
    scene.later(seconds=31)
    scene.work()
    assert scene.log()[0].next_at == START + timedelta(seconds=60 + 120)
    scene.later(seconds=120)
    scene.work()
    assert [(one.status, one.tries, one.next_at) for one in scene.log()] == [(SENT, 3, None)]
    assert (hook.asked, len(hook.got)) == (3, 1)
    hook.close()


def test_after_the_last_try_it_is_given_up(small: Scene):
    hook = Hook(refuse=99)
    small.alert(small.rule(small.channel(hook.url)))
    for _ in range(MOST_TRIES + 3):
        small.work()
        small.later(hours=7)
    assert [(one.status, one.tries, one.next_at) for one in small.log()] == [(GIVEN_UP, MOST_TRIES, None)]
    assert hook.asked == MOST_TRIES
    hook.close()


@pytest.mark.parametrize("to", [AlertStatus.ACKNOWLEDGED, AlertStatus.SNOOZED, AlertStatus.RESOLVED])
def test_what_asks_for_nobody_any_more_is_not_sent(scene: Scene, to: AlertStatus):
    hook = Hook(refuse=1)
    alert_id = scene.alert(scene.rule(scene.channel(hook.url)))
    scene.work()
    scene.answer(alert_id, to)
    scene.later(minutes=5)
    scene.work()
    (one,) = scene.log()
    assert (one.status, one.said.startswith("Not sent:"), hook.asked) == (GIVEN_UP, True, 1)
    hook.close()


def test_a_flood_is_one_message_a_minute(scene: Scene, hook: Hook):
    rule = scene.rule(scene.channel(hook.url))
    scene.alert(rule)
    scene.work()
    for number in range(300):
        scene.alert(rule, words=f"Much was spent by number {number}.")
    scene.later(seconds=30)
    assert scene.work() == 0
    scene.later(seconds=30)
    assert scene.work() == 1
    scene.later(seconds=60)
    assert scene.work() == 1
    assert [len(body["alerts"]) for body in hook.got] == [1, 200, 100]
    assert hook.got[1]["title"] == "Quarterdeck: 200 alerts"
    assert "more alerts." in hook.got[1]["message"]
    assert max(len(body["message"]) for body in hook.got) <= 1800
    assert {one.status for one in scene.log()} == {SENT}


def test_what_the_watch_finds_goes_where_the_rules_for_it_say(small: Scene, hook: Hook):
    web = small.channel(hook.url)
    with small.store.read() as board:
        defaults = {rule.id: rule for rule in board.alert_rules()}
    for rule_id in ("stuck", "budget"):
        old = defaults[rule_id]
        fields = {name: getattr(old, name) for name in old.__dataclass_fields__} | {"channels": (web,)}
        set_alert_rule(small.deck, LOCAL, AlertRule(**fields))
    small.alert(about="stuck")
    small.alert(about="budget", words='Budget "Daily" reached 80 %: a warning only.')
    small.alert(about="context")
    small.work()
    assert [[alert["kind"] for alert in body["alerts"]] for body in hook.got] == [["budget", "stuck"]]


def test_a_demo_is_marked_as_one(small: Scene, hook: Hook):
    small.task("d1", Runtime.DEMO)
    small.task("r1", Runtime.CLAUDE)
    web = small.channel(hook.url)
    real, demo = small.rule(web), small.rule(web, simulated=True)
    small.alert(real, task_id="d1")
    small.work()
    small.alert(real, task_id="r1")
    small.alert(demo)
    small.later(minutes=1)
    small.work()
    assert hook.got[0]["title"] == "[DEMO] Quarterdeck: Much was spent."
    assert "This is about a demo: no real money, no real work." in hook.got[0]["message"]
    assert "Task: Fix the sign bug" in hook.got[0]["message"]
    assert hook.got[1]["title"] == "Quarterdeck: 2 alerts"
    assert [line.startswith("- [DEMO]") for line in hook.got[1]["message"].splitlines()[:2]] == [False, True]
    assert [alert["simulated"] for alert in hook.got[1]["alerts"]] == [False, True]


def test_two_processes_send_it_once(scene: Scene, hook: Hook):
    rule = scene.rule(scene.channel(hook.url))
    other = Store.open(scene.store.url.render_as_string(hide_password=False), lambda: scene.clock[0])
    deliverers = [scene.deliverer, Deliverer(other)]
    for turn in range(4):
        scene.alert(rule)
        assert [one.once() for one in deliverers[:: 1 if turn % 2 else -1]] == [True, False]
        scene.later(minutes=1)
    assert len(hook.got) == 4
    other.close()


DIES = """
import os, sys
from data.domain.deliveries import About
from data.store import Store
from orchestrator_adapter.delivery.deliverer import Deliverer
from orchestrator_adapter.delivery import outlet

class Dies(Deliverer):
    def _send(self, claim):
        if sys.argv[2] == "after":
            super()._send(claim)
        os._exit(9)

Dies(Store.open(sys.argv[1]), gap_s=0).once()
"""


@pytest.mark.parametrize(("when", "times"), [("before", 1), ("after", 2)])
def test_a_process_that_dies_in_a_try_loses_nothing(scene: Scene, hook: Hook, when: str, times: int):
    """Killed before it sent: sent once. Killed after the other side's yes, before it was written down: sent twice."""
    scene.clock[0] = datetime.now(UTC)
    scene.alert(scene.rule(scene.channel(hook.url)))
    url = scene.store.url.render_as_string(hide_password=False)
    done = subprocess.run([sys.executable, "-c", DIES, url, when], cwd=ROOT, capture_output=True, timeout=60)
    assert done.returncode == 9, done.stderr
    again = Deliverer(scene.store, gap_s=0)
    assert again.once() is False, "it is held for the process that may still send it"
    scene.later(minutes=5)
    assert again.once() is True
    assert again.once() is False
    assert [(one.status, one.tries) for one in scene.log()] == [(SENT, 2)]
    assert len(hook.got) == times


def test_the_background_sends_at_once_and_again(store_url: str, tmp_path: Path, eventually: Callable[..., None]):
    hook = Hook(refuse=1)
    store = Store.open(store_url)
    given = settings.read({"QUARTERDECK_HOME": str(tmp_path), "DATABASE_URL": store_url})
    scene = Scene(at_rest(given, store), [START])
    rule = scene.rule(scene.channel(hook.url))
    deliverer = Deliverer(store, gap_s=0.01)
    deliverer.start()
    scene.alert(rule)
    eventually(lambda: hook.asked == 1)
    eventually(lambda: scene.log()[0].status is FAILED)
    scene.alert(rule)
    eventually(lambda: len(hook.got) == 1)
    deliverer.stop()
    assert sorted(one.status for one in scene.log()) == [FAILED, SENT]
    store.close()
    hook.close()


def test_a_removed_channel_gets_nothing_and_its_secret_is_gone(scene: Scene):
    hook = Hook(refuse=99)
    web = scene.channel(hook.url)
    rule_id = scene.rule(web)
    scene.alert(rule_id)
    scene.work()
    with scene.store.write() as ledger:
        ledger.append(e.AlertRuleRemoved(task_id="", rule_id=rule_id, by="ana"))
    remove_channel(scene.deck, LOCAL, web)
    scene.later(hours=9)
    assert scene.work() == 0
    assert [(one.status, one.said) for one in scene.log()] == [(GIVEN_UP, "The channel was removed.")]
    with scene.store.reader.connect() as connection:
        assert connection.exec_driver_sql("select count(*) from channel_secrets").scalar() == 0
    hook.close()
