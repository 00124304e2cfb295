"""The files that one agent touched."""

from __future__ import annotations

import streamlit as st

from data.domain.agents import Agent
from pages.ui import cards, history, session, tables


def draw(agent: Agent) -> None:
    with session.read() as board:
        found = history.files(history.of_agent(board, agent.id))
    if not found:
        cards.empty("No file", "This agent has neither read nor changed a file.")
        return
    frame, columns = tables.files(found, {agent.id: agent.name})
    st.dataframe(
        frame,
        column_config=columns,
        hide_index=True,
        height=tables.height(len(found)),
        alt="Files that the agent touched",
    )
