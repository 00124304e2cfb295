"""The conversation of a task as it flowed: from the prompt to the agents, between them, and to their tools."""

from __future__ import annotations

import streamlit as st

from data.domain import flow, words
from data.domain.agents import Agent
from data.domain.flow import Handed
from data.domain.tasks import Task
from orchestrator_adapter import handover
from orchestrator_adapter.views import story as stories
from pages.ui import cards, drawing, flow_drawing, session, task_agents
from pages.ui.look import plain


def draw(task: Task) -> None:
    store = session.deck().store
    with store.read() as board:
        told = stories.of(store, board, task.id)
    moment = told.now()
    agents, then = moment.everybody() or task_agents.of(task.id), moment.whole() or task
    if not agents:
        cards.empty("No conversation yet", "It begins when the first agent is sent its prompt.")
        return
    edges = flow.handed(then.workflow, agents)
    by_id = {agent.id: agent for agent in agents}
    texts = {edge: _text(task, by_id, edge) for edge in edges}
    said = {edge: words.count(len(text.split()), "word") if edge.giver else "" for edge, text in texts.items()}
    drawing.show(flow_drawing.conversation(task.description, then.workflow, agents, told.flow.agents, said), key="flow")
    st.caption("A card opens its agent. On the lines: how much was handed over. The very words:")
    for number, (edge, text) in enumerate(texts.items()):
        _one(number, by_id[edge.to], by_id.get(edge.giver or ""), text)


def _one(number: int, to: Agent, giver: Agent | None, text: str) -> None:
    """One line that opens: what was handed over."""
    name = giver.name if giver else "The task"
    label = f"{plain(name)} → {plain(to.name)}: {words.count(len(text.split()), 'word')}"
    box = st.expander(label, key=f"handed-{number}", on_change="rerun", icon=":material/forward:")
    if not box.open:
        return
    with box:
        st.code(text, language="markdown", wrap_lines=True, height=400 if text.count("\n") > 18 else "content")


def _text(task: Task, agents: dict[str, Agent], edge: Handed) -> str:
    if edge.giver is None:
        return task.description
    giver = agents[edge.giver]
    return handover.forward(handover.read(giver.result or "", giver.role))
