"""The command by which a person at a terminal, or a timer, gets rows and reports as files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import structlog
import typer

from data.domain import windows
from data.domain.errors import InvalidField
from data.domain.exports import Format, What
from data.domain.tasks import TaskType
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.api import bodies, exports
from orchestrator_adapter.api.http import Call
from orchestrator_adapter.cli_costs import Since, Until, Zone, asked
from orchestrator_adapter.kept import Kept
from orchestrator_adapter.terminal import client

app = typer.Typer()


@app.command()
def export(
    what: Annotated[What, typer.Argument(help="What the rows are of")] = What.COSTS,
    written: Annotated[Format, typer.Option("--format", help="A PDF is the whole report")] = Format.CSV,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File or folder; default: to the terminal")] = None,
    since: Since = None,
    until: Until = None,
    by: Annotated[str, typer.Option(help="hour, day, week or month: the steps of time of costs")] = "day",
    tz: Zone = windows.UTC_NAME,
    task_type: Annotated[TaskType | None, typer.Option("--type", help="Only of this type")] = None,
    simulated: Annotated[bool, typer.Option("--simulated", help="Demos instead of real work")] = False,
) -> None:
    """Costs, tasks, agents or tools of any window as a file, or the report as a PDF: the bytes of page and API."""
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))  # stdout is for other programs
    if out is None and written in (Format.PARQUET, Format.PDF) and sys.stdout.isatty():
        raise InvalidField(f"Say with --out where the {written} goes; a terminal cannot show it.", field="out")
    given = asked(since, until, tz) | {"what": what, "format": written, "by": by, "simulated": simulated}
    body = bodies.read(exports.ExportBody, given | ({"task_type": task_type} if task_type else {}))
    with client() as deck:
        found = exports.made(Call(deck, LOCAL, {}, Kept()), body)
        deck.warehouse.close()
    if out is None:
        sys.stdout.buffer.write(found.body)
        return
    target = out / found.name if out.is_dir() else out
    try:
        target.write_bytes(found.body)
    except OSError as error:
        raise InvalidField(f"{target} cannot be written: {error.strerror}.", field="out") from error
    print(target)
