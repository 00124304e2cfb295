"""The form of a channel: what is typed as a secret leaves it as an address that nothing prints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from data.domain.channels import EXAMPLES, PORTS, Address, Channel, ChannelKind, Mail, Security
from pages.ui.look import plain

KINDS = {
    ChannelKind.EMAIL: "E-mail",
    ChannelKind.WEBHOOK: "Webhook",
    ChannelKind.SLACK: "Slack",
    ChannelKind.DISCORD: "Discord",
}
SECURITIES = {
    Security.STARTTLS: "STARTTLS, port 587",
    Security.TLS: "TLS from the beginning, port 465",
    Security.NONE: "None, port 25",
}


@dataclass(frozen=True)
class Given:
    """What the form says."""

    name: str
    kind: ChannelKind
    address: Callable[[], Address | None]
    """None: it stays as it is. Raises ChannelInvalid."""


def fields(old: Channel | None) -> Given:
    key = f"channel-{old.id if old else 'new'}"
    if old is None:
        kind = ChannelKind(
            st.segmented_control(
                "How people are reached",
                [one.value for one in KINDS],
                default=ChannelKind.EMAIL.value,
                required=True,
                format_func=lambda name: KINDS[ChannelKind(name)],
                key=f"{key}-kind",
            )
        )
    else:
        kind = old.kind
        st.caption(plain(f"{KINDS[kind]}, leads to {old.shown}. Where it leads stays as it is if you leave it empty."))
    name = st.text_input("Name", old.name if old else "", key=f"{key}-name", max_chars=80)
    key = f"{key}-{kind.value}"
    address = _mail(key) if kind is ChannelKind.EMAIL else _url(kind, key)
    return Given((name or "").strip(), kind, address)


def _url(kind: ChannelKind, key: str) -> Callable[[], Address | None]:
    text = st.text_input(
        "Address",
        key=f"{key}-address",
        type="password",
        placeholder=EXAMPLES[kind],
        help="Whoever knows it can write there. It is kept apart and never shown again.",
        autocomplete="off",
    )
    return lambda: Address(text.strip()) if text and text.strip() else None


def _mail(key: str) -> Callable[[], Address | None]:
    to = st.text_input("To", key=f"{key}-to", placeholder="ana@example.com, bo@example.com") or ""
    left, right = st.columns(2, vertical_alignment="bottom")
    sender = left.text_input("From", key=f"{key}-from", placeholder="deck@example.com") or ""
    server = right.text_input("Mail server", key=f"{key}-server", placeholder="mail.example.com") or ""
    security = left.selectbox(
        "Privacy of the connection", list(Security), format_func=SECURITIES.__getitem__, key=f"{key}-security"
    )
    port = right.number_input("Port", 1, 65535, PORTS[security], key=f"{key}-port-{security.value}")
    user = left.text_input("User", key=f"{key}-user", autocomplete="off") or ""
    password = right.text_input("Password", key=f"{key}-password", type="password", autocomplete="new-password") or ""

    def address() -> Address | None:
        if not any(text.strip() for text in (to, sender, server, user, password)):
            return None
        recipients = tuple(filter(None, (one.strip() for one in to.split(","))))
        made = Mail(server.strip(), int(port), security, sender.strip(), recipients, user.strip(), password)
        return made.address()

    return address
