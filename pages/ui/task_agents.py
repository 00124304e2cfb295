"""The agents of a task: what each used, and the finished ones folded."""

from __future__ import annotations

import streamlit as st

from data.domain import words
from data.domain.agents import Agent
from data.domain.tasks import Task
from data.store import AgentFilter
from pages.ui import cards, live, session, tables
from pages.ui.look import plain


def of(task_id: str) -> list[Agent]:
    """All agents of the task, in the order in which they were made."""
    with session.read() as board:
        return board.agents(AgentFilter(task_id=task_id), limit=200).items[::-1]


def draw(task: Task) -> None:
    """Those at work first; the finished ones are folded into their totals until somebody wants to see them."""
    everybody = of(task.id)
    if not everybody:
        cards.empty("No agent yet", "The first one appears when its step begins.")
        return
    finished = [agent for agent in everybody if not agent.live]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(words.count(len(everybody), "agent"), icon=":material/group:", color="gray")
        st.markdown(plain(totals(task, everybody)))
        shown = not finished or st.toggle(
            f"Show {words.count(len(finished), 'finished agent')}", value=task.ended, key="finished-agents"
        )
    found = everybody if shown else [agent for agent in everybody if agent.live]
    if found:
        _table(found)


def totals(task: Task, agents: list[Agent]) -> str:
    """What all agents together took, and how much of it those that have ended."""
    whole = f"{cards.money(task.cost_nanousd, task.unpriced_messages, task.simulated)}, "
    whole += f"{words.tokens(task.tokens.total)} tokens, {words.count(task.tool_calls, 'tool call')}"
    done = [agent for agent in agents if not agent.live]
    if not done or len(done) == len(agents):
        return whole
    cost, tokens = sum(agent.cost_nanousd for agent in done), sum(agent.tokens.total for agent in done)
    return f"{whole}; of it {words.dollars(cost)} and {words.tokens(tokens)} tokens by the finished ones"


def _table(found: list[Agent]) -> None:
    frame, columns = tables.task_agents(found, session.deck().store.now())
    picked = st.dataframe(
        frame,
        column_config=columns,
        hide_index=True,
        height=tables.height(len(found)),
        key="task-agents",
        on_select="rerun",
        selection_mode="single-row",
        alt="Agents of the task: duration, cost, the SDK's own total, its transcript, drift, tokens by kind",
    )
    st.caption(
        "Drift: how far our price of every reply is from the SDK's own running total, and from what the transcript of "
        "the agent's session adds up to."
    )
    if rows := picked.selection.rows:
        live.go(f"agent?id={found[rows[0]].id}")
