"""The part of the board that tells of channels and of what is delivered through them."""

from __future__ import annotations

from data.domain.channels import Channel
from data.domain.deliveries import Delivery
from data.store import channels, delivering
from data.store.delivering import DeliveryFilter, Place
from data.store.look import Look


class DeliveryReads(Look):
    """Channels and deliveries."""

    def channels(self) -> list[Channel]:
        """By name; never with what of their addresses is secret."""
        return channels.listed(self.connection)

    def channel(self, channel_id: str) -> Channel:
        """Raises ChannelNotFound."""
        return channels.get(self.connection, channel_id)

    def deliveries(self, wanted: DeliveryFilter, limit: int, before: Place | None = None) -> list[Delivery]:
        """The newest first; those behind a place."""
        return delivering.listed(self.connection, wanted, limit, before)
