"""What one agent cost, reply by reply."""

from __future__ import annotations

import streamlit as st

from data.domain.agents import Agent
from pages.ui import cards, charts, session, tables


def draw(agent: Agent) -> None:
    with session.read() as board:
        found = board.messages(agent.id)
    if not found:
        cards.empty("No reply yet", "Each reply of the model is listed here with what it cost.")
        return
    charts.cost_by_message(found, agent.role)
    st.dataframe(
        tables.messages(found),
        hide_index=True,
        height=tables.height(len(found)),
        key="messages",
        alt="Replies of the model: time, cost, tokens by kind",
    )
