"""Queue: what waits for a free place, in which order, and why."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import streamlit as st

from data.domain import words
from data.domain.fleet import Priority
from data.domain.tasks import Task
from data.domain.waiting import Queue, Share, Waiting
from orchestrator_adapter import commands_fleet
from pages.ui import cards, clicks, live, places, session, tables
from pages.ui.look import plain

STRETCH = 100
"""Places that are listed at once."""
SHOWN = "queue-shown"
MOST_PEOPLE = 8
PRIORITIES = {
    Priority.URGENT: "Urgent: before everything else",
    Priority.HIGH: "High: before what is normal",
    Priority.NORMAL: "Normal",
    Priority.LOW: "Low: when nothing else waits",
}


@session.live_panel("queue")
def queue() -> None:
    if clicked := clicks.taken("queue") or clicks.taken("held"):
        act(*clicked)
    with session.read() as board:
        found = board.queue()
    taken(found)
    in_line(found)
    held(found)


def taken(found: Queue) -> None:
    """How many places are taken of those there are: on each machine, in all, and by each person."""
    if not found.machines:
        st.warning("No engine process works, so nothing can start. It starts when `serve` or a `worker` runs.")
    with st.container(horizontal=True, gap="small", key="queue-places"):
        for machine in found.machines:
            share(machine, machine.name, "places taken")
        if found.in_all.most is not None:
            share(found.in_all, "In all", "agents at work")
        for user in [user for user in found.users if user.most is not None][:MOST_PEOPLE]:
            share(user, user.name, "agents at work")


def share(one: Share, name: str, noun: str) -> None:
    with st.container(border=True, width=172):
        cards.figure(f"{one.taken} of {one.most}", f"{name}: {noun}")
        percent = 100 * one.taken / one.most if one.most else 0.0
        cards.bar({"warn" if one.full else "used": percent}, f"{name}: {one.taken} of {one.most} {noun}")


def in_line(found: Queue) -> None:
    """The queue itself, the first place first."""
    shown = found.waiting[: st.session_state.setdefault(SHOWN, STRETCH)]
    if not shown:
        cards.empty(
            "Nothing waits for a place",
            "Everything that could start has started. When all places are taken, what comes next stands here in order.",
            ":material/hourglass_empty:",
        )
        return
    st.caption(f"{words.count(len(found.waiting), 'place')} in the queue. Click a priority to change who goes first.")
    table("queue", shown, f"{words.count(len(shown), 'place')} in the queue")
    if len(shown) < len(found.waiting):
        st.button("Show more", icon=":material/expand_more:", key="more-queue", on_click=one_more)


def one_more() -> None:
    st.session_state[SHOWN] += STRETCH


def held(found: Queue) -> None:
    """What is not in the queue, because a person comes first."""
    if found.held:
        st.subheader("Waiting for a person")
        table("held", found.held, f"{words.count(len(found.held), 'task')} waiting for a person")


def table(name: str, found: Sequence[Waiting], told: str) -> None:
    clicks.shown(name, [one.task_id for one in found])
    open_it, change = clicks.note(name, "open", f"{name}-open"), clicks.note(name, "prioritize", f"{name}-prioritize")
    st.dataframe(
        tables.queue_rows(found, session.deck().store.now()),
        column_config=tables.queue_columns(name, open=open_it, prioritize=change),
        hide_index=True,
        height=tables.growing(len(found)),
        key=f"{name}-table",
        alt=f"{told}: place, task, priority, why, step, by, waits since",
    )


def act(action: str, task_id: str) -> None:
    if action == "open":
        live.go(f"task?id={task_id}")
    with session.read() as board:
        ask_priority(board.task(task_id), uuid.uuid4().hex)


@session.dialog("How soon?", ":material/low_priority:")
def ask_priority(task: Task, opened: str) -> None:
    """`opened` names this opening of the dialog, in which the priority is changed once."""
    st.markdown(f"**{plain(words.title(task.description))}**")
    picked = st.radio(
        "Priority", list(PRIORITIES), index=task.priority.rank - 1, format_func=PRIORITIES.__getitem__, key="priority"
    )
    st.caption("Its next steps get their places in this order; agents at work go on.")
    with st.container(horizontal=True):
        pressed = st.button("Save", type="primary", key="priority-save")
        if st.button("Leave it", key="priority-not"):
            session.close_dialog()
    if pressed and session.done(
        f"priority-{opened}",
        lambda: commands_fleet.prioritize_task(session.deck(), session.actor(), task.id, picked),
    ):
        session.close_dialog()


session.actor()
st.title("Queue")
with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
    st.caption("The more urgent goes first, then the older.", width="content")
    st.page_link(places.LIMITS, label="Limits", icon=":material/tune:")
queue()
live.mount()
