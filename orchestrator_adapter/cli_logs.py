"""The commands by which a person at a terminal reads an agent's log and learns why something failed."""

from __future__ import annotations

from typing import Annotated

import typer

from data.domain import words
from data.domain.diagnosis import told
from data.domain.errors import TaskNotFound
from data.domain.log_entries import LogEntry, LogFilter, Outcome, chosen
from orchestrator_adapter import agent_logs
from orchestrator_adapter.api import agent_logs as shapes
from orchestrator_adapter.terminal import AsJson, opened, print_json, print_table

app = typer.Typer()
WIDTH = 90


@app.command()
def logs(
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="Its id; `agents` lists them")],
    tool: Annotated[str | None, typer.Option(help="Only calls of this tool, like Bash")] = None,
    outcome: Annotated[Outcome | None, typer.Option(help="Only actions that ended so")] = None,
    text: Annotated[str | None, typer.Option("--find", help="Only actions with this text")] = None,
    last: Annotated[int, typer.Option(min=1, max=100_000, help="Most rows, the newest")] = 200,
    as_json: AsJson = False,
) -> None:
    """List what an agent did, action by action."""
    with opened() as store, store.read() as board:
        found = chosen(agent_logs.actions(store, board, board.agent(agent)), LogFilter(tool, outcome, text=text))[
            -last:
        ]
    if as_json:
        print_json([shapes.action(one) for one in found])
        return
    print_table(["at (UTC)", "outcome", "took", "tool", "what", "answer"], [_row(one) for one in found])


def _row(entry: LogEntry) -> list[str]:
    return [
        f"{entry.at:%Y-%m-%d %H:%M:%S}",
        entry.outcome,
        "" if entry.seconds is None else words.duration(entry.seconds),
        entry.tool,
        words.shortened(entry.words, WIDTH),
        words.shortened(entry.answer, WIDTH) if entry.outcome is not Outcome.OK else "",
    ]


@app.command()
def diagnose(
    name: Annotated[str, typer.Argument(metavar="TASK|AGENT", help="Id of a task or of an agent")],
    as_json: AsJson = False,
) -> None:
    """Say why a task or an agent failed: what, when, the likely cause, and the last thing that went well."""
    with opened() as store, store.read() as board:
        try:
            found = agent_logs.of_task(board, name)
        except TaskNotFound:
            one = agent_logs.of_agent(store, board, board.agent(name))
            found = [one] if one else []
    if as_json:
        print_json([shapes.diagnosis(one) for one in found])
        return
    print("\n\n".join("\n".join(told(one)) for one in found) or "Nothing went wrong.")
