"""The commands about engine processes: being one without pages, and seeing which there are."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer

from data.domain import words
from data.domain.errors import SettingInvalid
from data.store import workers as rows
from data.store.workers import Worker, WorkerState
from orchestrator_adapter import deck as decks
from orchestrator_adapter import settings as settings_module
from orchestrator_adapter.api import shapes
from orchestrator_adapter.engine.places import ALL
from orchestrator_adapter.terminal import AsJson, opened, print_json, print_table

app = typer.Typer()


@app.command()
def worker(
    queues: Annotated[
        str, typer.Option(help="What to take from: tasks to begin, agents to run, or both")
    ] = "tasks,agents",
) -> None:
    """Run agents without serving pages, on one more machine of the same PostgreSQL."""
    chosen = {name.strip() for name in queues.split(",") if name.strip()}
    if not chosen or chosen - ALL:
        raise SettingInvalid(f"--queues takes tasks, agents or tasks,agents, not {queues!r}.", field="queues")
    deck = decks.build(settings_module.read(), pages=False, queues=chosen)
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: told.set())
    print(f"Worker {deck.engine.worker} runs up to {words.count(deck.settings.max_agents, 'agent')} here.", flush=True)
    told.wait()
    deck.engine.leave()


@app.command()
def workers(as_json: AsJson = False) -> None:
    """List the engine processes that there are or were, the newest first."""
    with opened() as store, store.read() as board:
        found = rows.listed(board.connection)
    if as_json:
        print_json([shapes.worker(one) for one in found])
        return
    columns = ["worker", "state", "host", "pid", "pages", "agents", "of", "started", "last heard"]
    print_table(columns, [_row(one) for one in found])


def _row(one: Worker) -> list[str]:
    here = one.state in (WorkerState.ALIVE, WorkerState.SILENT)
    return [
        one.id,
        one.state,
        one.host,
        str(one.pid),
        "yes" if one.pages else "no",
        str(one.agents),
        str(one.max_agents),
        f"{one.started_at:%Y-%m-%d %H:%M}",
        f"{one.silent_ms / 1000:.0f} s ago" if here else f"{one.beat_at:%Y-%m-%d %H:%M}",
    ]


def summary(found: list[Worker]) -> str:
    """`2 engine processes, 3 of 8 agents at work`."""
    living = [one for one in found if one.state is WorkerState.ALIVE]
    if not living:
        return "no engine process runs: tasks start when `serve` or `worker` does"
    most = sum(one.max_agents for one in living)
    at_work = sum(one.agents for one in living)
    return f"{words.count(len(living), 'engine process', 'engine processes')}, {at_work} of {most} agents at work"
