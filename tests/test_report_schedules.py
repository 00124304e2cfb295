"""From a schedule to somebody's mailbox: at its time, once for each time, whoever looks and whatever was missed."""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from data.domain import events as e
from data.domain.agents import Role, Runtime
from data.domain.channels import Address, ChannelKind
from data.domain.deliveries import About, Delivery, DeliveryStatus
from data.domain.errors import ChannelInUse, ScheduleInvalid, ScheduleNotFound, TooLate
from data.domain.exports import Format, What
from data.domain.money import Tokens
from data.domain.schedules import Frequency, Plan, Schedule, Span
from data.domain.tasks import Complexity, TaskType
from data.store import Store
from data.store.delivering import Claim, DeliveryFilter
from data.store.rows import ms
from orchestrator_adapter import report_clock, settings
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.commands_channels import remove_channel, set_channel
from orchestrator_adapter.commands_reports import (
    remove_report_schedule,
    send_report,
    set_report_schedule,
    switch_report_schedule,
)
from orchestrator_adapter.deck import Deck, build
from orchestrator_adapter.delivery.deliverer import Deliverer
from orchestrator_adapter.delivery.report_messages import Reporter
from orchestrator_adapter.terminal import at_rest
from tests.receivers import Hook, MailServer

START = datetime(2026, 3, 4, 12, tzinfo=UTC)
SENT, FAILED, GIVEN_UP = DeliveryStatus.SENT, DeliveryStatus.FAILED, DeliveryStatus.GIVEN_UP
HERE = "http://127.0.0.1:8501"


@dataclass
class Scene:
    """A store whose clock is moved by hand, and a deliverer that works when it is told to."""

    deck: Deck
    clock: list[datetime]

    def __post_init__(self) -> None:
        self.store = self.deck.store
        self.reporter = Reporter(self.store, self.deck.warehouse, HERE)
        self.deliverer = Deliverer(self.store, HERE, reports=self.reporter.message)

    def channel(self, address: str, kind: ChannelKind = ChannelKind.EMAIL, name: str = "Boss") -> str:
        return set_channel(self.deck, LOCAL, name, kind=kind, address=Address(address)).id

    def plan(self, *channels: str, **more: Any) -> Plan:
        given: dict[str, Any] = {"frequency": Frequency.DAILY, "tz": "Europe/Berlin", "span": Span.YESTERDAY}
        return Plan("Costs", channels, **(given | more))

    def schedule(self, *channels: str, **more: Any) -> Schedule:
        return set_report_schedule(self.deck, LOCAL, self.plan(*channels, **more))

    def now(self, schedule: Schedule) -> Schedule:
        with self.store.read() as board:
            return board.report_schedule(schedule.id)

    def spend(self, at: datetime, nanousd: int, *, runtime: Runtime = Runtime.CLAUDE) -> None:
        before, self.clock[0] = self.clock[0], at
        names = {"task_id": f"t-{ms(at)}", "agent_id": f"a-{ms(at)}"}
        with self.store.write() as ledger:
            ledger.append(
                e.TaskSubmitted(
                    task_id=names["task_id"],
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
            )
            made = {"step": "s", "role": Role.BUILDER, "name": "B", "model": "m", "runtime": runtime}
            ledger.append(e.AgentCreated(**names, **made))
            used = {"model": "m", "tokens": Tokens(input=10, output=5), "cost_nanousd": nanousd}
            ledger.append(e.MessageMetered(**names, message_id=f"m-{ms(at)}", **used))
        self.clock[0] = before

    def at(self, *parts: int) -> None:
        self.clock[0] = datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]

    def work(self) -> int:
        """What the clock does, then everything that is due; how many tries that took."""
        report_clock.look(self.store, self.clock[0])
        tries = 0
        while self.deliverer.once():
            tries += 1
        return tries

    def log(self) -> list[Delivery]:
        with self.store.read() as board:
            return board.deliveries(DeliveryFilter(About.REPORT), 1000)


