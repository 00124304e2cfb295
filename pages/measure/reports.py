"""Reports: rows and reports of any window as files, the same bytes as over HTTP and at a terminal."""

from __future__ import annotations

import streamlit as st

from pages.ui import cost_filters, live, report_panels, schedules, session

session.actor()
st.title("Reports")
st.markdown("Hand numbers on: a report to read, or rows for a spreadsheet or another program.")
usual = report_panels.usual()
asked = cost_filters.asked(usual.window, parted=False, chosen=report_panels.chosen)
report_panels.reports(asked, usual)
schedules.panel(asked)
live.mount()
