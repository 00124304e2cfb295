"""Ways to a place of an agent: a link from other pages; on its own page a button, as open tabs hear no link."""

from __future__ import annotations

import streamlit as st

from pages.ui import places

NAMES = ("entry", "message", "file")
"""What of a place stands in the address beside the tab."""


def way(
    label: str,
    agent_id: str,
    tab: str,
    *,
    key: str,
    icon: str,
    tip: str | None = None,
    whole: bool = False,
    **place: str,
) -> None:
    """`key` tells it from other ways on the page; `whole`: it stands outside the panel of the tabs."""
    if st.query_params.get("id") != agent_id:
        where = {"id": agent_id, "tab": tab, **place}
        st.page_link(places.AGENT, label=label, icon=icon, query_params=where, help=tip)
        return

    def go() -> None:
        st.session_state["tab"] = tab
        for name in NAMES:
            if name in place:
                st.query_params[name] = place[name]
            else:
                st.query_params.pop(name, None)

    if st.button(label, key=f"way-{key}", icon=icon, type="tertiary", on_click=go, help=tip) and whole:
        st.rerun()


def conversation(agent_id: str, message: str, *, key: str) -> None:
    """The way to a message or a tool call in the conversation."""
    way("In the conversation", agent_id, "Conversation", key=f"{key}-talk", icon=":material/forum:", message=message)
