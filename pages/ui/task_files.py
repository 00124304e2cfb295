"""The files that the agents of a task read and changed."""

from __future__ import annotations

import streamlit as st

from data.domain.tasks import Task
from pages.ui import cards, file_lists, session

ALL = "all agents"


def draw(task: Task) -> None:
    with session.read() as board:
        found = board.files_of_task(task.id)
    if not found:
        cards.empty(
            "No file" if task.ended else "No file yet",
            "Files that agents read, create, change or delete are listed here.",
        )
        return
    names = {entry.agent_id: entry.agent for entry in found}
    picked = None
    if len(names) > 1:
        picked = st.pills("Whose files", list(names), format_func=names.__getitem__, key="task-files-whose")
    shown = [entry for entry in found if picked in (None, entry.agent_id)]
    file_lists.draw(shown, place="task-files", title=f"Files of task {task.id[:8]}", agents=True)
