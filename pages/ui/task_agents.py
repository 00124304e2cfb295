"""The agents of a task: who worked when, and what each used."""

from __future__ import annotations

import streamlit as st

from data.domain.agents import Agent
from data.domain.tasks import Task
from data.store import AgentFilter
from pages.ui import cards, charts, history, live, session, tables


def of(task_id: str) -> list[Agent]:
    """All agents of the task, in the order in which they were made."""
    with session.read() as board:
        return board.agents(AgentFilter(task_id=task_id), limit=200).items[::-1]


def draw(task: Task) -> None:
    found = of(task.id)
    if not found:
        cards.empty("No agent yet", "The first one appears when its step begins.")
        return
    now = session.deck().store.now()
    charts.timeline(found, now)
    frame, columns = tables.task_agents(found, now)
    picked = st.dataframe(
        frame,
        column_config=columns,
        hide_index=True,
        height=tables.height(len(found)),
        key="task-agents",
        on_select="rerun",
        selection_mode="single-row",
        alt="Agents of the task: duration, cost, the SDK's own total, drift, tokens by kind",
    )
    st.caption("Drift: how far our price of every reply is from the SDK's own running total.")
    if rows := picked.selection.rows:
        live.go(f"agent?id={found[rows[0]].id}")


def files(task: Task) -> None:
    names = {agent.id: agent.name for agent in of(task.id)}
    with session.read() as board:
        found = [row for key in names for row in history.files(history.of_agent(board, key))]
    if not found:
        cards.empty("No file yet", "Files that agents read, create, change or delete are listed here.")
        return
    frame, columns = tables.files(found, names)
    st.dataframe(
        frame,
        column_config=columns,
        hide_index=True,
        height=tables.height(len(found)),
        alt="Files that the task touched",
    )
