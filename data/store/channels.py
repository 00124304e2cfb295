"""Channels in the store; the secret address of each lies in a table of its own, written with its event."""

from __future__ import annotations

import sqlalchemy as sa

from data.domain import events as e
from data.domain.channels import Address, Channel, ChannelKind
from data.domain.errors import ChannelNotFound
from data.store import rows
from data.store.tables_delivery import channel_secrets, channels


def fold(db: sa.Connection, rev: int, at_ms: int, event: e.ChannelSet | e.ChannelRemoved) -> None:
    """Raises ChannelNotFound."""
    c = channels.c
    match event:
        case e.ChannelSet():
            values = {"rev": rev, "name": event.name, "shown": event.shown}
            values |= {"changed_by": event.by, "changed_at_ms": at_ms}
            known = db.execute(sa.update(channels).where(c.id == event.channel_id, _HERE).values(**values)).rowcount
            if not known:
                kind = event.channel_kind.value
                db.execute(sa.insert(channels).values(id=event.channel_id, kind=kind, **values))
        case e.ChannelRemoved():
            gone = sa.update(channels).where(c.id == event.channel_id, _HERE).values(rev=rev, removed_at_ms=at_ms)
            if db.execute(gone).rowcount == 0:
                raise ChannelNotFound(f"There is no channel {event.channel_id}.", channel_id=event.channel_id)
            db.execute(sa.delete(channel_secrets).where(channel_secrets.c.channel_id == event.channel_id))


_HERE = channels.c.removed_at_ms.is_(None)


def listed(db: sa.Connection) -> list[Channel]:
    """Those that are there, by name."""
    found = db.execute(sa.select(channels).where(_HERE).order_by(channels.c.name, channels.c.id)).mappings()
    return [_channel(row) for row in found]


def _channel(row: rows.Row) -> Channel:
    return Channel(
        row["id"],
        row["name"],
        ChannelKind(row["kind"]),
        row["shown"],
        row["changed_by"],
        rows.at(row["changed_at_ms"]),
    )


def get(db: sa.Connection, channel_id: str) -> Channel:
    """Raises ChannelNotFound."""
    row = db.execute(sa.select(channels).where(channels.c.id == channel_id, _HERE)).mappings().first()
    if row is None:
        raise ChannelNotFound(f"There is no channel {channel_id}.", channel_id=channel_id)
    return _channel(row)


def keep_secret(db: sa.Connection, channel_id: str, address: Address) -> None:
    """Keep the address of a channel, instead of the one it had."""
    where = channel_secrets.c.channel_id == channel_id
    db.execute(sa.delete(channel_secrets).where(where))
    db.execute(sa.insert(channel_secrets).values(channel_id=channel_id, address=address.reveal()))


def address(db: sa.Connection, channel_id: str) -> Address:
    """What only the sender needs. Raises ChannelNotFound."""
    c = channel_secrets.c
    found = db.execute(sa.select(c.address).where(c.channel_id == channel_id)).scalar()
    if found is None:
        raise ChannelNotFound(f"There is no channel {channel_id}.", channel_id=channel_id)
    return Address(found)