def _scene(url: str, home: Path) -> Iterator[Scene]:
    clock = [START]
    given = settings.read({"QUARTERDECK_HOME": str(home), "DATABASE_URL": url})
    store = Store.open(url, lambda: clock[0])
    scene = Scene(at_rest(given, store), clock)
    yield scene
    scene.deck.warehouse.close()
    store.close()


@pytest.fixture
def scene(store_url: str, tmp_path: Path) -> Iterator[Scene]:
    yield from _scene(store_url, tmp_path)


@pytest.fixture
def small(lite: Store, tmp_path: Path) -> Iterator[Scene]:
    """For what does not depend on the database."""
    yield from _scene(lite.url.render_as_string(hide_password=False), tmp_path)


@pytest.fixture
def post() -> Iterator[MailServer]:
    opened = MailServer()
    yield opened
    opened.close()


def test_a_report_comes_by_mail_at_its_time_with_its_files(scene: Scene, post: MailServer):
    scene.spend(datetime(2026, 3, 4, 10, tzinfo=UTC), 1_234_567_891)
    scene.spend(datetime(2026, 3, 3, 10, tzinfo=UTC), 1_000_000_000)
    scene.spend(datetime(2026, 3, 4, 11, tzinfo=UTC), 7_000_000_000, runtime=Runtime.DEMO)
    schedule = scene.schedule(scene.channel(post.address()), formats=(Format.PDF, Format.CSV), what=What.TASKS)
    assert schedule.next_at == datetime(2026, 3, 5, 7, tzinfo=UTC)
    scene.at(2026, 3, 5, 6, 59)
    assert scene.work() == 0
    scene.at(2026, 3, 5, 7)
    assert scene.work() == 1
    assert scene.work() == 0
    (letter,) = post.got
    assert letter["subject"] == "Quarterdeck report: Costs"
    words = letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "2026-03-04 (Europe/Berlin)" in words
    assert "Spent: $1.23 (real money); in as long a time before: $1.00." in words
    assert "1 task, 1 reply, 15 tokens." in words
    asked = "window=custom&from=2026-03-04&to=2026-03-04&tz=Europe/Berlin&format=pdf"
    assert f"{HERE}/reports?{asked}" in words.replace("\n", "")
    files = {one.get_filename(): one.get_payload(decode=True) for one in letter.iter_attachments()}
    assert list(files) == ["quarterdeck-fleet-report-20260303-20260304.pdf", "quarterdeck-tasks-20260303-20260304.csv"]
    pdf, table = files.values()
    assert bytes(pdf).startswith(b"%PDF-")
    (row,) = csv.DictReader(io.StringIO(bytes(table).decode()))
    assert row["cost_nanousd"] == "1234567891"
    assert [(one.status, one.tries, one.at) for one in scene.log()] == [(SENT, 1, datetime(2026, 3, 5, 7, tzinfo=UTC))]
    found = scene.now(schedule)
    assert (found.last_at, found.next_at) == (
        datetime(2026, 3, 5, 7, tzinfo=UTC),
        datetime(2026, 3, 6, 7, tzinfo=UTC),
    )


def test_what_was_missed_is_sent_once_after_a_restart(scene: Scene, post: MailServer):
    schedule = scene.schedule(scene.channel(post.address()))
    scene.at(2026, 3, 5, 7)
    scene.work()
    scene.at(2026, 3, 9, 6)  # nobody looked since then
    again = Store.open(scene.store.url.render_as_string(hide_password=False), lambda: scene.clock[0])
    report_clock.look(again, again.now())
    report_clock.look(again, again.now())
    again.close()
    assert scene.work() == 1
    assert [one.at.day for one in scene.log()] == [8, 5]
    assert "2026-03-07 (Europe/Berlin)" in str(post.got[1])
    assert scene.now(schedule).next_at == datetime(2026, 3, 9, 7, tzinfo=UTC)


