"""What one agent cost and how full its context window was, reply by reply."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from data.domain import context
from data.domain.agents import Agent
from data.store.board import Message
from pages.ui import cards, charts, otherwise, session, tables


def draw(agent: Agent) -> None:
    with session.read() as board:
        found, compactions = board.messages(agent.id), board.conversation_compactions(agent.id)
    if not found:
        cards.empty("No reply yet", "Each reply of the model is listed here with what it cost.")
        return
    charts.cost_by_message(found, agent.role)
    mine = [one for one in found if not one.subagent and not context.compacting(one.message_id)]
    own = [(one.at, one.tokens.prompt, one.tokens.output) for one in mine]
    if own and agent.context_window:
        filled = context.history(own, compactions)
        charts.context(filled, agent.context_window)
        box = st.expander("The context window in numbers", key="context-numbers", on_change="rerun")
        if box.open:
            with box:
                window_table(filled, agent.context_window)
    replies_table(found)
    otherwise.agent(agent)


def replies_table(found: Sequence[Message]) -> None:
    st.dataframe(
        tables.messages(found),
        hide_index=True,
        height=tables.height(len(found)),
        key="messages",
        alt="Replies of the model: time, cost, tokens by kind",
    )


def window_table(filled: Sequence[context.Filled], window: int) -> None:
    frame = pd.DataFrame(
        {
            "Reply": [one.number for one in filled],
            "When": [f"{one.at:%Y-%m-%d %H:%M:%S}" for one in filled],
            "Tokens read": [one.prompt for one in filled],
            "In the window": [one.used for one in filled],
            "Full": [f"{round(100 * one.used / window)} %" for one in filled],
            "Compacted": ["just before" if one.compacted else "" for one in filled],
        }
    )
    st.dataframe(
        frame,
        hide_index=True,
        height=tables.height(len(filled)),
        key="context-table",
        alt="The context window after each reply",
    )
