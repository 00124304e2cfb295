"""Channels and deliveries over HTTP: where people are told, what became of each message; never a secret."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from pydantic import Field, SecretStr

from data.domain import errors as e
from data.domain.channels import Address, Channel, ChannelKind
from data.domain.deliveries import About, Delivery, DeliveryStatus
from data.domain.errors import ChannelNotFound, CursorInvalid
from data.store.delivering import DeliveryFilter, Place
from data.store.lists import MAX_LIMIT
from data.store.rows import ms
from orchestrator_adapter import commands_channels
from orchestrator_adapter.api import bodies
from orchestrator_adapter.api.answers import Shape
from orchestrator_adapter.api.bodies import Sent, Short
from orchestrator_adapter.api.http import Answer, Call, Operation, answer

_CURSOR = re.compile(r"([0-9]{1,15})-([A-Za-z0-9_.:-]{1,64})~([A-Za-z0-9]{1,64})")


class ChannelBody(Sent):
    """A new channel, or with an `id` what changes of that one: a field that is left out stays as it is."""

    id: Short | None = None
    name: str = Field("", max_length=200, description="1 to 80 characters; no other channel has it")
    kind: ChannelKind | None = Field(None, description="Of a new channel; it cannot be changed")
    address: SecretStr | None = Field(None, description="Where it leads, with its secret; it is never told again")


class ChannelShape(Shape):
    id: str
    name: str
    kind: ChannelKind
    shown: str
    """What of its address everybody may see."""
    changed_by: str
    changed_at: datetime


class ChannelList(Shape):
    items: list[ChannelShape]
    next_cursor: None


class TriedShape(Shape):
    taken: bool
    said: str
    """What the other side answered."""


class DeliveryQuery(Sent):
    """Which deliveries to list, the newest first."""

    about: About | None = None
    status: DeliveryStatus | None = None
    channel: Short | None = Field(None, description="Id of a channel")
    subject: Short | None = Field(None, description="Id of an alert, or of the schedule of a report")
    limit: int = Field(50, ge=1, le=MAX_LIMIT, description="Most items of the answer")
    cursor: str | None = Field(None, max_length=200, description="`next_cursor` of the page before")


class DeliveryShape(Shape):
    about: About
    subject_id: str
    at: datetime
    """When the alert was raised, or the report was due."""
    channel_id: str
    channel: str
    status: DeliveryStatus
    tries: int
    said: str
    tried_at: datetime | None
    next_at: datetime | None
    """While it waits: when it is tried, or tried again at the latest."""


class DeliveryList(Shape):
    items: list[DeliveryShape]
    next_cursor: str | None


def shape(channel: Channel) -> dict[str, Any]:
    return {name: getattr(channel, name) for name in ChannelShape.model_fields}


def delivery(found: Delivery) -> dict[str, Any]:
    return {name: getattr(found, name) for name in DeliveryShape.model_fields}


def channels(call: Call, _: bodies.Nothing) -> Answer:
    with call.deck.store.read() as board:
        items = [shape(channel) for channel in board.channels()]
    return answer({"items": items, "next_cursor": None})


def set_channel(call: Call, body: ChannelBody) -> Answer:
    address = None if body.address is None else Address(body.address.get_secret_value().strip())
    given = {"kind": body.kind, "address": address, "channel_id": body.id}
    made = commands_channels.set_channel(call.deck, call.actor, body.name, **given)  # type: ignore[arg-type]
    return answer(shape(made), 200 if body.id else 201)


def remove_channel(call: Call, _: bodies.Nothing) -> Answer:
    commands_channels.remove_channel(call.deck, call.actor, call.id(ChannelNotFound))
    return Answer(b"", 204)


def try_channel(call: Call, _: bodies.Nothing) -> Answer:
    sent = commands_channels.test_channel(call.deck, call.actor, call.id(ChannelNotFound))
    return answer({"taken": sent.ok, "said": sent.said})


def deliveries(call: Call, query: DeliveryQuery) -> Answer:
    """A cursor is the place of the last item, so it stays true while others are put down."""
    wanted = DeliveryFilter(query.about, query.status, query.channel, query.subject)
    with call.deck.store.read() as board:
        found = board.deliveries(wanted, query.limit + 1, _place(query.cursor))
    shown, last = found[: query.limit], found[query.limit - 1 : query.limit]
    after = f"{ms(last[0].at)}-{last[0].subject_id}~{last[0].channel_id}" if len(found) > query.limit else None
    return answer({"items": [delivery(one) for one in shown], "next_cursor": after})


def _place(cursor: str | None) -> Place | None:
    if cursor is None:
        return None
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise CursorInvalid(field="cursor")
    return int(found[1]), found[2], found[3]


def operations(v1: str, change: tuple[type[e.FleetError], ...]) -> list[Operation]:
    every = f"{v1}/alerts/channels"
    return [
        Operation("GET", every, channels, "Channels by which people are told", gives=ChannelList),
        Operation(
            "POST",
            every,
            set_channel,
            "Make a channel, or with its id change one; its address is never told again",
            ChannelBody,
            ChannelShape,
            201,
            (ChannelNotFound, e.ChannelInvalid, e.BodyInvalid, *change),
        ),
        Operation(
            "DELETE",
            f"{every}/{{id}}",
            remove_channel,
            "Take a channel away with its secret; one that is still told through is kept",
            status=204,
            refuses=(ChannelNotFound, e.ChannelInUse, *change),
        ),
        Operation(
            "POST",
            f"{every}/{{id}}/test",
            try_channel,
            "Send one test message now, and say what the other side answered",
            gives=TriedShape,
            refuses=(ChannelNotFound, *change),
        ),
        Operation(
            "GET",
            f"{v1}/alerts/deliveries",
            deliveries,
            "What was sent to which channel, what failed, and when it is tried again",
            DeliveryQuery,
            DeliveryList,
            refuses=(e.CursorInvalid,),
        ),
    ]
