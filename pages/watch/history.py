"""History: what Claude Code and other orchestrators did outside of the fleet, read in from what they wrote."""

from __future__ import annotations

import streamlit as st

from pages.ui import import_form, import_logs, import_progress, import_sessions, import_spend, live, session

session.actor()
st.title("History")
import_form.form()
import_progress.progress()
import_spend.spend()
import_sessions.sessions()
with session.panel("agent logs"):
    import_logs.draw()
live.mount()
