"""Performance: tokens, cache, tools, durations and success; the address holds the question, as on the Costs page."""

from __future__ import annotations

import streamlit as st

from pages.ui import cost_filters, live, performance_panels, session

session.actor()
st.title("Performance")
asked = cost_filters.asked(parted=False)
performance_panels.performance(asked)
live.mount()
