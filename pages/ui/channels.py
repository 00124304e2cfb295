"""Channels on the Alerts page: which there are, made and changed in a dialog, tried by one click, and what was sent."""

from __future__ import annotations

import uuid

import pandas as pd
import streamlit as st

from data.domain import words
from data.domain.channels import Channel, ChannelKind
from data.domain.deliveries import Delivery, DeliveryStatus
from data.store.delivering import DeliveryFilter
from orchestrator_adapter import commands_channels
from pages.ui import channel_form, session, tables
from pages.ui.look import plain

SHOWN = 50
ICONS = {
    ChannelKind.EMAIL: ":material/mail:",
    ChannelKind.WEBHOOK: ":material/webhook:",
    ChannelKind.SLACK: ":material/tag:",
    ChannelKind.DISCORD: ":material/forum:",
}
STATES = {
    DeliveryStatus.WAITING: "○ waiting",
    DeliveryStatus.SENT: "✓ sent",
    DeliveryStatus.FAILED: "◔ tried, to be tried again",
    DeliveryStatus.GIVEN_UP: "✕ not sent",
}


@session.live_panel("channels")
def panel() -> None:
    with session.read() as board:
        found = board.channels()
        sent = board.deliveries(DeliveryFilter(), SHOWN)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Channels")
        if st.button("New channel", icon=":material/add:", key="new-channel"):
            ask_channel(None, uuid.uuid4().hex)
    st.caption(
        "Every alert stands in the app. A rule can tell it through channels, too, whether or not a page is open."
    )
    for channel in found:
        with st.container(border=True, key=f"channel-{channel.id}"):
            _row(channel)
    if sent:
        told = f"The last {words.count(len(sent), 'message')}: when, to which channel, what became of it and why"
        tables.read_only(_log(sent), key="deliveries", alt=told)


def _row(channel: Channel) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{ICONS[channel.kind]} **{plain(channel.name)}**", width="content")
        st.caption(plain(channel.shown), width="content")
        tried = st.button("Send a test", icon=":material/send:", key=f"try-channel-{channel.id}", type="tertiary")
        if st.button("Edit", icon=":material/edit:", key=f"edit-channel-{channel.id}", type="tertiary"):
            ask_channel(channel, uuid.uuid4().hex)
        if st.button("Remove", icon=":material/delete:", key=f"remove-channel-{channel.id}", type="tertiary"):
            confirm_remove(channel)
    if tried:
        with session.refusals():
            _try(channel)


def _try(channel: Channel) -> None:
    with st.spinner("Sending …"):
        sent = commands_channels.test_channel(session.deck(), session.actor(), channel.id)
    if sent.ok:
        st.success(plain(f"A test message was sent to {channel.name}. {sent.said}"), icon=":material/check_circle:")
    else:
        st.error(plain(f"The test message did not reach {channel.name}. {sent.said}"), icon=":material/error:")


def _log(found: list[Delivery]) -> tuple[pd.DataFrame, dict[str, object]]:
    frame = pd.DataFrame(
        {
            "When": [f"{one.at:%Y-%m-%d %H:%M:%S}" for one in found],
            "What": [one.about.value for one in found],
            "Channel": [one.channel for one in found],
            "State": [STATES[one.status] for one in found],
            "Tries": [one.tries for one in found],
            "The other side": [words.shortened(one.said, 200) for one in found],
            "Next try": [f"{one.next_at:%H:%M:%S}" if one.next_at else "–" for one in found],
        }
    )
    return frame, {"The other side": st.column_config.TextColumn(width=360)}


@session.dialog("Channel", ":material/send:", "large")
def ask_channel(old: Channel | None, opened: str) -> None:
    """`opened` names this opening of the dialog, in which one channel is saved once."""
    given = channel_form.fields(old)
    with st.container(horizontal=True):
        pressed = st.button("Save" if old else "Make the channel", type="primary", key="channel-save")
        if st.button("Leave it", key="channel-not"):
            session.close_dialog()
    if not pressed:
        return

    def save() -> Channel:
        more = {"kind": given.kind, "address": given.address(), "channel_id": old.id if old else None}
        return commands_channels.set_channel(session.deck(), session.actor(), given.name, **more)

    if session.done(f"channel-{opened}", save):
        session.close_dialog()


@session.dialog("Remove this channel?", ":material/delete:")
def confirm_remove(channel: Channel) -> None:
    st.markdown(plain(f"{channel.name} leads to {channel.shown}. Its secret is forgotten."))

    def remove() -> str:
        commands_channels.remove_channel(session.deck(), session.actor(), channel.id)
        return channel.id

    with st.container(horizontal=True):
        sure = st.button("Remove it", type="primary", key="remove-channel-sure")
        if sure and session.done(f"channel-gone-{channel.id}", remove):
            session.close_dialog()
        if st.button("Keep it", key="remove-channel-not"):
            session.close_dialog()
