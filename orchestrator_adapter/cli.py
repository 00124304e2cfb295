"""The command line: a third front end on the same commands and the same store."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import threading
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from data.domain import words
from data.domain.agents import AgentStatus, Runtime
from data.domain.assignment import DECIDERS, AssignedBy
from data.domain.errors import InvalidField, StoreUnavailable, TooLate
from data.domain.fleet import Priority
from data.domain.money import from_usd
from data.domain.outcomes import SPOKEN, VERDICTS, Verdict
from data.domain.tasks import AnalystChoice, Draft, Task, TaskStatus, TaskType
from data.store import AgentFilter, Board, Store, TaskFilter, migrate, workers
from data.store.lists import MAX_LIMIT
from data.store.store import unwritable
from data.store.watch import Watcher
from orchestrator_adapter import cli_import, cli_import_logs, cli_workers, commands
from orchestrator_adapter import deck as decks
from orchestrator_adapter import settings as settings_module
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.api import shapes
from orchestrator_adapter.cli_part import HOMES, LOOK, run
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.settings import Settings
from orchestrator_adapter.terminal import DAYS, AsJson, at_rest, client, opened, print_json, print_table, served
from orchestrator_adapter.views import happenings

app = typer.Typer(**LOOK)
LOOK_S = 5.0
"""How often a waiting command makes sure that somebody still works on the task."""

Limit = Annotated[int, typer.Option(min=1, max=MAX_LIMIT, help="Most rows")]


def main() -> NoReturn:
    run(app)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to serve on; default QUARTERDECK_HOST")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0 picks a free one")] = None,
) -> None:
    """Serve the app and the API."""
    from orchestrator_adapter.api.serve import serve as run_server

    settings = settings_module.read()
    settings = replace(settings, host=host or settings.host, port=settings.port if port is None else port)
    run_server(settings, lambda text: print(text, flush=True))


@app.command(name="migrate")
def migrate_store() -> None:
    """Bring the store to the newest schema."""
    with opened() as store:
        print(f"The store is at revision {migrate.current(store.reader)}, the newest.")


@app.command()
def submit(
    description: Annotated[str, typer.Argument(help="What the agents are to do")],
    task_type: Annotated[TaskType | None, typer.Option("--type", help="Guessed if it is missing")] = None,
    analyst: Annotated[AnalystChoice, typer.Option(help="Who decides about an ANALYST")] = AnalystChoice.AUTO,
    folder: Annotated[Path | None, typer.Option("--dir", readable=False, help="Where the agents may work")] = None,
    runtime: Annotated[Runtime | None, typer.Option(help="What runs the agents")] = None,
    budget: Annotated[float | None, typer.Option(help="Dollars")] = None,
    priority: Annotated[Priority, typer.Option(help="The more urgent gets a free place first")] = Priority.NORMAL,
    ask: Annotated[str, typer.Option(help="Tools of which each call waits for you, like Bash,Edit; * for all")] = "",
    wait: Annotated[bool, typer.Option("--wait", help="Follow the task to its end")] = False,
    as_json: AsJson = False,
) -> None:
    """Submit a task."""
    draft = Draft(
        description,
        task_type,
        analyst,
        str(folder.absolute()) if folder else None,
        runtime,
        budget_nanousd=None if budget is None else from_usd(_finite(budget)),
        ask_tools=tuple(tool.strip() for tool in ask.split(",") if tool.strip()),
        priority=priority,
    )
    with client() as deck:
        by_server = served(deck)
        if by_server or not wait:
            task = commands.submit_task(deck, LOCAL, draft)
            task = _follow(deck, task, as_json) if wait else task
    if wait and not by_server:
        task = _run_here(draft, as_json)
    _tell(task, as_json, waited=wait, by_server=by_server)


def _finite(budget: float) -> float:
    if not 0 < budget < 1e9:
        raise InvalidField("budget must be more than 0 dollars.", field="budget")
    return budget


def _run_here(draft: Draft, quiet: bool) -> Task:
    """Without a server this process is the engine until the task has ended."""
    deck = decks.build(settings_module.read())
    try:
        return _follow(deck, commands.submit_task(deck, LOCAL, draft), quiet)
    finally:
        deck.close()


def _follow(deck: Deck, task: Task, quiet: bool) -> Task:
    """Read the task's log until it has ended."""
    news = threading.Event()
    stop = deck.store.listen(lambda _clock, _news: news.set())
    watcher = Watcher(deck.store)
    watcher.start()
    clock = 0
    try:
        while True:
            news.clear()
            clock = _print_log(deck, task.id, clock, quiet)
            with deck.store.read() as board:
                task = board.task(task.id)
            if task.ended:
                return task
            if not news.wait(LOOK_S) and not deck.engine.running and not served(deck):
                raise StoreUnavailable(f"The server has gone; task {task.id} goes on when `serve` runs again.")
    finally:
        watcher.stop()
        stop()


