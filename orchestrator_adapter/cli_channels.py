"""The commands by which a person at a terminal sees, makes, tries and removes channels, and sees what was delivered."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from data.domain import words
from data.domain.channels import EXAMPLES, Address, ChannelKind
from data.domain.deliveries import DeliveryStatus
from data.domain.errors import ChannelInvalid, FleetError, InvalidField
from data.store.delivering import DeliveryFilter
from orchestrator_adapter import commands_channels
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.api import channels as shapes
from orchestrator_adapter.terminal import AsJson, client, opened, print_json, print_table

app = typer.Typer()
ChannelId = Annotated[str, typer.Argument(metavar="ID", help="Its id; `alert-channels` lists them")]
MOST = 100


class NotTaken(FleetError):
    """The other side did not take the test message."""


@app.command("alert-channels")
def channels(as_json: AsJson = False) -> None:
    """List the channels by which people are told; never with their secrets."""
    with opened() as store, store.read() as board:
        found = board.channels()
    if as_json:
        print_json([shapes.shape(one) for one in found])
        return
    print_table(["id", "name", "kind", "leads to"], [[one.id, one.name, one.kind, one.shown] for one in found])


@app.command("alert-channel")
def channel(
    channel_id: Annotated[str | None, typer.Argument(metavar="ID", help="None: a new one")] = None,
    name: Annotated[str, typer.Option(help="What people call it")] = "",
    kind: Annotated[ChannelKind | None, typer.Option(help="How a new one reaches people")] = None,
    new_address: Annotated[bool, typer.Option("--address", help="Change the address of one that is there")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Take it away")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a channel, or change or remove one. Its address is asked for, or read from standard input."""
    with client() as deck:
        if remove:
            if channel_id is None:
                raise InvalidField("ID must name the channel to remove.", field="id")
            commands_channels.remove_channel(deck, LOCAL, channel_id)
            print(f"Channel {channel_id} is removed.")
            return
        address = _asked(kind) if new_address or (channel_id is None and kind is not None) else None
        given = {"kind": kind, "address": address, "channel_id": channel_id}
        made = commands_channels.set_channel(deck, LOCAL, name, **given)  # type: ignore[arg-type]
    if as_json:
        print_json(shapes.shape(made))
    else:
        print(f"Channel {made.id} ({made.name}) leads to {made.shown}.")


def _asked(kind: ChannelKind | None) -> Address:
    """Not as an option: what is typed there stands in the history of the shell and in the list of processes."""
    if sys.stdin.isatty():
        like = f", like {EXAMPLES[kind]}" if kind else ""
        return Address(str(typer.prompt(f"Address{like} (not shown)", hide_input=True)).strip())
    line = sys.stdin.readline().strip()
    if not line:
        raise ChannelInvalid("address must be the first line of standard input.", field="address")
    return Address(line)


@app.command("alert-channel-test")
def tried(channel_id: ChannelId, as_json: AsJson = False) -> None:
    """Send one test message, and say what the other side answered."""
    with client() as deck:
        sent = commands_channels.test_channel(deck, LOCAL, channel_id)
    if as_json:
        print_json({"taken": sent.ok, "said": sent.said})
    elif sent.ok:
        print(sent.said)
    if not sent.ok:
        raise NotTaken(sent.said)


@app.command("alert-deliveries")
def deliveries(
    status: Annotated[DeliveryStatus | None, typer.Option(help="Only these")] = None,
    alert: Annotated[str | None, typer.Option(help="Only of this alert")] = None,
    as_json: AsJson = False,
) -> None:
    """List what was sent to channels, what failed and when it is tried again, the newest first."""
    with opened() as store, store.read() as board:
        found = board.deliveries(DeliveryFilter(status=status, subject_id=alert), MOST)
        now = store.now()
    if as_json:
        print_json([shapes.delivery(one) for one in found])
        return
    rows = [[words.ago(d.at, now), d.about, d.channel, d.status, str(d.tries), d.said, d.subject_id] for d in found]
    print_table(["when", "what", "channel", "status", "tries", "the other side", "id"], rows)
