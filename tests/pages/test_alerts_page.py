"""Alerts on the pages: what is said, what can be done, how it is judged, and where else it is told."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from data.domain import events as e
from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.alert_rules import AlertRule, Metric
from data.domain.alerts import Alert, AlertStatus
from data.domain.tasks import TaskStatus
from orchestrator_adapter import commands_rules
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.deck import Deck
from tests.pages.opening import opened
from tests.pages.test_control import moved, told
from tests.receivers import Hook

PAGE = "pages/guard/alerts.py"
IDS = {"task_id": "t1", "agent_id": "a1"}
WORDS = "Did the same 5 times with the same answer: running: pytest -q."


@pytest.fixture
def agent(deck: Deck) -> str:
    """One agent at work that no engine runs."""
    told(deck, moved(TaskStatus.IN_PROGRESS))
    common = {**IDS, "step": "builder", "role": Role.BUILDER, "name": "Builder", "model": "m"}
    with deck.store.write() as ledger:
        ledger.append(e.AgentCreated(**common, runtime=Runtime.SCRIPTED))
        ledger.append(e.AgentMoved(**IDS, to=AgentStatus.ACTIVE))
    return "a1"


def raised(deck: Deck, agent_id: str = "a1", about: str = "looping") -> str:
    """An alert that the engine's clock knows nothing against: it begins with an event that is still to come."""
    with deck.store.write() as ledger:
        alert_id = f"{about}-{10**9}"
        more = {"words": WORDS, "evidence": {"Repeated": "5 times in a row"}}
        ledger.append(e.AlertRaised(task_id="t1", agent_id=agent_id, alert_id=alert_id, about=about, **more))
    return alert_id


def alert(deck: Deck, alert_id: str) -> Alert:
    with deck.store.read() as board:
        return board.alert(alert_id)


def press(at: AppTest, key: str) -> AppTest:
    at.button(key=key).click().run()
    assert not at.exception, at.exception[0].message
    return at


def text(at: AppTest) -> str:
    return " ".join([one.value for one in (*at.markdown, *at.caption)]).replace("\\", "")


def test_without_alerts_the_page_says_when_there_would_be_some(deck: Deck) -> None:
    assert "after 10:00 without progress" in text(opened(PAGE))
    assert "5 times with the same answer" in text(opened(PAGE))


def test_an_alert_is_waited_with_judged_and_settled(deck: Deck, agent: str) -> None:
    alert_id = raised(deck)
    at = opened(PAGE)
    assert "Did the same 5 times" in text(at)
    press(at, f"wait-{alert_id}")
    assert alert(deck, alert_id).status is AlertStatus.SNOOZED
    press(at, f"right-{alert_id}")
    assert (alert(deck, alert_id).right, alert(deck, alert_id).judged_by) == (True, "local")
    assert "1 of 1 judged alert was right." in text(at)
    press(at, f"settle-{alert_id}")
    assert alert(deck, alert_id).status is AlertStatus.RESOLVED
    frame = at.dataframe[0].value
    assert (frame["Was it right?"][0], frame["Settled by"][0], frame["Kind"][0]) == ("✓ right", "local", "looping")


def test_what_settled_itself_can_still_be_judged(deck: Deck, agent: str) -> None:
    alert_id = raised(deck)
    with deck.store.write() as ledger:
        ledger.append(e.AlertAnswered(task_id="t1", alert_id=alert_id, to=AlertStatus.RESOLVED, by="clock"))
    at = press(opened(PAGE), f"wrong-{alert_id}")
    assert alert(deck, alert_id).right is False
    assert "0 of 1 judged alert was right." in text(at)
    assert f"wrong-{alert_id}" not in {str(button.key) for button in at.button}


def test_its_task_can_be_cancelled_from_the_alert(deck: Deck, agent: str) -> None:
    alert_id = raised(deck)
    at = opened(PAGE)
    press(at, f"cancel-{alert_id}")
    press(at, "cancel-sure")
    with deck.store.read() as board:
        assert board.task("t1").status is TaskStatus.CANCELLED


def test_a_budget_alert_is_settled_not_waited_with(deck: Deck) -> None:
    told(deck)
    with deck.store.write() as ledger:
        ledger.append(
            e.AlertRaised(task_id="t1", alert_id="budget-1", about="budget", words='Budget "Daily" reached 80 %.')
        )
    keys = {str(button.key) for button in opened(PAGE).button}
    assert "settle-budget-1" in keys
    assert not keys & {"wait-budget-1", "cancel-budget-1"}


def test_every_page_counts_open_alerts_beside_approvals(deck: Deck, agent: str) -> None:
    raised(deck)
    at = opened("pages/watch/tasks.py")
    labels = [link.label for link in at.get("page_link")]
    assert any(label.startswith("**1 alert**: Did the same 5 times") for label in labels), labels
    assert any('href$="/alerts"' in one.value for one in at.get("html"))


