"""An orchestrator in a program of yours: the lines by which its agents are seen here."""

from __future__ import annotations

import streamlit as st

from pages.ui import session

LINES = """from orchestrator_adapter.ingest import attach

run = attach.task(store, "Fix the login", roles=["builder", "tester"], working_directory="/src")
executor = WorkflowExecutor(manager, monitor=run.monitor, progress_tracker=run.tracker)
...
run.finish(success=True, result="done")"""


@st.fragment
def part() -> None:
    with st.container(border=True), session.panel("orchestrator"):
        st.subheader("An orchestrator of yours")
        st.markdown("A program that runs agents itself reports them by its progress tracker and its monitor.")
        st.code(LINES, language="python", wrap_lines=True)
        st.caption("More in docs/attach.md.")
