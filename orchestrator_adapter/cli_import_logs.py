"""The command by which a person at a terminal takes in agent log folders."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from orchestrator_adapter import commands_import_logs
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.api.agent_logs import report
from orchestrator_adapter.ingest.log_import import Report, Taken
from orchestrator_adapter.terminal import AsJson, client, print_json, print_table

app = typer.Typer()
"""Stands in the group `import`."""


@app.command(name="logs")
def import_logs(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A folder that holds agent logs, at any depth")],
    zone: Annotated[str, typer.Option(help="Of times without an offset, like Europe/Berlin; else this machine's")] = "",
    as_json: AsJson = False,
) -> None:
    """Take in the agent log folders below a path, of another orchestrator or another Quarterdeck."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with client() as deck, Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        row = bar.add_task("Log folders", total=None)
        found = commands_import_logs.import_logs(
            deck,
            LOCAL,
            str(path),
            zone=zone,
            anywhere=True,
            tell=lambda done, of: bar.update(row, completed=done, total=of),
        )
    if as_json:
        print_json(report(found))
    else:
        _print(found)


def _print(found: Report) -> None:
    if rows := [[item.outcome, item.folder, _about(item)] for item in found.items if item.outcome != "known"]:
        print_table(["", "folder", ""], rows)
    print(f"{found.sentence[:-1]}." if found.items else f"There is no agent log folder at or below {found.path}.")


def _about(item: Taken) -> str:
    parts = [item.why] if item.why else [f"{item.events} events"]
    if item.broken:
        parts.append(f"{item.broken} broken lines, kept as notices")
    if item.half_written:
        parts.append(f"{', '.join(item.half_written)} ends in the middle of a line, whose rest is waited for")
    if item.cut:
        parts.append(f"{item.cut} answers of which the log holds only the beginning")
    return "; ".join(parts)
