"""Claude Code's own telemetry: what to set so that it comes here."""

from __future__ import annotations

import streamlit as st

from orchestrator_adapter import commands_connect
from orchestrator_adapter.ingest import connect_words
from pages.ui import connected, session
from pages.ui.look import plain


@st.fragment
def part() -> None:
    with st.container(border=True), session.panel("telemetry"):
        st.subheader("OpenTelemetry")
        with st.container(horizontal=True):
            connected.badge("logs", "metrics")
        st.markdown(
            "Sessions whose environment has these variables tell what each request used. It works across containers "
            "too, and counts nothing twice that a hook or a transcript has told."
        )
        with st.container(horizontal=True):
            shown = st.button("Show with the token", icon=":material/key:", key="token-shown")
            renewed = st.button("New token", icon=":material/autorenew:", key="token-renewed")
        with session.refusals():
            token = "TOKEN"
            if renewed:
                token = commands_connect.renew_token(session.deck(), session.actor())
                st.info(
                    "From now on only this token is taken. Install the hooks once more: they have the old one.",
                    icon=":material/key:",
                )
            elif shown:
                token = commands_connect.reveal_token(session.deck(), session.actor())
            st.code(
                connect_words.exports(commands_connect.address(session.deck()), token), language="bash", wrap_lines=True
            )
            if shown or renewed:
                st.caption("It is hidden again with your next click on this part.")
            else:
                st.caption(plain("In a terminal: python -m orchestrator_adapter telemetry"))
