"""The command by which a person at a terminal sees what was spent."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import structlog
import typer

from data.domain import windows, words
from data.domain.errors import InvalidField
from data.domain.money import from_usd
from data.domain.tasks import TaskType
from data.warehouse.costs import DRIFT_PERCENT
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.api import bodies, figures, invoices, measure
from orchestrator_adapter.api.http import Call
from orchestrator_adapter.kept import Kept
from orchestrator_adapter.terminal import DAYS, AsJson, client, print_json, print_table

app = typer.Typer()
Since = Annotated[datetime | None, typer.Option(formats=DAYS, help="From; default: 29 days ago")]
Until = Annotated[datetime | None, typer.Option(formats=DAYS, help="Before; default: now")]
Zone = Annotated[str, typer.Option(help="IANA time zone of the days")]
Type = Annotated[TaskType | None, typer.Option("--type", help="Only of this type")]
Simulated = Annotated[bool, typer.Option("--simulated", help="Demos instead of real work")]
Query = TypeVar("Query")
_NO_RUN = {
    "unlisted_usd": "are the share of runs that were deleted",
    "unshared_usd": "are for days and models of which nothing was counted",
}


def asked(since: datetime | None, until: datetime | None, tz: str) -> dict[str, Any]:
    """A window as it would be sent. Raises WindowInvalid."""
    here = windows.zone(tz)
    given = {"from": since, "to": until}
    return {"tz": tz} | {name: at.replace(tzinfo=here) for name, at in given.items() if at is not None}


def told(told_of: Callable[[Call, Query], dict[str, Any]], query: Query) -> dict[str, Any]:
    """What the API says to this question; what the warehouse logs meanwhile is kept from other programs' input."""
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    with client() as deck:
        try:
            return told_of(Call(deck, LOCAL, {}, Kept()), query)
        finally:
            deck.warehouse.close()


@app.command()
def costs(
    since: Since = None,
    until: Until = None,
    by: Annotated[str, typer.Option(help="day, week, role, model, task_type, folder, user, token_kind ...")] = "day",
    tz: Zone = windows.UTC_NAME,
    simulated: Annotated[bool, typer.Option("--simulated", help="Simulated money instead of real money")] = False,
    as_json: AsJson = False,
) -> None:
    """What was spent: the same numbers as on the page and over HTTP."""
    query = bodies.read(measure.CostQuery, asked(since, until, tz) | {"by": by, "simulated": simulated})
    found = told(measure.told, query)
    if as_json:
        print_json(found)
    else:
        _print(found)


@app.command()
def invoice(
    file: Annotated[Path, typer.Argument(help="CSV with columns of the day, of dollars, of the model", dir_okay=False)],
    limit: Annotated[float, typer.Option(help="Per cent from which on it is too far apart")] = DRIFT_PERCENT,
    runs: Annotated[int, typer.Option(min=1, max=figures.MOST, help="Runs at most, the furthest apart first")] = 20,
    as_json: AsJson = False,
) -> None:
    """Compare an invoice with what was counted, by day, model and run; ends with 1 if any are too far apart."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidField(f"{file} cannot be read as text: {error}.", field="file") from error
    body = bodies.read(invoices.InvoiceBody, {"csv": text, "limit_percent": limit, "most_runs": runs})
    found = told(invoices.told, body)
    if as_json:
        print_json(found)
    else:
        _print_invoice(found)
    if found["beyond"] or found["drifting_runs"]:
        raise typer.Exit(1)


def _print_invoice(found: dict[str, Any]) -> None:
    lines = [*found["days"], found | {"day": "in all"}]
    rows = [
        [str(one["day"]), dollars(one["billed_usd"]), dollars(one["counted_usd"]), _apart(one["drift_percent"])]
        for one in lines
    ]
    print_table(["day (UTC)", "billed", "counted", "apart"], rows)
    if any(cell["model"] for cell in found["cells"]):
        print()
        print_table(["day (UTC)", "model", "billed", "counted", "apart"], [_cell(cell) for cell in found["cells"]])
    if found["runs"]:
        print()
        print_table(["task", "run", "share of the invoice", "counted there", "apart"], list(map(_run, found["runs"])))
    for name, told in _NO_RUN.items():
        if found[name]:
            print(f"{dollars(found[name])} of the invoice {told}.")
    if found["unpriced_replies"]:
        print(f"{words.count(found['unpriced_replies'], 'reply', 'replies')} without a known price are not counted.")
    if found["drifting_runs"]:
        runs = words.count(found["drifting_runs"], "run")
        print(f"The share and the count of {runs} are {found['limit_percent']:g} % or more apart.")
    if found["beyond"]:
        print(f"They are {found['limit_percent']:g} % or more apart.")


def _cell(one: dict[str, Any]) -> list[str]:
    drift = "–" if one["billed_usd"] is None else _apart(one["drift_percent"]) + " !" * one["drifting"]
    billed = maybe(one["billed_usd"])
    return [str(one["day"]), one["model"] or "all models", billed, dollars(one["counted_usd"]), drift]


def _run(one: dict[str, Any]) -> list[str]:
    share, drift = one["invoice_share_usd"], one["invoice_drift_percent"]
    return [
        one["task_id"],
        words.title(one["description"], 40),
        maybe(share),
        maybe(one["invoice_beside_usd"]),
        "–" if drift is None else _apart(drift) + " !" * one["invoice_drifting"],
    ]


def maybe(usd: float | None) -> str:
    """Dollars, or a dash for what nobody knows."""
    return "–" if usd is None else dollars(usd)


def _apart(percent: float | None) -> str:
    return "nothing counted" if percent is None else f"{percent:+.1f} %"


def _print(found: dict[str, Any]) -> None:
    items = found["items"]
    begin, end = (f"{found['window'][name]:%Y-%m-%d %H:%M}" for name in ("from", "to"))
    kind = "simulated " if found["simulated"] else ""
    print(
        f"{dollars(found['cost_usd'])} {kind}from {begin} to {end} UTC, "
        f"{dollars(found['before_usd'])} in the same time before."
    )
    if found["unpriced_replies"]:
        print(f"{words.count(found['unpriced_replies'], 'reply', 'replies')} without a known price are not in it.")
    if not items:
        return
    rows = [
        [item["name"], dollars(item["cost_usd"]), words.tokens(item["tokens"]), str(item["replies"])] for item in items
    ]
    print_table([found["by"], "cost", "tokens", "replies"], rows)
    if found["drifting_runs"]:
        runs = words.count(found["drifting_runs"], "run")
        print(f"The figures of {runs} are {DRIFT_PERCENT:g} % or more apart: the Costs page shows which.")


def dollars(usd: float) -> str:
    return words.dollars(from_usd(usd))
