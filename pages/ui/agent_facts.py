"""Who one agent is, what it spent and how full its context is; and the question before it is deleted."""

from __future__ import annotations

import streamlit as st

from data.domain import words
from data.domain.agents import Agent
from data.domain.context import nearly_full
from orchestrator_adapter import commands
from pages.ui import agent_ways, alert_card, cards, live, places, session, tables, tell
from pages.ui.look import plain


def draw(agent: Agent) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(places.TASK, label="Its task", icon=":material/arrow_upward:", query_params={"id": agent.task_id})
        tell.button(agent)
        if agent.error:
            why = ":material/my_location:"
            agent_ways.way("What brought it about", agent.id, "Logs", key="why", icon=why, whole=True)
        if not agent.live and st.button("Delete", icon=":material/delete:", key="delete"):
            confirm_delete(agent)
    with session.read() as board:
        standing = board.alerts_standing(agent.id)
    for alert in standing:
        alert_card.draw(alert, links=False)
    if agent.error:
        cards.because(agent.error, agent.status.value)
    if agent.retry_at:
        cards.facts({"Next try": f"{agent.retry_at:%H:%M:%S} UTC"})
    if nearly_full(agent.context_used, agent.context_window):
        st.warning(
            "The context window is nearly full: a long answer of a tool may not fit, "
            "and the conversation may soon be compacted.",
            icon=":material/warning:",
        )
    with st.expander("Who it is, and what it used", key="agent-facts"):
        left, right = st.columns(2, gap="large")
        with left:
            cards.facts(_who(agent))
        with right:
            context(agent)
            cards.facts(_spent(agent))


def _who(agent: Agent) -> dict[str, str | None]:
    return {
        "Role": agent.role.value,
        "Step": agent.step,
        "Model": agent.model,
        "Runtime": agent.runtime.value,
        "Session": agent.session_id,
        "Created": f"{agent.created_at:%Y-%m-%d %H:%M:%S} UTC",
        "Ended": f"{agent.ended_at:%Y-%m-%d %H:%M:%S} UTC" if agent.ended_at else None,
        "ID": agent.id,
    }


def _spent(agent: Agent) -> dict[str, str | None]:
    reported = None if agent.reported_nanousd is None else words.dollars(agent.reported_nanousd)
    transcript = None if agent.transcript_nanousd is None else words.dollars(agent.transcript_nanousd)
    return {
        "Cost": cards.money(agent.cost_nanousd, agent.unpriced_messages, agent.simulated),
        "SDK total": reported,
        "Drift": tables.drift(agent.cost_nanousd, agent.reported_nanousd) if reported else None,
        "Transcript": transcript,
        "Transcript drift": tables.drift(agent.cost_nanousd, agent.transcript_nanousd) if transcript else None,
        "Tool calls": str(agent.tool_calls),
    } | tables.tokens_by_kind(agent.tokens)


def context(agent: Agent) -> None:
    """How full its context window is."""
    if not agent.context_window:
        return
    share = agent.context_used / agent.context_window
    used = f"{words.tokens(agent.context_used)} of {words.tokens(agent.context_window)} tokens"
    full = nearly_full(agent.context_used, agent.context_window)
    warn = " :orange[:material/warning: nearly full]" if full else ""
    st.progress(min(share, 1.0), text=f"Context window: {round(100 * share)} %, {used}{warn}")


@session.dialog("Delete this agent?", ":material/delete:")
def confirm_delete(agent: Agent) -> None:
    st.markdown(f"**{plain(agent.name)}** goes off every list. What it spent stays counted; its task stays.")
    with st.container(horizontal=True):
        if st.button("Delete", type="primary", key="delete-sure"):
            with session.refusals():
                commands.delete_agent(session.deck(), session.actor(), agent.id)
                session.forget_dialog()
                live.go(f"task?id={agent.task_id}")
        if st.button("Keep it", key="delete-not"):
            session.close_dialog()
