"""The commands by which a person at a terminal says how good a task's work was, and whether lots are drawn."""

from __future__ import annotations

from dataclasses import asdict, replace
from enum import StrEnum
from typing import Annotated

import typer

from data.domain import outcomes, words
from data.domain.outcomes import Value
from orchestrator_adapter import commands_fleet, commands_outcome
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.api import shapes
from orchestrator_adapter.terminal import AsJson, TaskId, client, print_json, print_table

app = typer.Typer()


class Said(StrEnum):
    """What can be said of a yes-or-no field."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


_VALUES: dict[Said, bool | None] = {Said.YES: True, Said.NO: False, Said.UNKNOWN: None}


@app.command()
def outcome(
    task: TaskId,
    tests: Annotated[Said | None, typer.Option(help="Whether the tests passed")] = None,
    review: Annotated[Said | None, typer.Option(help="Whether a review approved it")] = None,
    score: Annotated[int | None, typer.Option(help="Your word, from 1 to 5; 0 takes it back")] = None,
    note: Annotated[str | None, typer.Option(help="In words; empty takes it back")] = None,
    merged: Annotated[Said | None, typer.Option(help="Whether the change was taken over")] = None,
    reworked: Annotated[Said | None, typer.Option(help="Whether the work was done again")] = None,
    rework_task: Annotated[str | None, typer.Option(help="The later task that did it; none takes it back")] = None,
    as_json: AsJson = False,
) -> None:
    """Show how good a task's work was and who said so, or say it."""
    flags = {"tests_passed": tests, "review_passed": review, "merged": merged, "reworked": reworked}
    values: dict[str, Value] = {name: _VALUES[said] for name, said in flags.items() if said is not None}
    values |= {"score": score or None} if score is not None else {}
    values |= {"note": note} if note is not None else {}
    values |= {"rework_task": None if rework_task.lower() == "none" else rework_task} if rework_task else {}
    with client() as deck:
        if values:
            commands_outcome.record_outcome(deck, LOCAL, task, values)
        with deck.store.read() as board:
            found, changes = board.task(task), board.outcome_changes(task)
    if as_json:
        print_json(shapes.outcome(found))
        return
    rows = [
        [outcomes.LABELS[name], outcomes.said(getattr(found.outcome, name)), _who(found.outcome, name)]
        for name in outcomes.FIELDS
    ]
    print_table(["outcome", "value", "said by"], [*rows, ["good", outcomes.said(found.good), ""]])
    if changes:
        last = changes[0]
        print(f"{words.count(len(changes), 'change')}, the last by {last.event.by}, {last.at:%Y-%m-%d %H:%M} UTC.")


def _who(outcome: outcomes.Outcome, name: str) -> str:
    known = getattr(outcome, name) not in (None, "")
    return outcome.set_by.get(name, "recorded by itself" if known else "")


@app.command()
def lottery(
    share: Annotated[int | None, typer.Option(help="Percent of the borderline tasks that are drawn; 0: none")] = None,
    chance: Annotated[int | None, typer.Option(help="Percent with which a drawn task has an ANALYST")] = None,
    as_json: AsJson = False,
) -> None:
    """Show whether a lot decides about the ANALYST of borderline tasks, or set it."""
    given = {"share": share, "chance": chance}
    told = {name: value for name, value in given.items() if value is not None}
    with client() as deck:
        with deck.store.read() as board:
            now = board.settings().lottery
        if told:
            now = commands_fleet.set_lottery(deck, LOCAL, replace(now, **told))
    if as_json:
        print_json(asdict(now))
    else:
        print(now.words())
