"""The command by which a person at a terminal asks whether an ANALYST is worth its money."""

from __future__ import annotations

import sys
from typing import Annotated

import structlog
import typer

from data.domain import roi_plan, roi_words
from data.domain.roi import Comparison
from data.domain.tasks import TaskType
from data.warehouse import analyst_roi
from orchestrator_adapter.api import roi as shapes
from orchestrator_adapter.terminal import AsJson, client, print_json, print_table
from orchestrator_adapter.views import roi as view

app = typer.Typer()


@app.command()
def roi(
    days: Annotated[int, typer.Option(min=1, max=3650, help="Tasks created in the last days")] = 90,
    task_type: Annotated[TaskType | None, typer.Option("--type", help="Only of this type")] = None,
    folder: Annotated[str | None, typer.Option(help="Only in this folder")] = None,
    simulated: Annotated[bool, typer.Option("--simulated", help="Demos instead, with simulated money")] = False,
    as_json: AsJson = False,
) -> None:
    """Say whether an ANALYST is worth its money, and how sure that is."""
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))  # stdout is for other programs
    with client() as deck:
        kind = task_type and task_type.value
        asked = view.wanted(deck.store.now(), days=days, task_type=kind, folder=folder, simulated=simulated)
        with deck.store.read() as board:
            lottery = board.settings().lottery
        found = view.answer(deck.warehouse.ask(analyst_roi.compared, asked.cut), asked, lottery)
        deck.warehouse.close()
    if as_json:
        print_json(shapes.summary(found.roi))
        return
    print(roi_words.headline(found.roi))
    if found.roi.cases:
        best = found.roi.best
        print(roi_words.MEANS[best.certainty])
        _figures(best)
        for naive in found.roi.naive:
            print(f"{roi_words.NAMES[naive.metric]}. {roi_words.naive_words(naive, best.of(naive.metric))}")
    print(roi_plan.said(found.plan, lottery))


def _figures(best: Comparison) -> None:
    rows = [
        [
            roi_words.NAMES[effect.metric],
            roi_words.figure(effect.metric, effect.treated),
            roi_words.figure(effect.metric, effect.control),
            roi_words.spread(effect) if effect.enough else "no verdict",
            f"{effect.tasks[0]} and {effect.tasks[1]}",
            f"{effect.more:,}" if effect.more else "settled",
        ]
        for effect in best.effects
    ]
    print_table(["figure", "with ANALYST", "without", "95 % interval", "tasks", "more tasks"], rows)
