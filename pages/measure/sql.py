"""Ask in SQL: questions of one's own over a copy of the warehouse; the address holds the question."""

from __future__ import annotations

import streamlit as st

from pages.ui import live, session, sql_panels

session.actor()
st.title("Ask in SQL")
st.markdown("Ask what no page shows. Only a copy of the warehouse can be read, and nothing can be changed.")
sql_panels.ask()
live.mount(wakes=False)
