"""Rules of alerts on their page: which there are, switched by one click, changed in a dialog, tried over history."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pandas as pd
import streamlit as st

from data.domain import words
from data.domain.alert_rules import DEFAULT_IDS, AlertRule, Metric
from data.domain.firing import Point
from orchestrator_adapter import commands_rules, rule_history
from orchestrator_adapter.rule_history import Backtest
from orchestrator_adapter.rule_words import sentence
from pages.ui import rule_form, session, tables
from pages.ui.look import plain

SHOWN = 100


@session.live_panel("rules")
def panel() -> None:
    with session.read() as board:
        found = board.alert_rules()
        names = {channel.id: channel.name for channel in board.channels()}
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Rules")
        if st.button("New rule", icon=":material/add_alert:", key="new-rule"):
            ask_rule(None, uuid.uuid4().hex)
    st.caption("They are judged all the time, whether or not anybody looks at a page.")
    for rule in found:
        with st.container(border=True, key=f"rule-{rule.id}"):
            _row(rule, [names[one] for one in rule.channels if one in names])


def _row(rule: AlertRule, told: list[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        wanted = st.toggle(plain(rule.name), rule.enabled, key=f"on-{rule.id}-{rule.version}")
        if rule.simulated:
            st.badge("DEMO", icon=":material/science:", color="orange", help="Counts demo money only")
        if st.button("Edit", icon=":material/edit:", key=f"edit-rule-{rule.id}", type="tertiary"):
            ask_rule(rule, uuid.uuid4().hex)
        if rule.id not in DEFAULT_IDS and st.button(
            "Remove", icon=":material/delete:", key=f"remove-rule-{rule.id}", type="tertiary"
        ):
            confirm_remove(rule)
    through = f" Told in the app and through {', '.join(told)}." if told else ""
    st.caption(plain(f"Alerts when {sentence(rule)}.{through} {_changed(rule)}"))
    if wanted is not rule.enabled:
        switch = partial(commands_rules.switch_alert_rule, session.deck(), session.actor(), rule.id, on=wanted)
        if session.done(f"switch-{rule.id}-{rule.version}", switch):
            st.rerun("rules")


def _changed(rule: AlertRule) -> str:
    if rule.changed_at is None:
        return "Nobody has changed this."
    return f"Changed by {rule.changed_by}, {rule.changed_at:%Y-%m-%d %H:%M} UTC."


@session.dialog("Rule of alerts", ":material/add_alert:", "large")
def ask_rule(old: AlertRule | None, opened: str) -> None:
    """`opened` names this opening of the dialog, in which one rule is saved once."""
    rule = rule_form.fields(old)
    st.caption(plain(f"Alerts when {sentence(rule)}."))
    with st.container(horizontal=True):
        pressed = st.button("Save" if old else "Make the rule", type="primary", key="rule-save")
        tried = rule.metric is not Metric.STUCK and st.button(
            "Try it over the last 90 days", icon=":material/history:", key="rule-try"
        )
        if st.button("Leave it", key="rule-not"):
            session.close_dialog()
    if tried:
        with session.refusals():
            _tried(_try(rule), rule)
    if pressed and session.done(
        f"rule-{opened}", lambda: commands_rules.set_alert_rule(session.deck(), session.actor(), rule)
    ):
        session.close_dialog()


def _try(rule: AlertRule) -> Backtest:
    named = rule if rule.name else replace(rule, name="tried")
    deck = session.deck()
    return rule_history.backtest(deck.store, deck.warehouse, named)


def _tried(found: Backtest, rule: AlertRule) -> None:
    number = len(found.fired)
    times = "not once" if not number else "once" if number == 1 else f"{number} times"
    st.markdown(plain(f"Over the last {rule_history.DAYS} days it would have fired {times}. {found.says}"))
    if not number:
        return
    newest = list(reversed(found.fired))[:SHOWN]
    frame = pd.DataFrame(
        {
            "From": [f"{_at(point):%Y-%m-%d %H:%M}" for point in newest],
            "Why": [words.shortened(point.words, 160) for point in newest],
        }
    )
    told = f"The last {words.count(len(newest), 'time')} that the rule would have fired: when and why"
    columns = {"Why": st.column_config.TextColumn(width=560)}
    tables.read_only((frame, columns), key="rule-tried", alt=told)


def _at(point: Point) -> datetime:
    return datetime.fromtimestamp(point.bucket_ms / 1000, UTC)


@session.dialog("Remove this rule?", ":material/delete:")
def confirm_remove(rule: AlertRule) -> None:
    st.markdown(plain(f"{rule.name}: alerts when {sentence(rule)}.") + "\n\nIts open alerts are settled.")

    def remove() -> str:
        commands_rules.remove_alert_rule(session.deck(), session.actor(), rule.id)
        return rule.id

    with st.container(horizontal=True):
        if st.button("Remove it", type="primary", key="remove-rule-sure") and session.done(f"gone-{rule.id}", remove):
            session.close_dialog()
        if st.button("Keep it", key="remove-rule-not"):
            session.close_dialog()
