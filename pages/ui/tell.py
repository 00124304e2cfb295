"""The button and the dialog by which a person interrupts an agent with a message."""

from __future__ import annotations

import streamlit as st

from data.domain.agents import Agent
from orchestrator_adapter import commands_tell
from pages.ui import session
from pages.ui.look import plain
from pages.ui.task_actions import OURS


def button(agent: Agent, place: str | None = None) -> None:
    """For an agent that is live and ours; nothing for others, which would not hear it.

    `place`: a name for the button where a page has several for one agent.
    """
    if not agent.live or agent.runtime not in OURS:
        return
    if st.button("Interrupt with a message…", icon=":material/campaign:", key=f"tell-{place or agent.id}"):
        ask_words(agent)


@session.dialog("Interrupt with a message", ":material/campaign:")
def ask_words(agent: Agent) -> None:
    st.markdown(
        f"The turn of **{plain(agent.name)}** is interrupted; what it has done stays; it goes on with your message."
    )
    text = st.text_area(
        "Message",
        key=f"tell-text-{agent.id}",
        height=140,
        max_chars=commands_tell.MOST,
        placeholder="Try the other file first.",
    )
    st.caption("A command that it is running ends, and a question that it has asked is taken back.")

    def tell() -> Agent:
        return commands_tell.tell_agent(session.deck(), session.actor(), agent.id, text or "")

    with st.container(horizontal=True):
        sent = st.button("Interrupt and send", type="primary", key="tell-sure")
        if sent and session.done(f"tell-{agent.id}-{text}", tell):
            session.close_dialog()
        if st.button("Let it work", key="tell-not"):
            session.close_dialog()
