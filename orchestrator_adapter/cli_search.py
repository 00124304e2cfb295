"""The command by which a person at a terminal searches everything that was said and done."""

from __future__ import annotations

from typing import Annotated

import typer

from data.domain.search import parse
from data.store.lists import MAX_LIMIT
from data.store.search import Order
from orchestrator_adapter.api import search as shapes
from orchestrator_adapter.terminal import AsJson, opened, print_json, print_table
from orchestrator_adapter.views import found

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
