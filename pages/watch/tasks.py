"""Tasks: everything that was ever asked for, filtered by the address of the page."""

from __future__ import annotations

import functools
from datetime import datetime
from typing import Any

import streamlit as st

from data.domain import words
from data.domain.tasks import Task
from data.store import AgentFilter, TaskFilter
from orchestrator_adapter import commands, commands_batch
from orchestrator_adapter.commands_batch import TaskOrder
from pages.ui import cards, charts, clicks, filters, live, picked, places, session, tables
from pages.ui.look import plain

LIST, TIMELINE = "List", "Timeline"
VIEWS = [LIST, TIMELINE]
TIMELINE_PX, TIMELINE_ROWS = 760, 38
"""A longer timeline scrolls in a box of this height."""


@session.live_panel("tasks")
def task_list(wanted: TaskFilter) -> None:
    """The filters are drawn outside: a field that is drawn again while somebody types into it loses letters."""
    if clicked := clicks.taken("tasks"):
        act(*clicked)
    listed = filters.listed("tasks", wanted, lambda board, cursor: board.tasks(wanted, filters.PAGE_ROWS, cursor), rows)
    shown = picked.standing("tasks", listed)
    found = shown.items
    if not found:
        nothing(wanted)
        return
    view = st.segmented_control(
        "View", VIEWS, default=LIST, required=True, key="view", bind="query-params", label_visibility="collapsed"
    )
    if view == TIMELINE:
        timeline(found)
    else:
        table(shown)
    if shown.more:
        filters.show_more("tasks")


def rows(found: list[Task], now: datetime) -> Any:
    with session.read() as board:
        crews = board.crews([task.id for task in found])
    return tables.task_rows(found, now, crews)


def timeline(found: list[Task]) -> None:
    """Who ran when; a click on a bar opens the task, and the same tasks stand in the list."""
    with st.container(height=TIMELINE_PX if len(found) > TIMELINE_ROWS else "content", border=False):
        chosen = charts.tasks(found, session.deck().store.now())
    st.caption("By the filters above. A sign and its colour say how a task ended; a click on a bar opens the task.")
    if chosen:
        live.go(f"task?id={chosen}")


def table(shown: filters.Listed[Task]) -> None:
    found = shown.items
    clicks.shown("tasks", [task.id for task in found])
    picked.bar("tasks", "task", shown, lambda task: words.title(task.description, 70), orders())
    st.dataframe(
        shown.rows,
        column_config=tables.task_columns(
            open=clicks.note("tasks", "open", "open"), delete=clicks.note("tasks", "delete", "delete")
        ),
        hide_index=True,
        height=tables.growing(len(found)),
        key=picked.key("tasks"),
        on_select="rerun",
        selection_mode="multi-row",
        placeholder=tables.UNPRICED,
        alt=f"{words.count(len(found), 'task')}: description, status, type, workflow, cost, tokens, created",
    )


def orders() -> list[picked.Order]:
    """What can be done with several tasks at once."""

    order = functools.partial(picked.order, give=commands_batch.order_tasks, hindrance=commands_batch.task_hindrance)
    stopped = "Every agent of them is stopped. What was spent stays spent; changed files stay as they are."
    gone = "They go off every list, with their agents. What they spent stays counted; changed files stay."
    held = "No further step of them begins; steps that run may finish."
    looked = "They leave the failures that the fleet page shows."
    kept = "What is paid for is kept; the rest goes on."
    return [
        order(TaskOrder.CANCEL, icon=":material/stop_circle:", told=stopped, done="cancelled"),
        order(TaskOrder.PAUSE, icon=":material/pause_circle:", told=held, done="paused"),
        order(TaskOrder.RESUME, icon=":material/play_circle:", told=kept, done="resumed"),
        order(TaskOrder.SEEN, icon=":material/visibility:", told=looked, done="seen", name="Mark as seen"),
        order(TaskOrder.DELETE, icon=":material/delete:", told=gone, done="deleted"),
    ]


def act(action: str, task_id: str) -> None:
    if action == "open":
        live.go(f"task?id={task_id}")
    with session.read() as board:
        confirm_delete(board.task(task_id))


@session.dialog("Delete this task?", ":material/delete:")
def confirm_delete(task: Task) -> None:
    st.markdown(f"**{plain(words.title(task.description))}**")
    with session.read() as board:
        count = len(board.agents(AgentFilter(task_id=task.id), limit=200).items)
    st.markdown(
        f"It goes off every list, with its {words.count(count, 'agent')}. "
        "What it spent stays counted, and the files it changed stay as they are."
    )
    with st.container(horizontal=True):
        if st.button("Delete", type="primary", key="delete-sure"):
            with session.refusals():
                commands.delete_task(session.deck(), session.actor(), task.id)
                session.close_dialog()
        if st.button("Keep it", key="delete-not"):
            session.close_dialog()


def nothing(wanted: TaskFilter) -> None:
    if wanted != TaskFilter(sort=wanted.sort):
        cards.empty("No task fits", "Take a filter away to see more.", ":material/filter_alt_off:")
        return
    cards.empty("No task yet", "Say what should be done, and the fleet goes to work.")
    st.page_link(places.NEW_TASK, label="New task", icon=":material/add_circle:")


session.actor()
st.title("Tasks")
wanted = filters.tasks()
if wanted.text:
    everywhere = f"Search everything for “{words.shortened(wanted.text, 60)}”"
    st.page_link(places.SEARCH, label=plain(everywhere), icon=":material/search:", query_params={"q": wanted.text})
task_list(wanted)
live.mount()
