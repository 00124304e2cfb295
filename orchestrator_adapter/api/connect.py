"""Connections over HTTP: what is installed and received, and Claude Code's hooks."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import Field

from data.domain import errors as e
from orchestrator_adapter import commands_connect
from orchestrator_adapter.api import bodies, shapes_connect
from orchestrator_adapter.api.answers import Shape
from orchestrator_adapter.api.bodies import Sent
from orchestrator_adapter.api.http import Answer, Call, Operation, answer
from orchestrator_adapter.commands_connect import HookScope


class HooksBody(Sent):
    """What to do with the hooks in a settings file of Claude Code."""

    order: Literal["install", "remove"]
    scope: HookScope = HookScope.USER
    folder: str | None = Field(None, description="Of the project; only with the scope `project`", max_length=4096)
    url: str | None = Field(None, description="Where this server is reached", max_length=2000)
    carry_out: bool = Field(False, description="False: only say what would be changed")


class HookFileShape(Shape):
    file: str
    installed: int
    wanted: int
    hindrance: str
    """Why they are not run although they are installed; empty if nothing is known to keep them."""


class ReceivedShape(Shape):
    by: str
    """hooks, logs or metrics."""
    name: str
    number: int
    last: datetime


class ConnectionsShape(Shape):
    address: str
    hooks: HookFileShape
    open_sessions: int
    received: list[ReceivedShape]


class HooksShape(Shape):
    file: str
    changes: bool
    difference: str
    """Line by line, without the token."""
    done: bool
    backup: str | None


def connections(call: Call, _: bodies.Nothing) -> Answer:
    return answer(shapes_connect.connections(commands_connect.connections(call.deck)))


def change_hooks(call: Call, body: HooksBody) -> Answer:
    """What would be changed, or what was."""
    folder = None if body.folder is None else Path(body.folder)
    if body.order == "install":
        found = commands_connect.install_hooks(call.deck, call.actor, body.scope, folder=folder, url=body.url)
        if body.carry_out:
            found = commands_connect.install_hooks(
                call.deck, call.actor, body.scope, folder=folder, url=body.url, planned=found.plan
            )
    else:
        found = commands_connect.remove_hooks(call.deck, call.actor, body.scope, folder=folder)
        if body.carry_out:
            found = commands_connect.remove_hooks(call.deck, call.actor, body.scope, folder=folder, planned=found.plan)
    return answer(shapes_connect.done(found))


def renew_token(call: Call, _: bodies.Nothing) -> Answer:
    """The new token is not told here, where everybody on this machine can ask: it lies in a file of its owner."""
    commands_connect.renew_token(call.deck, call.actor)
    return Answer(b"", 204)


def operations(prefix: str) -> list[Operation]:
    """What the table of contents lists of connections."""
    change, every = (e.CrossSite, e.NotAllowed), f"{prefix}/connections"
    return [
        Operation(
            "GET",
            every,
            connections,
            "How sessions that others run report here, and what was received",
            gives=ConnectionsShape,
            refuses=(e.HookSettingsRefused,),
        ),
        Operation(
            "POST",
            f"{every}/hooks",
            change_hooks,
            "Put our hooks into a settings file of Claude Code, or take them out; or say what that would change",
            HooksBody,
            HooksShape,
            refuses=(e.HookSettingsRefused, e.BodyInvalid, *change),
        ),
        Operation(
            "POST",
            f"{every}/token",
            renew_token,
            "Make another token for programs that report here; the old one is refused",
            status=204,
            refuses=change,
        ),
    ]
