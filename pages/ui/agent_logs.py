"""The log files of one agent."""

from __future__ import annotations

import streamlit as st

from data.domain.agents import Agent
from pages.ui import cards, logs, session


def draw(agent: Agent) -> None:
    name = st.segmented_control("Log file", list(logs.FILES), default="text.txt", required=True, key="log-name")
    log = logs.read(agent, str(name), session.deck().settings.logs)
    if log is None:
        cards.empty("No log file", "It is written as soon as the agent's process has started.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{logs.FILES[str(name)]}; {log.size:,} bytes{', the end is shown' if log.cut else ''}")
        st.download_button(
            "Download",
            log.path.read_bytes,
            file_name=f"{agent.name.replace(' ', '_')}_{name}",
            icon=":material/download:",
            on_click="ignore",
            key=f"download-{name}",
        )
    st.code(log.tail, language="json" if str(name).endswith("l") else "markdown", wrap_lines=True, height=480)