def test_the_agents_page_says_it_first_with_the_same_buttons(deck: Deck, agent: str) -> None:
    alert_id = raised(deck)
    at = opened("pages/watch/agent.py", id="a1")
    assert "Did the same 5 times" in text(at)
    press(at, f"wrong-{alert_id}")
    assert alert(deck, alert_id).right is False


def test_a_deleted_agent_leaves_its_alert_readable(deck: Deck) -> None:
    told(deck)
    raised(deck, agent_id="gone")
    at = opened(PAGE)
    assert not at.exception
    assert "Did the same" in text(at)


def test_a_rule_is_switched_made_and_tried_on_the_page(deck: Deck) -> None:
    at = opened(PAGE)
    at.toggle(key="on-dear-agent-0").set_value(True).run()
    with deck.store.read() as board:
        assert (board.alert_rule("dear-agent").enabled, board.alert_rule("dear-agent").version) == (True, 1)
    at = press(press(opened(PAGE), "new-rule"), "rule-try")
    assert "Over the last 90 days it would have fired not once" in text(at)
    at.text_input(key="rule-new-spend-name").set_value("Hourly").run()
    press(at, "rule-save")
    with deck.store.read() as board:
        (own,) = [rule for rule in board.alert_rules() if rule.name == "Hourly"]
    assert (own.version, own.enabled, own.threshold, own.window_s) == (1, True, 10.0, 3600)


def test_a_form_that_is_only_looked_at_changes_nothing_of_its_rule(deck: Deck) -> None:
    """Lengths that the form does not offer by itself, given over HTTP or at a terminal."""
    made = AlertRule("", "Two hours", Metric.SPEND, 5.0, 7200, cooldown_s=7200)
    rule = commands_rules.set_alert_rule(deck, LOCAL, made)
    at = press(opened(PAGE), f"edit-rule-{rule.id}")
    at.text_input(key=f"rule-{rule.id}-spend-name").set_value("Renamed").run()
    press(at, "rule-save")
    with deck.store.read() as board:
        now = board.alert_rule(rule.id)
    assert (now.name, now.window_s, now.cooldown_s) == ("Renamed", 7200, 7200)


def test_who_takes_an_alert_on_is_said_and_it_asks_for_nobody_else(deck: Deck, agent: str) -> None:
    alert_id = raised(deck)
    at = press(opened(PAGE), f"take-{alert_id}")
    assert alert(deck, alert_id).status is AlertStatus.ACKNOWLEDGED
    assert not [button for button in at.button if button.key == f"take-{alert_id}"]


def test_a_channel_is_made_tried_chosen_by_a_rule_and_never_shows_its_secret(deck: Deck) -> None:
    hook = Hook()
    at = press(opened(PAGE), "new-channel")
    at.segmented_control(key="channel-new-kind").set_value("webhook").run()
    at.text_input(key="channel-new-name").set_value("Ops").run()
    at.text_input(key="channel-new-webhook-address").set_value(hook.url).run()
    press(at, "channel-save")
    with deck.store.read() as board:
        (made,) = board.channels()
    assert (made.name, made.shown.startswith("http://127.0.0.1:")) == ("Ops", True)
    at = press(opened(PAGE), f"try-channel-{made.id}")
    assert "A test message was sent to Ops. The other side took it." in at.success[0].value.replace("\\", "")
    hook.close()
    press(at, f"try-channel-{made.id}")
    assert "did not reach Ops. It could not be reached: Connection refused." in at.error[0].value.replace("\\", "")
    at = press(opened(PAGE), "edit-rule-dear-agent")
    at.multiselect(key="rule-dear-agent-agent_cost-channels").set_value([made.id]).run()
    press(at, "rule-save")
    with deck.store.read() as board:
        assert board.alert_rule("dear-agent").channels == (made.id,)
    at = opened(PAGE)
    assert "through Ops" in text(at)
    shown = text(at) + " ".join(str(one.value) for one in at.text_input)
    assert "s3cr3t-token" not in shown
    at = press(press(at, f"remove-channel-{made.id}"), "remove-channel-sure")
    assert "Still told through this channel: Dear agent." in at.error[0].value.replace("\\", "")


def test_an_email_channel_is_made_of_its_fields_and_a_wrong_one_is_refused(deck: Deck) -> None:
    at = press(opened(PAGE), "new-channel")
    at.text_input(key="channel-new-name").set_value("Mail").run()
    at.text_input(key="channel-new-email-to").set_value("ana@example.com, bo@example.com").run()
    at.text_input(key="channel-new-email-server").set_value("mail.example.com").run()
    press(at, "channel-save")
    assert "address must say with from=NAME@DOMAIN who sends." in at.error[0].value.replace("\\", "")
    at.text_input(key="channel-new-email-from").set_value("deck@example.com").run()
    at.text_input(key="channel-new-email-password").set_value("t0p s3cret").run()
    at.text_input(key="channel-new-email-user").set_value("deck").run()
    press(at, "channel-save")
    with deck.store.read() as board:
        (made,) = board.channels()
    assert made.shown == "ana@example.com, bo@example.com by mail.example.com:587"
