"""The part of the board that tells of channels, schedules of reports, and what is delivered."""

from __future__ import annotations

from data.domain.channels import Channel
from data.domain.deliveries import Delivery
from data.domain.schedules import Schedule
from data.store import channels, delivering, scheduling
from data.store.delivering import DeliveryFilter, Place
from data.store.look import Look


class DeliveryReads(Look):
    """Channels, schedules of reports, and deliveries."""

    def channels(self) -> list[Channel]:
        """By name; never with what of their addresses is secret."""
        return channels.listed(self.connection)

    def channel(self, channel_id: str) -> Channel:
        """Raises ChannelNotFound."""
        return channels.get(self.connection, channel_id)

    def report_schedules(self) -> list[Schedule]:
        """By name."""
        return scheduling.listed(self.connection)

    def report_schedule(self, schedule_id: str) -> Schedule:
        """Raises ScheduleNotFound."""
        return scheduling.get(self.connection, schedule_id)

    def deliveries(self, wanted: DeliveryFilter, limit: int, before: Place | None = None) -> list[Delivery]:
        """The newest first; those behind a place."""
        return delivering.listed(self.connection, wanted, limit, before)
