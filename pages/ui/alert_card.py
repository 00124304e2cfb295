"""One alert as a card: what, since when, why, and what a person can do about it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from data.domain import words
from data.domain.agents import Agent
from data.domain.alerts import Alert, AlertKind, AlertStatus
from data.domain.errors import AgentNotFound, TaskNotFound
from data.domain.tasks import Task
from orchestrator_adapter import commands_alerts
from pages.ui import cards, places, session, task_actions, tell
from pages.ui.look import plain

KINDS = {
    AlertKind.STUCK: ("stuck", ":material/hourglass_disabled:", "red"),
    AlertKind.LOOPING: ("looping", ":material/sync_problem:", "red"),
    AlertKind.BUDGET: ("budget", ":material/savings:", "orange"),
    AlertKind.SPEND: ("spending", ":material/payments:", "orange"),
    AlertKind.ANOMALY: ("unusual spending", ":material/trending_up:", "red"),
    AlertKind.CONTEXT: ("context window", ":material/data_usage:", "orange"),
    AlertKind.FAILURES: ("failures", ":material/report:", "red"),
    AlertKind.AGENT_COST: ("dear agent", ":material/payments:", "orange"),
    AlertKind.DRIFT: ("figures apart", ":material/balance:", "orange"),
}
"""The word, the icon and the colour of each kind."""


def draw(alert: Alert, *, links: bool = True) -> None:
    """`links`: say whose alert it is, where the page does not say so already."""
    agent, task = _whose(alert)
    word, icon, colour = KINDS[alert.kind]
    with st.container(border=True, key=f"alert-{alert.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(word, icon=icon, color=colour)  # type: ignore[arg-type]
            if alert.status is AlertStatus.SNOOZED and alert.until is not None:
                st.badge(f"waiting until {alert.until:%H:%M} UTC", icon=":material/snooze:", color="gray")
            if alert.status is AlertStatus.ACKNOWLEDGED:
                st.badge(f"taken on by {plain(alert.answered_by or '')}", icon=":material/person_check:", color="blue")
            if task is not None:
                cards.demo_note(task.runtime)
            ago = words.ago(alert.raised_at, session.deck().store.now())
            st.caption(f"{ago} ({alert.raised_at:%Y-%m-%d %H:%M:%S} UTC)", width="content")
        st.markdown(f"**{plain(alert.words)}**")
        cards.facts(alert.evidence)
        if links:
            _links(agent, task)
        _actions(alert, agent, task)
        judge(alert)


def _whose(alert: Alert) -> tuple[Agent | None, Task | None]:
    """What was deleted meanwhile is missing."""
    agent, task = None, None
    with session.read() as board:
        try:
            task = board.task(alert.task_id) if alert.task_id else None
            agent = board.agent(alert.agent_id) if alert.agent_id else None
        except (AgentNotFound, TaskNotFound):
            pass
    return agent, task


def _links(agent: Agent | None, task: Task | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if agent is not None:
            st.page_link(
                places.AGENT, label=plain(agent.name), icon=":material/smart_toy:", query_params={"id": agent.id}
            )
        if task is not None:
            title = plain(words.title(task.description, 70))
            st.page_link(places.TASK, label=title, icon=":material/list_alt:", query_params={"id": task.id})


def _actions(alert: Alert, agent: Agent | None, task: Task | None) -> None:
    with st.container(horizontal=True):
        if alert.status is not AlertStatus.ACKNOWLEDGED and st.button(
            "Take it on",
            key=f"take-{alert.id}",
            icon=":material/person_check:",
            help="It stands until it is settled, and asks for nobody else.",
        ):
            _done("take", alert, lambda: commands_alerts.acknowledge_alert(session.deck(), session.actor(), alert.id))
        if alert.kind is not AlertKind.BUDGET and st.button(
            "Wait", key=f"wait-{alert.id}", icon=":material/snooze:", help="Say nothing for the fleet's patience."
        ):
            _done("wait", alert, lambda: commands_alerts.snooze_alert(session.deck(), session.actor(), alert.id))
        if agent is not None and alert.kind is not AlertKind.BUDGET:
            tell.button(agent, alert.id)
        if (
            agent is not None
            and agent.live
            and task is not None
            and not task.ended
            and task.runtime in task_actions.OURS
            and st.button("Cancel the task…", key=f"cancel-{alert.id}", icon=":material/stop_circle:")
        ):
            task_actions.confirm_cancel(task)
        if st.button("Settled", key=f"settle-{alert.id}", icon=":material/task_alt:", help="Close this alert."):
            _done("settle", alert, lambda: commands_alerts.resolve_alert(session.deck(), session.actor(), alert.id))


def judge(alert: Alert) -> None:
    """Ask whether it was right, or say what was answered."""
    if alert.right is not None:
        said = "right" if alert.right else "wrong"
        st.caption(plain(f"{alert.judged_by} said that this alert was {said}."))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Was this right?", width="content")
        yes = st.button("Yes", key=f"right-{alert.id}", icon=":material/thumb_up:", type="tertiary")
        no = st.button("No", key=f"wrong-{alert.id}", icon=":material/thumb_down:", type="tertiary")
    if yes or no:
        who = (session.deck(), session.actor(), alert.id)
        _done("judge", alert, lambda: commands_alerts.judge_alert(*who, right=yes))


def _done(what: str, alert: Alert, do: Callable[[], Alert]) -> None:
    if session.done(f"{what}-{alert.id}-{alert.status}", do):
        st.rerun()