def _print_log(deck: Deck, task_id: str, after: int, quiet: bool) -> int:
    with deck.store.read() as board:
        found = board.events(task_id=task_id, after=after, limit=1000)
        agents = {agent.id: agent for agent in board.agents(AgentFilter(task_id=task_id), limit=MAX_LIMIT).items}
    for entry in [] if quiet else found:
        if line := happenings.line(entry.event, agents):
            print(f"{entry.at:%H:%M:%S}  {line['agent']:<16} {line['words']}", flush=True)
    return found[-1].id if found else after


def _tell(task: Task, as_json: bool, *, waited: bool, by_server: bool) -> None:
    if as_json:
        print_json(shapes.task(task))
    elif not waited:
        print(f"Task {task.id}" + ("." if by_server else ": it will start when `serve` runs."))
    elif task.status is TaskStatus.COMPLETED:
        simulated = " simulated" if task.simulated else ""
        print(f"Task {task.id} completed for {words.dollars(task.cost_nanousd)}{simulated}.")
    if waited and task.status is not TaskStatus.COMPLETED:
        raise TooLate(f"Task {task.id} {task.status}: {task.error or 'no reason was given'}")


@app.command()
def tasks(
    status: Annotated[TaskStatus | None, typer.Option()] = None,
    runtime: Annotated[Runtime | None, typer.Option()] = None,
    created_by: Annotated[str | None, typer.Option(help="Only those that this person handed in")] = None,
    kind: Annotated[TaskType | None, typer.Option("--type")] = None,
    since: Annotated[datetime | None, typer.Option(formats=DAYS, help="Created at or after, UTC")] = None,
    until: Annotated[datetime | None, typer.Option(formats=DAYS, help="Created before, UTC")] = None,
    analyst: Annotated[bool | None, typer.Option("--analyst/--no-analyst", help="Whether one takes part")] = None,
    analyst_by: Annotated[AssignedBy | None, typer.Option(help="Who decided about the ANALYST")] = None,
    outcome: Annotated[Verdict | None, typer.Option(help="Whether the work was good")] = None,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """List tasks, newest first."""
    begin, end = (None if at is None else at.replace(tzinfo=UTC) for at in (since, until))
    wanted = TaskFilter(
        status=status,
        task_type=kind,
        since=begin,
        until=end,
        analyst=analyst,
        analyst_by=analyst_by,
        outcome=outcome,
        runtime=runtime,
        created_by=created_by,
    )
    with opened() as store, store.read() as board:
        found = board.tasks(wanted, limit).items
    if as_json:
        print_json([shapes.task(task) for task in found])
        return
    rows = [
        [
            t.id,
            t.status,
            words.task_type(t.task_type),
            t.runtime,
            words.dollars(t.cost_nanousd),
            f"{'in' if t.analyst_included else 'out'}, by {DECIDERS[t.assignment.by]}"
            + (f", {words.dollars(t.analyst_nanousd)}" if t.analyst_nanousd else ""),
            SPOKEN[VERDICTS[t.good]],
            f"{t.created_at:%Y-%m-%d %H:%M}",
            words.title(t.description, 60),
        ]
        for t in found
    ]
    columns = ["task", "status", "type", "runtime", "cost", "ANALYST", "outcome", "created", "description"]
    print_table(columns, rows)


@app.command()
def agents(
    status: Annotated[AgentStatus | None, typer.Option()] = None,
    task: Annotated[str | None, typer.Option(help="Only those of this task")] = None,
    live: Annotated[bool | None, typer.Option("--live/--ended", help="Only those at work, or only the others")] = None,
    created_by: Annotated[str | None, typer.Option(help="Only those of tasks that this person handed in")] = None,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """List agents, newest first."""
    wanted = AgentFilter(status=status, task_id=task, live=live, created_by=created_by)
    with opened() as store, store.read() as board:
        found = board.agents(wanted, limit).items
    if as_json:
        print_json([shapes.agent(agent) for agent in found])
        return
    rows = [
        [
            a.id,
            a.name,
            a.role,
            a.status,
            a.model,
            words.dollars(a.cost_nanousd),
            words.tokens(a.tokens.total),
            words.shortened(a.activity, 60),
        ]
        for a in found
    ]
    print_table(["agent", "name", "role", "status", "model", "cost", "tokens", "activity"], rows)


cli_import.imports.add_typer(cli_import_logs.app)
app.add_typer(cli_import.app)
for module in HOMES:
    app.add_typer(import_module(f"orchestrator_adapter.{module}").app)


@app.command()
def seed(
    days: Annotated[int, typer.Option(help="How far back the history goes")] = 90,
    tasks: Annotated[int, typer.Option(help="How many tasks it holds")] = 400,
    seed: Annotated[int, typer.Option(help="Another number gives another history")] = 7,
    as_json: AsJson = False,
) -> None:
    """Fill an empty store with a believable history, marked as demo."""
    from orchestrator_adapter.seed import seed as fill  # its phrases and stories are of no use to other commands

    with opened() as store:
        written = asdict(fill(store, days=days, tasks=tasks, seed=seed))
    if as_json:
        print_json(written)
    else:
        print("Written: " + ", ".join(f"{number:,} {what}" for what, number in written.items()) + ".")


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say what is installed, which runtimes can run here, and what is missing."""
    settings = settings_module.read()
    store = Store(settings.database_url)
    checks = [*_machine_checks(settings), *_runtime_checks(at_rest(settings, store)), *_store_checks(store)]
    store.close()
    if as_json:
        print_json([{"what": what, "ok": ok, "found": found} for what, ok, found in checks])
    else:
        print_table(["", "what", "found"], [["ok" if ok else "missing", what, found] for what, ok, found in checks])
    if not all(ok for what, ok, _ in checks if what in ("python", "home", "store")):
        raise StoreUnavailable("Quarterdeck cannot run here; the lines marked missing say why.")


Check = tuple[str, bool, str]


def _kept(board: Board) -> Check:
    """Whether every line of the transcripts that were read in is as it was."""
    files, size, packed = board.transcripts_kept()
    damaged = board.transcripts_damaged()
    shown = f"{words.count(files, 'file')} kept, {size / 1e6:,.1f} MB in {packed / 1e6:,.1f} MB"
    return ("transcripts", not damaged, damaged[0] if damaged else f"{shown}, every checksum right")


def _machine_checks(settings: Settings) -> list[Check]:
    new_enough = sys.version_info >= (3, 11)
    above = next(folder for folder in (settings.home, *settings.home.parents) if folder.exists())
    free = shutil.disk_usage(above).free // 1024**2
    writable = above.is_dir() and os.access(above, os.W_OK | os.X_OK)
    setpriv = shutil.which("setpriv")
    return [
        ("python", new_enough, platform.python_version() + ("" if new_enough else ": 3.11 or newer is needed")),
        ("home", writable, f"{settings.home}, {free:,} MiB free" if writable else f"{above} is not writable"),
        ("setpriv", setpriv is not None, setpriv or "without it an agent may outlive a killed server: util-linux"),
    ]


def _runtime_checks(deck: Deck) -> list[Check]:
    key = "ANTHROPIC_API_KEY" in deck.settings.environment
    told = "set" if key else "not set: real tasks need it, or a login of the Claude command line"
    return [
        *((f"runtime {kind}", why is None, why or "can run here") for kind, why in deck.runtimes().items()),
        ("ANTHROPIC_API_KEY", key, told),
    ]


def _store_checks(store: Store) -> list[Check]:
    """Looks at the store, and who works on it, without making or changing one."""
    shown = store.url.render_as_string(hide_password=True)
    try:
        if store.sqlite and (why := unwritable(Path(str(store.url.database)))):
            return [("store", False, f"{shown}: {why}")]
        if store.sqlite and not Path(str(store.url.database)).exists():
            return [("store", True, f"{shown}: not there yet, `migrate` or `serve` makes it")]
        revision, newest = migrate.current(store.reader), migrate.newest()
        found = [("store", True, f"{shown}: revision {revision or 'none'} of {newest}")]
        if revision == newest:
            with store.read() as board:
                found.append(("engine", True, cli_workers.summary(workers.living(board.connection))))
                found.append(_kept(board))
        return found
    except Exception as error:  # whatever a database driver raises is what the doctor was asked for
        return [("store", False, f"{shown}: {words.shortened(str(error), 200)}")]
