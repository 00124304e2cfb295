"""The command by which a person at a terminal searches everything that was said and done."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from data.domain import words
from data.domain.search import parse
from data.store import search_index
from data.store.lists import MAX_LIMIT
from data.store.search import Order
from data.store.search_clock import settled
from orchestrator_adapter.api import search as shapes
from orchestrator_adapter.terminal import AsJson, opened, print_json, print_table
from orchestrator_adapter.views import found

SHOWN_S = 0.5
app = typer.Typer()


@app.command()
def search(
    question: Annotated[
        list[str], typer.Argument(help='Words, "phrases", -without, begin*, role:builder since:7d ...')
    ],
    sort: Annotated[Order, typer.Option(help="The best, or the newest first")] = "best",
    limit: Annotated[int, typer.Option(min=1, max=MAX_LIMIT, help="Most rows")] = 20,
    as_json: AsJson = False,
) -> None:
    """Search tasks, conversations, tools, files and logs."""
    with opened() as store, store.read() as board:
        query = parse(" ".join(question), store.now())
        results = board.search(query, limit, None, sort, store.now())
        indexed = board.search_indexed()
    if as_json:
        print_json(shapes.told(results, query.notes, indexed))
        return
    for note in query.notes:
        print(note)
    print(found.counted(query, results) + ".")
    rows = [
        [
            f"{hit.at:%Y-%m-%d %H:%M}",
            hit.task_id,
            hit.agent or "",
            found.named(hit),
            "".join(f"[{bit.text}]" if bit.hit else bit.text for bit in hit.snippet),
        ]
        for hit in results.hits
    ]
    if rows:
        print_table(["at", "task", "agent", "what", "text"], rows)


@app.command()
def reindex() -> None:
    """Build the index of search anew from what is kept, as after damage; nothing else is changed."""
    console = Console(stderr=True)
    with opened() as store, Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        with store.write() as ledger:
            search_index.start_over(ledger.connection)
        bar = progress.add_task("Indexing", total=store.clock())
        while not settled(store, SHOWN_S):
            with store.read() as board:
                progress.update(bar, completed=board.clock() - board.search_indexed().behind)
        with store.read() as board:
            number = board.search_texts()
    print(f"{words.count(number, 'text')} can be found.")
