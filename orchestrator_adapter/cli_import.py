"""The commands by which a person at a terminal reads history in, and asks what a folder of it cost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from data.domain import words
from data.domain.errors import HistoryFolderInvalid
from data.domain.imports import Import
from data.domain.transcript_lines import CostMode
from orchestrator_adapter import cli_usage
from orchestrator_adapter.access import LOCAL, require
from orchestrator_adapter.api import history_shapes
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.ingest import history_folder, importing
from orchestrator_adapter.terminal import AsJson, client, print_json

app = typer.Typer()
imports = typer.Typer(help="Read in what others wrote: read-only, and as often as you like.", no_args_is_help=True)
app.add_typer(imports, name="import")

Folder = Annotated[Path | None, typer.Argument(metavar="PATH", help="Default: that of Claude Code on this machine")]
Zone = Annotated[str, typer.Option(help="Zone that decides on which day a reply was, as Europe/Berlin or local")]
Mode = Annotated[CostMode, typer.Option("--cost", help="auto: what a line says, else the price list")]


@imports.command()
def transcripts(
    folder: Folder = None,
    watch: Annotated[bool, typer.Option("--watch", help="Stay, and read in what is added")] = False,
    again: Annotated[bool, typer.Option("--again", help="Sessions that were deleted here, too")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what they used, and write nothing")] = False,
    as_json: AsJson = False,
) -> None:
    """Read transcripts of Claude Code in: sessions become tasks, each reply is counted once."""
    if dry_run:
        usage(folder, as_json=as_json)
        return
    with client() as deck:
        require(LOCAL, "import_transcripts")
        path = history_folder.checked(cli_usage.whole(folder), deck.settings.environment)
        done = _shown(deck, path, again) if not as_json else deck.importer.run(path, by=LOCAL.name, again=again)
        if as_json:
            print_json(history_shapes.one(done))
        if done.error:
            raise HistoryFolderInvalid(f"The import failed: {done.error}")
        if watch:
            keep_watching(deck, path, as_json)


def keep_watching(deck: Deck, path: Path, as_json: bool, wait: Callable[[float], object] = time.sleep) -> None:
    """Say what comes in, until somebody interrupts, or `wait` says so."""
    deck.importer.look_at(path)
    while not wait(importing.LOOK_S):
        report = deck.importer.look_at(path)
        if report is None or not (report.new or report.grown):
            continue
        if as_json:
            print_json(history_shapes.report(report))
        else:
            told = f"{words.count(report.new, 'new file')}, {report.grown} grown"
            print(f"{told}: {words.count(report.replies, 'reply', 'replies')}, {words.dollars(report.nanousd)}")


def _shown(deck: Deck, path: Path, again: bool) -> Import:
    """With a bar, which goes away; then what came of it."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(f"Reading {path}", total=None)
        news = threading.Event()

        def hear(_clock: int, _news: object) -> None:
            news.set()

        stop = deck.store.listen(hear)
        try:
            found = deck.importer.start(path, by=LOCAL.name, again=again)
            while found.status == "running":
                news.wait(importing.TOLD_S)
                news.clear()
                found = deck.importer.told(found.id)
                progress.update(bar, total=found.bytes_total or None, completed=found.bytes_done)
        finally:
            stop()
    _tell(found)
    return found


def _tell(found: Import) -> None:
    report = found.report
    fresh = f"{words.count(report.sessions, 'session')} and {words.count(report.subagents, 'sub-agent')}"
    print(f"{found.folder}: {words.count(found.files_total, 'file')}")
    replaced = f", {report.replaced} of them replaced" if report.replaced else ""
    print(f"  new      {report.new} ({fresh})")
    print(f"  grown    {report.grown}{replaced}")
    print(f"  known    {report.known}")
    print(f"  skipped  {report.skips}")
    for why, number in sorted(report.skipped.items()):
        print(f"           {number}: {why}")
    unpriced = f", {words.count(report.unpriced, 'reply', 'replies')} without a known price" if report.unpriced else ""
    copies = f" ({report.known_replies} copies of known ones left out)" if report.known_replies else ""
    print(f"  {words.count(report.replies, 'reply', 'replies')}{copies}, {words.dollars(report.nanousd)}{unpriced}")
    if report.waiting:
        print(f"  {words.count(report.waiting, 'file')} with a last line that is not whole yet: it is read when it is")
    for place in report.fault_places:
        print(f"  broken line, kept as it stands: {place}")


@app.command()
def usage(
    folder: Folder = None,
    timezone: Zone = "local",
    cost: Mode = CostMode.AUTO,
    surcharge: Annotated[bool, typer.Option("--surcharge", help="As some price lists beyond 200,000 tokens")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what a folder of transcripts used, by day and model, without reading it in."""
    found = cli_usage.asked(folder, timezone, cost, surcharge=surcharge)
    cli_usage.tell(found, as_json=as_json)
