"""The command by which a person at a terminal sees what was spent."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Annotated, Any

import structlog
import typer

from data.domain import windows, words
from data.domain.money import from_usd
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.api import bodies, measure
from orchestrator_adapter.api.http import Call
from orchestrator_adapter.kept import Kept
from orchestrator_adapter.terminal import AsJson, client, print_json, print_table

app = typer.Typer()
_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]


@app.command()
def costs(
    since: Annotated[datetime | None, typer.Option(formats=_FORMATS, help="From; default: 29 days ago")] = None,
    until: Annotated[datetime | None, typer.Option(formats=_FORMATS, help="Before; default: now")] = None,
    by: Annotated[str, typer.Option(help="day, week, role, model, task_type, folder, user, token_kind ...")] = "day",
    tz: Annotated[str, typer.Option(help="IANA time zone of the days")] = windows.UTC_NAME,
    simulated: Annotated[bool, typer.Option("--simulated", help="Simulated money instead of real money")] = False,
    as_json: AsJson = False,
) -> None:
    """What was spent: the same numbers as on the page and over HTTP."""
    # what a command prints on stdout is for other programs
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    here = windows.zone(tz)
    given: dict[str, Any] = {"by": by, "tz": tz, "simulated": simulated}
    given |= {name: at.replace(tzinfo=here) for name, at in (("from", since), ("to", until)) if at is not None}
    query = bodies.read(measure.CostQuery, given)
    with client() as deck:
        found = measure.told(Call(deck, LOCAL, {}, Kept()), query)
        deck.warehouse.close()
    if as_json:
        print_json(found)
    else:
        _print(found)


def _print(found: dict[str, Any]) -> None:
    items = found["items"]
    begin, end = (f"{found['window'][name]:%Y-%m-%d %H:%M}" for name in ("from", "to"))
    kind = "simulated " if found["simulated"] else ""
    print(
        f"{_dollars(found['cost_usd'])} {kind}from {begin} to {end} UTC, "
        f"{_dollars(found['before_usd'])} in the same time before."
    )
    if found["unpriced_replies"]:
        print(f"{words.count(found['unpriced_replies'], 'reply', 'replies')} without a known price are not in it.")
    if not items:
        return
    rows = [
        [item["name"], _dollars(item["cost_usd"]), words.tokens(item["tokens"]), str(item["replies"])] for item in items
    ]
    print_table([found["by"], "cost", "tokens", "replies"], rows)


def _dollars(usd: float) -> str:
    return words.dollars(from_usd(usd))
