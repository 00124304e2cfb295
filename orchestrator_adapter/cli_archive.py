"""The command by which a person at a terminal archives old months, checks them and reads them back."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Literal

import orjson
import structlog
import typer

from data.domain.errors import ArchiveDamaged
from data.warehouse import cold
from orchestrator_adapter import settings as settings_module
from orchestrator_adapter.api import archive as answers
from orchestrator_adapter.cli_costs import told
from orchestrator_adapter.terminal import AsJson, print_json, print_table

app = typer.Typer()
Noun = Literal["tasks", "agents", "replies", "tool_calls"]


@app.command()
def archive(
    check: Annotated[bool, typer.Option("--check", help="Only compare every file with its checksum")] = False,
    read: Annotated[str | None, typer.Option(metavar="MONTH", help="Print the rows of a month, like 2025-01")] = None,
    what: Annotated[Noun, typer.Option(help="Of what --read prints the rows")] = "replies",
    as_json: AsJson = False,
) -> None:
    """Move old months into Parquet, write down those of long ago, say what lies where; the store keeps all of it."""
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    folder = settings_module.read().home / "archive"
    if read is not None:
        for line in cold.lines(folder, read, what):
            sys.stdout.buffer.write(orjson.dumps(line) + b"\n")
    elif check:
        if wrong := cold.damaged(folder):
            raise ArchiveDamaged(" ".join(wrong[:5]), files=len(wrong))
        print(f"{len(cold.kept(folder)):,} archived months are as they were written.")
    else:
        found = told(lambda call, _: answers.done(call), None)
        if as_json:
            print_json(found)
        else:
            _print(found)


def _print(found: dict[str, Any]) -> None:
    rows = []
    for name, where in (("hot", "database"), ("warm", "Parquet")):
        if (tier := found[name]) is not None:
            since = "–" if tier["since"] is None else f"{tier['since']:%Y-%m-%d} to {tier['until']:%Y-%m-%d}"
            rows.append([name, where, f"{tier['replies']:,}", f"{tier['tool_calls']:,}", _size(tier["bytes"]), since])
    parts = [part for one in found["cold"] for part in one["parts"]]
    if parts:
        count = {
            noun: sum(part["rows"] for part in parts if part["noun"] == noun) for noun in ("replies", "tool_calls")
        }
        months = f"{found['cold'][0]['month']} to {found['cold'][-1]['month']}"
        size = _size(sum(part["bytes"] for part in parts))
        rows.append(["cold", "JSON besides", f"{count['replies']:,}", f"{count['tool_calls']:,}", size, months])
    print_table(["history", "lies in", "replies", "tool calls", "size", "of"], rows)
    print(f"{found['moved_files']} files and {len(found['written_months'])} months were written.")


def _size(number: int) -> str:
    return f"{number / 1e6:,.1f} MB"
