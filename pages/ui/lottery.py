"""The setting by which a lot decides about the ANALYST of some borderline tasks."""

from __future__ import annotations

import streamlit as st

from data.domain.fleet import RANGES, Lottery
from data.store.settings import FleetSettings
from orchestrator_adapter import commands_fleet
from pages.ui import session

SAID = "lottery-said"


def form(now: FleetSettings) -> None:
    """Its fields begin anew after each change, so that they show what holds."""
    changed = now.changed.get("lottery")
    key = f"lottery-{changed.at.timestamp():.3f}" if changed else "lottery-0"
    with st.form("lottery-form"):
        st.subheader("Lots about the ANALYST")
        st.caption(
            "A borderline task is complex by a single sign, or simple but for one: a listed word, two topics, or "
            "about 50 words. For such tasks both ways are sensible, so a lot costs little and shows what an ANALYST "
            "is worth. The person who submits a task sees it before, and their word holds."
        )
        wanted = _fields(now.lottery, key)
        with st.container(horizontal=True, vertical_alignment="center"):
            pressed = st.form_submit_button("Save", type="primary", key="lottery-save")
            by = f"Changed by {changed.by}, {changed.at:%Y-%m-%d %H:%M} UTC." if changed else "Nobody has set this yet."
            st.caption(by)
        with session.refusals():
            if pressed and commands_fleet.set_lottery(session.deck(), session.actor(), wanted):
                st.session_state[SAID] = True
                st.rerun()
        if st.session_state.get(SAID) and not pressed:
            st.session_state.pop(SAID)
            st.success("Saved: it holds from the next task on.", icon=":material/check_circle:")


def _fields(old: Lottery, key: str) -> Lottery:
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        share = _percent("Percent of borderline tasks that are drawn", "share", old.share, key)
    with right:
        chance = _percent("Percent of those that have an ANALYST", "chance", old.chance, key)
    return Lottery(share, chance)


def _percent(label: str, name: str, value: int, key: str) -> int:
    least, most = RANGES[name]
    return int(st.number_input(label, min_value=least, max_value=most, value=value, step=5, key=f"{key}-{name}"))
