"""History: what Claude Code did on this machine outside of the fleet, read in from its transcripts."""

from __future__ import annotations

import streamlit as st

from pages.ui import import_form, import_progress, import_sessions, import_spend, live, session

session.actor()
st.title("History")
import_form.form()
import_progress.progress()
import_spend.spend()
import_sessions.sessions()
live.mount()
