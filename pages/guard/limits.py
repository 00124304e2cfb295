"""Limits: how many agents may work at once, how often a step is tried, who counts as stuck, what is cleaned up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from data.domain.agents import Role
from data.domain.fleet import RANGES, Cleanup, Limits, Patience, Retries
from data.store.settings import FleetSettings
from orchestrator_adapter import commands_fleet
from pages.ui import archived, decided, live, lottery, places, session

HISTORY = ("fleet_set",)
SAID = "limits-said"


@st.fragment
def forms() -> None:
    """Outside of the live panels: a field that is drawn again while somebody types into it loses letters."""
    with session.panel("settings"):
        with session.read() as board:
            now = board.settings()
        left, right = st.columns(2, gap="medium")
        with left:
            form("limits", now, at_once, commands_fleet.set_limits)
            form("cleanup", now, tidy, commands_fleet.set_cleanup)
        with right:
            form("retries", now, tries, commands_fleet.set_retries)
            form("patience", now, stuck, commands_fleet.set_patience)
            lottery.form(now)


def form(
    name: str, now: FleetSettings, fields: Callable[[Any, str], Any], save: Callable[[Any, Any, Any], object]
) -> None:
    """One setting. Its fields begin anew after each change, so that they show what holds."""
    changed = now.changed.get(name)
    revision = f"{changed.at.timestamp():.3f}" if changed else "0"
    with st.form(f"{name}-form"):
        st.subheader(decided.SETTINGS[name])
        wanted = fields(getattr(now, name), f"{name}-{revision}")
        with st.container(horizontal=True, vertical_alignment="center"):
            pressed = st.form_submit_button("Save", type="primary", key=f"{name}-save")
            by = f"Changed by {changed.by}, {changed.at:%Y-%m-%d %H:%M} UTC." if changed else "Nobody has changed this."
            st.caption(by)
        with session.refusals():
            if pressed and save(session.deck(), session.actor(), wanted):
                st.session_state[SAID] = name
                st.rerun()
        if st.session_state.get(SAID) == name and not pressed:
            st.session_state.pop(SAID)
            st.success("Saved: it holds from now on.", icon=":material/check_circle:")


def number(label: str, name: str, value: int | None, key: str, **more: Any) -> int | None:
    least, most = RANGES[name]
    found = st.number_input(label, min_value=least, max_value=most, value=value, key=key, **more)
    return None if found is None else int(found)


def at_once(old: Limits, key: str) -> Limits:
    st.caption(
        "They hold from the next free place on; agents at work finish their step. Empty is no limit, and on each "
        "machine what QUARTERDECK_MAX_AGENTS says there."
    )
    columns = st.columns(3, vertical_alignment="bottom")
    with columns[0]:
        here = session.deck().settings.max_agents
        machine = number(
            "On each machine", "per_machine", old.per_machine, f"{key}-machine", placeholder=f"{here} here"
        )
    with columns[1]:
        user = number("For each person", "per_user", old.per_user, f"{key}-user", placeholder="no limit")
    with columns[2]:
        in_all = number("In all", "in_all", old.in_all, f"{key}-all", placeholder="no limit")
    return Limits(machine, user, in_all)


def tries(old: Retries, key: str) -> Retries:
    st.caption(
        "How often a step is tried again by itself after what may pass: overload, a rate limit, a broken connection. "
        "A role that is left empty has the first number."
    )
    otherwise = number("All roles", "otherwise", old.otherwise, f"{key}-all") or 0
    columns, by_role = st.columns(4), {}
    for place, role in enumerate(Role):
        with columns[place % 4]:
            found = number(
                role.value.capitalize(), "by_role", old.by_role.get(role), f"{key}-{role.value}", placeholder="as above"
            )
        if found is not None:
            by_role[role] = found
    return Retries(by_role, otherwise)


def stuck(old: Patience, key: str) -> Patience:
    st.caption(
        "Then somebody is told, and decides: wait, interrupt with a message, or cancel. Nothing is stopped by itself."
    )
    columns = st.columns(3, vertical_alignment="bottom")
    with columns[0]:
        silent = number("Seconds without progress", "silent_s", old.silent_s, f"{key}-silent", step=60)
    with columns[1]:
        repeats = number("The same call in a row", "repeats", old.repeats, f"{key}-repeats")
    with columns[2]:
        spent = number("Tokens without progress", "tokens", old.tokens, f"{key}-tokens", step=10_000)
    return Patience(silent or 0, repeats or 0, spent or 0)


def tidy(old: Cleanup, key: str) -> Cleanup:
    st.caption(
        "Agents that ended leave the lists; what they spent stays counted, and their tasks stay. "
        "By hand: pick them on the page Fleet."
    )
    automatic = st.toggle("By itself", old.automatic, key=f"{key}-automatic")
    days = number("Days after an agent ended", "after_days", old.after_days, f"{key}-days")
    return Cleanup(automatic, days or 0)


@session.live_panel("history")
def history() -> None:
    decided.told("Who changed what", "settings", HISTORY, decided.settings)


session.actor()
st.title("Limits")
st.page_link(places.QUEUE, label="What waits for a place now", icon=":material/hourglass_top:")
forms()
archived.draw()
history()
live.mount()
