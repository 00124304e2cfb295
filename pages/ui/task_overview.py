"""What a task is: its words, and everything it was started with."""

from __future__ import annotations

import streamlit as st

from data.domain import assignment, words
from data.domain.approvals import EVERY_TOOL
from data.domain.tasks import Task
from pages.ui import cards, tables


def draw(task: Task) -> None:
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.caption("The task, word for word")
        st.code(task.description, language="markdown", wrap_lines=True)
    with right:
        cards.facts(
            {
                "Type": words.task_type(task.task_type),
                "Complexity": task.complexity.value,
                "Because": "; ".join(task.complexity_reasons),
                "ANALYST": task.analyst_words.removeprefix("ANALYST "),
                "Decided": assignment.said(task.assignment),
                "Near the threshold": "yes" if task.borderline else None,
                "Folder": task.working_directory,
                "Runtime": f"{task.runtime.value}{', story ' + task.scenario if task.scenario else ''}",
                "Model": task.model or "the runtime's own",
                "Permissions": task.permission_mode,
                "Priority": task.priority.value,
                "Budget": words.dollars(task.budget_nanousd) if task.budget_nanousd else "no limit",
                "Asks a person before": ", ".join("every tool" if t == EVERY_TOOL else t for t in task.ask_tools),
                "Cost": cards.money(task.cost_nanousd, task.unpriced_messages, task.simulated),
                "Tool calls": str(task.tool_calls),
                "Asked by": f"{task.created_by}, {task.created_at:%Y-%m-%d %H:%M:%S} UTC",
                "ID": task.id,
            }
            | tables.tokens_by_kind(task.tokens)
        )
