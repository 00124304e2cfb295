"""The command by which a person at a terminal sees a task as it stood at any moment."""

from __future__ import annotations

from typing import Annotated

import typer

from data.domain import words
from orchestrator_adapter import handover
from orchestrator_adapter.api import replay as shapes
from orchestrator_adapter.terminal import AsJson, TaskId, opened, print_json, print_table
from orchestrator_adapter.views import story
from orchestrator_adapter.views.story import Opened, Story

app = typer.Typer()
WIDTH = 90


@app.command()
def replay(
    task: TaskId,
    at: Annotated[
        str | None, typer.Option(metavar="CLOCK|TIME", help="Clock of an event, or a time like 2026-03-01T14:05:00Z")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a task as it stood after an event or at a time; as it stands now without --at."""
    with opened() as store, store.read() as board:
        task_id = board.task(task).id
        told, then = story.at(store, board, task_id, at)
    if as_json:
        print_json(shapes.shape(task_id, told, then))
    else:
        _picture(told, then)


def _picture(told: Story, then: Opened) -> None:
    task = then.moment.whole()
    print(f"{then.at:%Y-%m-%d %H:%M:%S} UTC, clock {then.id}: event {then.number:,} of {len(told):,}")
    if task is None:
        print("This task was read in as it stands: its moments cannot be replayed.")
        return
    state, cost = task.status.value.replace("_", " "), words.dollars(task.cost_nanousd)
    since = words.duration((then.at - told.when(1)).total_seconds())
    print(f"Task {state}, {cost}, {since} after it was asked for")
    print("Steps: " + ", ".join(f"{step.key} {step.status}" for step in task.workflow))
    if agents := then.moment.everybody():
        rows = [
            [
                agent.name,
                agent.status.value,
                words.dollars(agent.cost_nanousd),
                words.tokens(agent.tokens.total),
                words.shortened(handover.gave(agent), WIDTH),
            ]
            for agent in agents
        ]
        print_table(["agent", "status", "cost", "tokens", "gave or does"], rows)
    print_table(
        ["at (UTC)", "clock", "who", "what"],
        [[f"{line.at:%H:%M:%S}", str(line.id), line.agent or "Task", line.words] for line in then.lines],
    )
