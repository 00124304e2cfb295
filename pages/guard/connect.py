"""Connect: how sessions and orchestrators that were started elsewhere are seen here, and what came in."""

from __future__ import annotations

import streamlit as st

from pages.ui import connect_hooks, connect_orchestrator, connect_telemetry, connected, live, session

session.actor()
st.title("Connect")
st.caption(
    "See what runs outside of Quarterdeck too: nothing of it is changed, and each is removed as easily as added."
)
connected.summary()
left, right = st.columns(2, gap="medium")
with left:
    connect_hooks.part()
with right:
    connect_telemetry.part()
    connect_orchestrator.part()
connected.received()
live.mount()
