"""Alerts: what somebody should look at, by which rules it is found, who is told, and how often it was right."""

from __future__ import annotations

import streamlit as st

from data.domain import words
from data.domain.alerts import AlertStatus, Precision
from data.store.alerting import AlertFilter
from pages.ui import alert_card, cards, channels, decided, live, rules, session, tables
from pages.ui.look import plain

ROWS = 200
TO_JUDGE = 3
"""Settled alerts that are asked about; most settle themselves before anybody has looked."""


@session.live_panel("alerts")
def standing() -> None:
    with session.read() as board:
        found = board.alerts_standing()
        patience = board.settings().patience
    if not found:
        cards.empty(
            "No open alert",
            f"An agent counts as stuck after {words.duration(patience.silent_s)} without progress or "
            f"{words.tokens(patience.tokens)} tokens, and as looping when it does the same "
            f"{patience.repeats} times with the same answer. Budgets alert at their stages.",
            ":material/task_alt:",
        )
    for alert in sorted(found, key=lambda one: one.status is not AlertStatus.OPEN):
        alert_card.draw(alert)


@session.live_panel("settled")
def settled() -> None:
    with session.read() as board:
        found = board.alerts(AlertFilter(status=AlertStatus.RESOLVED), ROWS)
        precision = board.alert_precision()
    if not found and not precision:
        return
    st.subheader("Settled")
    if precision:
        st.caption(verdicts(list(precision.values())))
    if not found:
        return
    for alert in [one for one in found if one.right is None][:TO_JUDGE]:
        with st.container(key=f"to-judge-{alert.id}", horizontal=True, vertical_alignment="center"):
            st.markdown(plain(f"{alert.raised_at:%H:%M:%S} {alert.kind}: {words.shortened(alert.words, 100)}"))
            alert_card.judge(alert)
    told = f"The last {words.count(len(found), 'settled alert')}: when, what, why, how it ended, whether it was right"
    tables.read_only(decided.alerts(found), key="settled-alerts", alt=told)


def verdicts(found: list[Precision]) -> str:
    """`7 of 9 judged alerts were right.`"""
    right, judged = sum(one.right for one in found), sum(one.judged for one in found)
    return f"{right} of {words.count(judged, 'judged alert')} {'was' if judged == 1 else 'were'} right."


session.actor()
st.title("Alerts")
standing()
rules.panel()
channels.panel()
settled()
live.mount()
