"""The Reports page: schedules made in a dialog, paused, sent now, removed, and their log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from data.domain.channels import Address, ChannelKind
from data.domain.deliveries import About, DeliveryStatus
from data.domain.exports import Format
from data.domain.schedules import Frequency, Schedule
from data.store.delivering import DeliveryFilter
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.commands_channels import set_channel
from orchestrator_adapter.deck import Deck
from tests.pages.opening import opened, serving
from tests.pages.test_history_page import text
from tests.receivers import MailServer

PAGE = "pages/measure/reports.py"


@pytest.fixture
def deck(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Deck]:
    with serving(monkeypatch, tmp_path / "home") as served:
        yield served


def press(at: AppTest, key: str) -> AppTest:
    at.button(key=key).click().run()
    assert not at.exception, at.exception[0].message
    return at


def only(deck: Deck) -> Schedule:
    with deck.store.read() as board:
        (found,) = board.report_schedules()
    return found


def test_a_schedule_is_made_paused_sent_and_removed(deck: Deck, eventually: Callable[..., None]) -> None:
    at = press(opened(PAGE, format="CSV"), "new-schedule")
    assert "There is no channel yet" in text(at)
    press(at, "schedule-not")
    post = MailServer()
    boss = set_channel(deck, LOCAL, "Boss", kind=ChannelKind.EMAIL, address=Address(post.address())).id
    at = press(opened(PAGE, format="CSV", tz="Asia/Tokyo", cost_role="builder"), "new-schedule")
    at.selectbox(key="schedule-new-frequency").set_value(Frequency.MONTHLY).run()
    at.number_input(key="schedule-new-day").set_value(31).run()
    at.multiselect(key="schedule-new-channels").set_value([boss]).run()
    press(at, "schedule-save")
    assert "name must have 1 to 120 characters" in at.error[0].value
    at.text_input(key="schedule-new-name").set_value("Month").run()
    press(at, "schedule-save")
    made = only(deck)
    plan = made.plan
    assert (plan.name, plan.formats, plan.tz, plan.role) == ("Month", (Format.CSV,), "Asia/Tokyo", "builder")
    assert (plan.frequency, plan.day, plan.channels) == (Frequency.MONTHLY, 31, (boss,))
    at = opened(PAGE)
    assert "Sent next on" in text(at)
    assert "on the last day of every month at 08:00 (Asia/Tokyo), through Boss." in text(at).replace("\\", "")
    at.toggle(key=f"on-{made.id}-1").set_value(False).run()
    assert only(deck).enabled is False
    at = opened(PAGE)
    assert "Paused." in text(at)
    press(at, f"send-{made.id}")
    eventually(lambda: post.got)

    def sent() -> bool:
        with deck.store.read() as board:
            return [one.status for one in board.deliveries(DeliveryFilter(About.REPORT), 9)] == [DeliveryStatus.SENT]

    eventually(sent)
    log = next(one.value for one in opened(PAGE).dataframe if "The other side" in one.value.columns)
    assert list(log.loc[0, ["Report", "Channel", "State"]]) == ["Month", "Boss", "✓ sent"]
    at = press(opened(PAGE), f"edit-schedule-{made.id}")
    at.selectbox(key=f"schedule-{made.id}-hour").set_value(20).run()
    press(at, "schedule-save")
    assert (only(deck).plan.hour, only(deck).enabled) == (20, False)
    press(press(opened(PAGE), f"remove-schedule-{made.id}"), "remove-schedule-sure")
    with deck.store.read() as board:
        assert board.report_schedules() == []
    post.close()
