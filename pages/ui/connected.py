"""What was received from programs outside: at a glance, and by kind."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import streamlit as st

from data.domain import words
from orchestrator_adapter.commands_connect import LATELY
from pages.ui import session, tables

WAYS = {"hooks": "Hooks", "logs": "Telemetry, events", "metrics": "Telemetry, metrics"}


@session.live_panel("connected")
def summary() -> None:
    with session.read() as board:
        found, now = board.observed_received(), session.deck().store.now()
        lately = board.observed_open(LATELY, now)
    hooks = sum(one.number for one in found if one.source == "hooks")
    told = sum(one.number for one in found if one.source != "hooks")
    with st.container(horizontal=True):
        minutes = int(LATELY.total_seconds() // 60)
        st.metric("Sessions heard of lately", lately, border=True, help=f"Within the last {minutes} minutes")
        st.metric(
            "Hooks received", f"{hooks:,}", border=True, help=_last([o.last for o in found if o.source == "hooks"])
        )
        st.metric(
            "Telemetry received", f"{told:,}", border=True, help=_last([o.last for o in found if o.source != "hooks"])
        )


def _last(times: list[datetime]) -> str:
    return f"Last one {max(times):%Y-%m-%d %H:%M:%S} UTC" if times else "Nothing yet"


@session.live_panel("received")
def received() -> None:
    with session.read() as board:
        found = board.observed_received()
    st.subheader("Received")
    if not found:
        st.caption("Nothing yet. What comes in is counted here by kind; a kind that is not known is kept too.")
        return
    now = session.deck().store.now()
    frame = pd.DataFrame(
        {
            "by": [WAYS.get(one.source, one.source) for one in found],
            "what": [one.name for one in found],
            "number": [one.number for one in found],
            "last": [words.ago(one.last, now) for one in found],
        }
    )
    columns = {
        "by": st.column_config.TextColumn("By"),
        "what": st.column_config.TextColumn("What"),
        "number": st.column_config.NumberColumn("Received", format="localized"),
        "last": st.column_config.TextColumn("Last"),
    }
    st.dataframe(
        frame,
        column_config=columns,
        hide_index=True,
        height=tables.height(min(len(found), 12)),
        key="received-kinds",
        alt=f"{words.count(len(found), 'kind')} of what was received, how often and when last",
    )


def badge(*sources: str) -> None:
    """Whether anything came this way."""
    with session.read() as board:
        found = [one for one in board.observed_received() if one.source in sources]
    if not found:
        st.badge("nothing received yet", icon=":material/radio_button_unchecked:", color="gray")
        return
    ago = words.ago(max(one.last for one in found), session.deck().store.now())
    number = sum(one.number for one in found)
    st.badge(f"{number:,} received, last {ago}", icon=":material/check_circle:", color="green")