def test_two_processes_never_both_send(scene: Scene, post: MailServer):
    schedule = scene.schedule(scene.channel(post.address()))
    url = scene.store.url.render_as_string(hide_password=False)
    others = [Store.open(url, lambda: scene.clock[0]) for _ in range(2)]
    deliverers = [Deliverer(store, reports=scene.reporter.message, gap_s=0) for store in others]
    for day in range(5, 9):
        scene.at(2026, 3, day, 7)
        start = threading.Barrier(2)

        def look(store: Store, deliverer: Deliverer, start: threading.Barrier = start) -> None:
            start.wait(10)
            report_clock.look(store, scene.clock[0])
            while deliverer.once():
                pass

        pairs = zip(others, deliverers, strict=True)
        threads = [threading.Thread(target=look, args=pair) for pair in pairs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert [(one.at.day, one.status, one.tries) for one in scene.log()] == [(day, SENT, 1) for day in (8, 7, 6, 5)]
    assert len(post.got) == 4
    with pytest.raises(TooLate), scene.store.write() as ledger:
        due = ms(datetime(2026, 3, 8, 7, tzinfo=UTC))
        ledger.append(e.ReportDue(task_id="", schedule_id=schedule.id, due_ms=due, by="clock"))
    for store in others:
        store.close()


def test_a_refusal_is_tried_again_with_the_same_days(small: Scene):
    hook = Hook(refuse=1)
    small.schedule(small.channel(hook.url, ChannelKind.WEBHOOK), formats=(Format.JSON,))
    small.at(2026, 3, 5, 7)
    assert small.work() == 1
    (one,) = small.log()
    assert (one.status, one.said) == (FAILED, "It answered 503: come back later.")
    small.at(2026, 3, 6, 2)
    assert small.work() == 1
    (got,) = hook.got
    assert got["report"]["to"] == "2026-03-04T23:00:00+00:00"
    assert got["report"]["files"] == [one["filename"] for one in got["attachments"]]
    assert [(one.status, one.tries) for one in small.log()] == [(SENT, 2)]
    hook.close()


def test_sent_now_is_no_time_of_its_own_and_works_while_paused(small: Scene, post: MailServer):
    schedule = small.schedule(small.channel(post.address()))
    paused = switch_report_schedule(small.deck, LOCAL, schedule.id, on=False)
    assert (paused.enabled, paused.next_at) == (False, None)
    assert send_report(small.deck, LOCAL, schedule.id).next_at is None
    assert small.work() == 1
    assert "2026-03-03 (Europe/Berlin)" in str(post.got[0])
    small.at(2026, 3, 9, 12)
    assert small.work() == 0
    on = switch_report_schedule(small.deck, LOCAL, schedule.id, on=True)
    assert on.next_at == datetime(2026, 3, 10, 7, tzinfo=UTC)
    assert send_report(small.deck, LOCAL, schedule.id).next_at == on.next_at
    with pytest.raises(TooLate):
        send_report(small.deck, LOCAL, schedule.id)  # the same moment


def test_a_change_loses_no_report_and_a_new_hour_holds_from_now(small: Scene, post: MailServer):
    schedule = small.schedule(small.channel(post.address()))
    small.at(2026, 3, 5, 7, 0, 1)  # due, and not looked at yet
    more = {"schedule_id": schedule.id, "version": 1}
    renamed = set_report_schedule(small.deck, LOCAL, replace(schedule.plan, name="Renamed"), **more)
    assert (renamed.version, renamed.next_at) == (2, schedule.next_at)
    with pytest.raises(TooLate):
        set_report_schedule(small.deck, LOCAL, replace(schedule.plan, name="Again"), **more)
    assert small.work() == 1
    assert post.got[0]["subject"] == "Quarterdeck report: Renamed"
    later = set_report_schedule(small.deck, LOCAL, replace(renamed.plan, hour=20), schedule_id=schedule.id)
    assert later.next_at == datetime(2026, 3, 5, 19, tzinfo=UTC)
    same = set_report_schedule(small.deck, LOCAL, later.plan, schedule_id=schedule.id)
    assert same == later


def test_a_removed_schedule_sends_nothing_more_and_its_log_stays(scene: Scene):
    hook = Hook(refuse=9)
    channel = scene.channel(hook.url, ChannelKind.WEBHOOK)
    schedule = scene.schedule(channel)
    scene.at(2026, 3, 5, 7)
    scene.work()
    with pytest.raises(ChannelInUse, match="Costs"):
        remove_channel(scene.deck, LOCAL, channel)
    remove_report_schedule(scene.deck, LOCAL, schedule.id)
    scene.at(2026, 3, 6, 7)
    assert scene.work() == 0
    assert [(one.status, one.said) for one in scene.log()] == [(GIVEN_UP, "The schedule was removed.")]
    with pytest.raises(ScheduleNotFound):
        remove_report_schedule(scene.deck, LOCAL, schedule.id)
    with pytest.raises(ScheduleNotFound):
        send_report(scene.deck, LOCAL, schedule.id)
    remove_channel(scene.deck, LOCAL, channel)
    hook.close()


def test_where_no_file_can_go_there_are_words_and_a_link_and_a_demo_is_marked(small: Scene, post: MailServer):
    small.spend(datetime(2026, 3, 4, 11, tzinfo=UTC), 7_000_000_000, runtime=Runtime.DEMO)
    more = {"simulated": True, "formats": (Format.CSV,), "role": Role.BUILDER}
    schedule = small.schedule(small.channel(post.address()), **more)
    claim = Claim("c", About.REPORT, ms(datetime(2026, 3, 5, 7, tzinfo=UTC)), (schedule.id,))
    told = small.reporter.message(claim, ChannelKind.SLACK)
    assert told.title == "[DEMO] Quarterdeck report: Costs"
    assert not told.attachments
    assert "Slack takes no files" in told.body
    assert "Only of builder." in told.body
    assert "Spent: $7.00 (demo money, nothing real)" in told.body
    assert told.body.endswith("&tz=Europe/Berlin&format=csv&what=costs&money=simulated")
    assert len(small.reporter.message(claim, ChannelKind.DISCORD).attachments) == 1


@pytest.mark.parametrize(("field", "more"), [("channels", {"channels": ("nobody",)}), ("name", {"name": "COSTS"})])
def test_what_does_not_fit_what_is_there_is_refused(small: Scene, post: MailServer, field: str, more: dict[str, Any]):
    schedule = small.schedule(small.channel(post.address()))
    with pytest.raises(ScheduleInvalid) as refused:
        set_report_schedule(small.deck, LOCAL, replace(schedule.plan, **{"name": "Other"} | more))
    assert refused.value.details["field"] == field


def test_a_server_sends_what_is_due_by_itself(tmp_path: Path, post: MailServer, eventually: Callable[..., None]):
    given = settings.read({"QUARTERDECK_HOME": str(tmp_path), "QUARTERDECK_RUNTIME": "scripted"})
    deck = build(given)
    try:
        channel = set_channel(deck, LOCAL, "Boss", kind=ChannelKind.EMAIL, address=Address(post.address())).id
        plan = Plan("Costs", (channel,), frequency=Frequency.DAILY)
        with deck.store.write() as ledger:  # made two days ago: its time was missed
            made = {"schedule_id": "s1", "plan": plan, "enabled": True, "version": 1, "by": "ana"}
            ledger.append(e.ReportScheduleSet(task_id="", **made), deck.store.now() - timedelta(days=2))
        eventually(lambda: len(post.got) == 1, 40)
        send_report(deck, LOCAL, "s1")
        with deck.store.read() as board:
            assert board.report_schedule("s1").next_at > deck.store.now()  # type: ignore[operator]
    finally:
        deck.close()
