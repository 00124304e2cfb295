"""The commands by which a person at a terminal looks at the queue, sets limits and says what goes first."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated

import typer

from data.domain import words
from data.domain.errors import InvalidField
from data.domain.fleet import Limits, Priority
from data.domain.waiting import Queue, Share, Waiting
from orchestrator_adapter import commands_fleet
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.api import shapes
from orchestrator_adapter.terminal import AsJson, TaskId, client, opened, print_json, print_table

app = typer.Typer()
NO_LIMIT = "none"
_Most = typer.Option(metavar="N|none", help="none takes the limit away")
Most = Annotated[str | None, _Most]


@app.command()
def queue(as_json: AsJson = False) -> None:
    """List what waits for a free place, the first in order first, and why."""
    with opened() as store, store.read() as board:
        found, now = board.queue(), store.now()
    if as_json:
        print_json([shapes.waiting(one) for one in (*found.waiting, *found.held)])
        return
    rows = [
        [
            str(one.position or ""),
            one.task_id,
            one.step or "",
            one.priority,
            one.user,
            words.duration((now - one.since).total_seconds()),
            one.words,
            words.title(one.description, 50),
        ]
        for one in (*found.waiting, *found.held)
    ]
    print_table(["place", "task", "step", "priority", "by", "waits", "why", "description"], rows)
    print(_places(found))


def _places(found: Queue) -> str:
    """`Places taken: deck 2 of 4; fleet 2 of 12; ana 2 of 2.`"""
    shares = [*found.machines, replace(found.in_all, name="fleet"), *found.users]
    told = [_share(share) for share in shares if share.most is not None]
    return f"Places taken: {'; '.join(told)}." if told else "No engine process works now."


def _share(share: Share) -> str:
    return f"{share.name} {share.taken} of {share.most}"


@app.command()
def limits(per_machine: Most = None, per_user: Most = None, in_all: Most = None, as_json: AsJson = False) -> None:
    """Show how many agents may work at once, or set it."""
    given = {"per_machine": per_machine, "per_user": per_user, "in_all": in_all}
    told = {name: _number(name, text) for name, text in given.items() if text is not None}
    with client() as deck:
        with deck.store.read() as board:
            now = board.settings().limits
        if told:
            now = commands_fleet.set_limits(deck, LOCAL, replace(now, **told))
    if as_json:
        print_json(asdict(now))
    else:
        print_table(["limit", "agents at once"], _limits(now))


def _number(name: str, text: str) -> int | None:
    if text.lower() == NO_LIMIT:
        return None
    if not text.isascii() or not text.isdigit():
        raise InvalidField(f"{name} must be a whole number or {NO_LIMIT}, not {text!r}.", field=name)
    return int(text)


def _limits(now: Limits) -> list[list[str]]:
    names = {"per_machine": "per machine", "per_user": "per user", "in_all": "in all"}
    unset = {"per_machine": "what QUARTERDECK_MAX_AGENTS says there"}
    return [
        [names[name], unset.get(name, NO_LIMIT) if most is None else str(most)] for name, most in asdict(now).items()
    ]


@app.command()
def prioritize(task: TaskId, priority: Priority, as_json: AsJson = False) -> None:
    """Say how soon a task gets a free place."""
    with client() as deck:
        changed = commands_fleet.prioritize_task(deck, LOCAL, task, priority)
        with deck.store.read() as board:
            place = board.queue().of_task(task)
    if as_json:
        print_json(shapes.task(changed))
    else:
        print(f"Task {task} has the priority {priority}{_standing(place)}.")


def _standing(place: Waiting | None) -> str:
    return "" if place is None else f" and is number {place.position} in the queue"
