"""The command by which a person at a terminal sees what a task or an agent did to files."""

from __future__ import annotations

from typing import Annotated

import typer

from data.domain import words
from data.domain.agents import FileChange
from data.domain.errors import AgentNotFound, FileUnknown, TaskNotFound
from data.domain.files import Explained, FileDiff, FileEntry, Maker
from data.store import Board
from orchestrator_adapter import file_report
from orchestrator_adapter.api import file_shapes
from orchestrator_adapter.terminal import AsJson, opened, print_json, print_table

app = typer.Typer()


@app.command()
def files(
    whose: Annotated[str, typer.Argument(metavar="TASK|AGENT", help="The id of a task or of an agent")],
    diff: Annotated[bool, typer.Option("--diff", help="What changed inside, and which calls did it")] = False,
    path: Annotated[str | None, typer.Option(help="Only this file, as the list names it")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print a table for other programs")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a report")] = False,
    as_json: AsJson = False,
) -> None:
    """List the files that a task or an agent read and changed."""
    with opened() as store, store.read() as board:
        title, found = _found(board, whose)
        if path is not None:
            found = [entry for entry in found if entry.path == path]
            if not found:
                raise FileUnknown(f"Nobody here has read or changed {path}.", path=path)
        changed = [entry for entry in found if entry.change is not FileChange.READ] if diff else []
        diffs = {id(entry): board.file_diff(entry.agent_id, entry.path) for entry in changed}
    if as_json:
        print_json([file_shapes.entry(entry, diffs.get(id(entry))) for entry in found])
    elif csv or markdown:
        print(file_report.report(found, "csv" if csv else "markdown", title), end="")
    elif diff:
        print("\n".join(_inside(one) for one in diffs.values()) or "Nothing was changed.")
    else:
        print_table(["", "file", "lines", "agent", "step", "when", "note"], [_row(entry) for entry in found])


def _found(board: Board, whose: str) -> tuple[str, list[FileEntry]]:
    try:
        task = board.task(whose)
        return f"Files of task {task.id}", board.files_of_task(task.id)
    except TaskNotFound:
        pass
    try:
        agent = board.agent(whose)
    except AgentNotFound:
        raise TaskNotFound(f"There is no task and no agent {whose}.", id=whose) from None
    return f"Files of {agent.name}", board.files_of_agent(agent.id)


def _row(entry: FileEntry) -> list[str]:
    count = f"+{entry.added} -{entry.removed}" if entry.added or entry.removed else ""
    note = f"content not kept: {entry.withheld}" if entry.withheld else ""
    when = f"{entry.at:%Y-%m-%d %H:%M:%S}" if entry.at else ""
    return [file_report.SIGNS[entry.change], entry.path, count, entry.agent, entry.step, when, note]


def _inside(one: FileDiff) -> str:
    """The patch, with a line before each hunk that says who made it."""
    head = f"{file_report.SIGNS[one.entry.change]} {one.entry.path} ({one.entry.agent})"
    if one.why_not:
        return f"{head}\n  {one.why_not}{_by(one.makers)}\n"
    whole = file_report.patch(one).splitlines()[:2]
    return "\n".join([head, *whole, *(_hunk(hunk) for hunk in one.hunks)]) + "\n"


def _hunk(one: Explained) -> str:
    by = _by(one.makers) or "\n# nobody's call or command explains this"
    lines = "\n".join(sign + text.rstrip("\n") for sign, text in one.hunk.lines)
    return f"{by.lstrip()}\n{one.hunk.header}\n{lines}"


def _by(makers: tuple[Maker, ...]) -> str:
    return "".join(f"\n# {_maker(maker)}" for maker in makers)


def _maker(one: Maker) -> str:
    sure = "by" if one.kind == "call" else "perhaps by"
    cost = "" if one.cost_nanousd is None else f", a reply of {words.dollars(one.cost_nanousd)}"
    return f"{sure} {one.agent}, step {one.step}: {one.words} ({one.tool_use_id}{cost})"
