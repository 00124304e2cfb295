"""The command by which a person at a terminal asks questions of their own over the warehouse."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import structlog
import typer

from data.domain.errors import InvalidField
from data.domain.exports import Format
from orchestrator_adapter import commands_adhoc, reports
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.api import adhoc
from orchestrator_adapter.terminal import AsJson, client, print_json, print_table

app = typer.Typer()


@app.command()
def sql(
    question: Annotated[str, typer.Argument(help="One SELECT; without it, what there is to ask for")] = "",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write to this .csv or .parquet file")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask in SQL over a copy of the warehouse: nothing else can be read, nothing changed."""
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))  # stdout is for other programs
    if out is not None and out.suffix not in (".csv", ".parquet"):
        raise InvalidField("The file must end in .csv or .parquet.", field="out")
    with client() as deck:
        try:
            if not question:
                print_table(["table", "column", "type"], [list(line) for line in deck.adhoc.columns()])
                return
            found = commands_adhoc.ask_sql(deck, LOCAL, question)
        finally:
            deck.adhoc.close()
            deck.warehouse.close()
    if out is not None:
        out.write_bytes(reports.rows_file(found.rows, Format(out.suffix.removeprefix(".")), {}))
    elif as_json:
        print_json(adhoc.told(found))
    else:
        told = adhoc.told(found)
        rows = [["" if cell is None else str(cell) for cell in line] for line in told["rows"]]
        print_table(found.rows.column_names, rows)
    if found.more:
        print(f"Only the first {found.rows.num_rows:,} rows: one answer has no more.", file=sys.stderr)
