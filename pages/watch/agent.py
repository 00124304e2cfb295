"""Agent: one agent's facts, and its tabs, each of which is drawn by a module of its own."""

from __future__ import annotations

import streamlit as st

from data.domain.agents import Agent
from data.domain.errors import AgentNotFound
from pages.ui import (
    agent_cost,
    agent_facts,
    agent_files,
    agent_life,
    agent_logs,
    cards,
    live,
    places,
    session,
    transcript,
)
from pages.ui.look import plain


def result(agent: Agent) -> None:
    if not agent.result:
        cards.empty("No result", "It appears when the agent has ended.")
        return
    with st.container(border=True):
        st.markdown(agent.result)


TABS = {
    "Conversation": transcript.draw,
    "Cost": agent_cost.draw,
    "Files": agent_files.draw,
    "Logs": agent_logs.draw,
    "Life": agent_life.draw,
    "Result": result,
}


def load(agent_id: str) -> Agent:
    with session.read() as board:
        return board.agent(agent_id)


@session.live_panel("facts")
def facts(agent_id: str) -> None:
    agent_facts.draw(load(agent_id))


@session.live_panel("details")
def details(agent_id: str) -> None:
    agent = load(agent_id)
    for name, tab in zip(TABS, st.tabs(list(TABS), key="tab", on_change="rerun", bind="query-params"), strict=True):
        if tab.open:
            with tab, session.panel(name.lower()):
                TABS[name](agent)


def no_such_agent(reason: str) -> None:
    st.title("Agent")
    cards.empty(reason, "It may have been deleted, or the address is not complete.", ":material/search_off:")
    st.page_link(places.FLEET, label="The fleet", icon=":material/sailing:")


def main() -> None:
    session.actor()
    agent_id = st.query_params.get("id", "")
    try:
        agent = load(agent_id)
    except AgentNotFound as unknown:
        no_such_agent(str(unknown) if agent_id else "No agent was named")
        live.mount(wakes=False)
        return
    st.title(plain(agent.name))
    with session.panel("live part"):
        live.mount(f"board:task:{agent.task_id}", show=("agents",), agent_id=agent_id)
    facts(agent_id)
    details(agent_id)


main()
