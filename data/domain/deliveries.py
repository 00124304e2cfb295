"""Deliveries: one message to one channel, what became of it, and when it is tried again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

BACKOFF_S = (30, 120, 600, 3_600, 21_600)
"""How long after each failed try the next one comes: half a minute, 2 and 10 minutes, 1 and 6 hours."""
MOST_TRIES = len(BACKOFF_S) + 1
GAP_S = 60
"""A channel gets alerts at most so often; what is raised meanwhile goes into one message."""
HOLD_S = 180
"""A try whose process died is made again after so long; longer than any try may take."""
MOST_AT_ONCE = 200
"""Alerts in one message."""


class About(StrEnum):
    """What is delivered."""

    ALERT = "alert"
    REPORT = "report"


class DeliveryStatus(StrEnum):
    """What became of a delivery."""

    WAITING = "waiting"
    """Not tried yet."""
    SENT = "sent"
    """The other side took it."""
    FAILED = "failed"
    """Tried, and to be tried again."""
    GIVEN_UP = "given_up"
    """It will not be tried any more."""


PENDING = (DeliveryStatus.WAITING, DeliveryStatus.FAILED)


@dataclass(frozen=True)
class Delivery:
    """What is to be told to one channel."""

    about: About
    subject_id: str
    """The alert, or the schedule of the report."""
    at: datetime
    """When the alert was raised, or the report was due."""
    channel_id: str
    channel: str
    """The channel's name."""
    status: DeliveryStatus
    tries: int
    said: str
    """What the other side answered, or why it is not sent; empty before the first try."""
    tried_at: datetime | None = None
    next_at: datetime | None = None


def next_ms(at_ms: int, tries: int) -> int | None:
    """When it is tried again after so many failed tries (ms); None: never."""
    return at_ms + 1000 * BACKOFF_S[tries - 1] if 1 <= tries < MOST_TRIES else None
