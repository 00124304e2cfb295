"""What a task gave, and the plan by which it came to that."""

from __future__ import annotations

import streamlit as st

from data.domain.events import TaskPlanned
from data.domain.tasks import Task
from pages.ui import cards, drawing, flow_drawing, history, logs, session, task_agents
from pages.ui.look import plain

PLAN = "plan"
"""The step in which a planner agent designs the workflow."""


def draw(task: Task) -> None:
    if not task.result:
        said = "It ended without one." if task.ended else "It appears when the last step has ended."
        cards.empty("No result", said)
        return
    plain = st.toggle("As plain text", key="plain")
    if plain:
        st.code(task.result, language="markdown", wrap_lines=True)
        return
    with st.container(border=True):
        st.markdown(task.result)


def workflow(task: Task) -> None:
    cards.legend(dict.fromkeys(step.role for step in task.workflow))
    drawing.show(flow_drawing.steps(task.workflow), key="workflow")
    cards.rail(task.workflow)


def planner(task: Task) -> None:
    with session.read() as board:
        planned = [entry.event for entry in history.newest(board, task.id, 5000)]
    for event in planned:
        if isinstance(event, TaskPlanned):
            verdict = f"The plan was not used: {event.refused}" if event.refused else "The plan replaced the template."
            st.markdown(f"**{plain(verdict)}**\n\n{plain(event.rationale)}")
    found = [agent for agent in task_agents.of(task.id) if agent.step == PLAN]
    if not found:
        cards.empty("No agent designed the workflow", "It came from the template of the task's type.")
        return
    for name in ("prompt.txt", "text.txt"):
        log = logs.read(found[0], name, session.deck().settings.logs)
        st.caption(logs.FILES[name])
        st.code(log.tail if log else "Nothing yet.", language="markdown", wrap_lines=True)
