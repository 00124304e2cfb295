"""Costs: what was spent, when, by whom and on what; the address holds the question, so that an answer can be shared."""

from __future__ import annotations

import streamlit as st

from pages.ui import cost_filters, cost_panels, live, session

session.actor()
st.title("Costs")
asked = cost_filters.asked()
cost_panels.costs(asked)
live.mount()
