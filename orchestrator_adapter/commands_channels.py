"""What people do about channels: make, change, try and remove them."""

from __future__ import annotations

import uuid

from data.domain import events as e
from data.domain.channels import MOST_CHANNELS, Address, Channel, ChannelKind, checked
from data.domain.errors import ChannelInUse, ChannelInvalid
from data.store import channels, ruling, scheduling
from orchestrator_adapter.access import Actor, require
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.delivery.deliverer import tried
from orchestrator_adapter.delivery.outlet import Sent


def set_channel(
    deck: Deck,
    actor: Actor,
    name: str,
    *,
    kind: ChannelKind | None = None,
    address: Address | None = None,
    channel_id: str | None = None,
) -> Channel:
    """Make a channel, or change the one with the id: without an address it keeps the one it has.

    The address is never told again. Raises ChannelInvalid, ChannelNotFound.
    """
    require(actor, "set_channel")
    with deck.store.write(durable=True) as ledger:
        known = channels.listed(ledger.connection)
        before = channels.get(ledger.connection, channel_id) if channel_id else None
        if before is None and (kind is None or address is None):
            missing = "kind" if kind is None else "address"
            raise ChannelInvalid(f"{missing} must be given for a new channel.", field=missing)
        if before is not None and kind not in (None, before.kind):
            raise ChannelInvalid("kind of a channel cannot be changed; make another channel.", field="kind")
        kind = before.kind if before else kind
        assert kind is not None
        name, shown = checked(kind, name or (before.name if before else ""), address)
        if any(one.name.casefold() == name.casefold() and one.id != channel_id for one in known):
            raise ChannelInvalid("name is taken by another channel.", field="name")
        if before is None and len(known) >= MOST_CHANNELS:
            raise ChannelInvalid(f"At most {MOST_CHANNELS} channels are kept; remove one first.", field="name")
        made = before.id if before else uuid.uuid4().hex
        if address is not None:
            channels.keep_secret(ledger.connection, made, address)
        if before is None or address is not None or name != before.name:
            seen = shown if shown is not None else before.shown if before else ""
            event = {"channel_id": made, "name": name, "channel_kind": kind, "shown": seen, "by": actor.name}
            ledger.append(e.ChannelSet(task_id="", **event))
        return channels.get(ledger.connection, made)


def remove_channel(deck: Deck, actor: Actor, channel_id: str) -> None:
    """The channel is gone with its secret; what waited for it is given up. Raises ChannelNotFound, ChannelInUse."""
    require(actor, "remove_channel")
    with deck.store.write(durable=True) as ledger:
        channels.get(ledger.connection, channel_id)
        told = [rule.name for rule in ruling.rules(ledger.connection) if channel_id in rule.channels]
        plans = [one.plan for one in scheduling.listed(ledger.connection)]
        told += [plan.name for plan in plans if channel_id in plan.channels]
        if told:
            raise ChannelInUse(f"Still told through this channel: {', '.join(told)}. Change that first.", used_by=told)
        ledger.append(e.ChannelRemoved(task_id="", channel_id=channel_id, by=actor.name))


def test_channel(deck: Deck, actor: Actor, channel_id: str) -> Sent:
    """Send one test message now, and say what the other side answered. Raises ChannelNotFound."""
    require(actor, "test_channel")
    with deck.store.read() as board:
        channel = board.channel(channel_id)
        address = channels.address(board.connection, channel_id)
    return tried(channel, address, actor.name)
