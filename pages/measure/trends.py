"""Trends: how spending, work, success and speed change; the address holds the question, as on the Costs page."""

from __future__ import annotations

import streamlit as st

from data.domain.windows import Preset
from pages.ui import cost_filters, live, session, trend_panels

session.actor()
st.title("Trends")
asked = cost_filters.asked(Preset.QUARTER, parted=False, coarse=True)
trend_panels.trends(asked)
live.mount()
