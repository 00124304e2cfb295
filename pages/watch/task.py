"""Task: one task from its first word to its result, live while it runs; each part is drawn by a module of its own."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from data.domain import words
from data.domain.errors import TaskNotFound
from data.domain.tasks import Task, TaskStatus
from pages.ui import (
    cards,
    diagnosis,
    live,
    otherwise,
    places,
    replay,
    session,
    task_actions,
    task_agents,
    task_events,
    task_files,
    task_flow,
    task_outcome,
    task_overview,
    task_result,
)
from pages.ui.look import plain

TABS: dict[str, Callable[[Task], None]] = {
    "Overview": task_overview.draw,
    "Story": replay.draw,
    "Agents": task_agents.draw,
    "Flow": task_flow.draw,
    "Workflow": task_result.workflow,
    "Files": task_files.draw,
    "Result": task_result.draw,
    "Outcome": task_outcome.draw,
    "What if": otherwise.task,
    "Planner": task_result.planner,
    "Events": task_events.draw,
}


def load(task_id: str) -> Task:
    with session.read() as board:
        return board.task(task_id)


@session.live_panel("actions")
def actions(task_id: str) -> None:
    task = load(task_id)
    with st.container(horizontal=True, vertical_alignment="center"):
        cards.demo_note(task.runtime)
        task_actions.buttons(task)
        st.page_link(places.NEW_TASK, label="New task", icon=":material/add_circle:")
    task_actions.header(task)
    failed(task)


def failed(task: Task) -> None:
    """The reason first, then how far it got."""
    if not task.error:
        return
    good = [step.key for step in task.workflow if step.status.value == "completed"]
    far = f"Completed before: {plain(', '.join(good))}." if good else "No step was completed."
    if task.status is TaskStatus.CANCELLED:
        far = f"It had cost {plain(cards.money(task.cost_nanousd, task.unpriced_messages, task.simulated))}. {far}"
    with st.container(key="reason"):
        cards.because(task.error, task.status.value)
        st.caption(far)
    with session.panel("diagnosis"):
        diagnosis.draw(task)


@session.live_panel("details")
def details(task_id: str) -> None:
    """What lies behind the live part; a tab is read when it is opened."""
    task = load(task_id)
    if replay.AT in st.query_params:  # a moment that somebody shared
        st.session_state.setdefault("tab", "Story")
    for name, tab in zip(TABS, st.tabs(list(TABS), key="tab", on_change="rerun"), strict=True):
        if tab.open:
            with tab, session.panel(name.lower()):
                TABS[name](task)


def no_such_task(reason: str) -> None:
    st.title("Task")
    cards.empty(reason, "It may have been deleted, or the address is not complete.", ":material/search_off:")
    st.page_link(places.TASKS, label="All tasks", icon=":material/list_alt:")


def main() -> None:
    session.actor()
    task_id = st.query_params.get("id", "")
    try:
        task = load(task_id)
    except TaskNotFound as unknown:
        no_such_task(str(unknown) if task_id else "No task was named")
        live.mount(wakes=False)
        return
    st.title(plain(words.title(task.description)))
    actions(task_id)
    with session.panel("live part"):
        live.mount(f"board:task:{task_id}", show=("task", "agents", "lines"))
    details(task_id)


main()
