"""An orchestrator in a program of yours: the lines by which its agents are seen here."""

from __future__ import annotations

import streamlit as st

from data.domain import words
from pages.ui import session

LINES = """from data.store import Store
from orchestrator_adapter.ingest import attach

store = Store.open(os.environ["DATABASE_URL"])
with attach.running(store, orchestrator, prompt) as run:
    run.result(await orchestrator.execute(prompt))"""


@st.fragment
def part() -> None:
    with st.container(border=True), session.panel("orchestrator"):
        st.subheader("An orchestrator of yours")
        with session.read() as board:
            found = board.observed_programs()
        if found.last is None:
            st.badge("none was attached yet", icon=":material/radio_button_unchecked:", color="gray")
        else:
            ago = words.ago(found.last, session.deck().store.now())
            told = f"{found.now} attached now, {found.all:,} in all, last heard {ago}"
            st.badge(told, icon=":material/check_circle:", color="green")
        st.markdown("A program that runs agents with the orchestrator package reports them in three lines.")
        st.code(LINES, language="python", wrap_lines=True)
        st.caption("More in docs/attach.md.")
