"""What is recommended of workflows, in one sentence with the numbers it rests on."""

from __future__ import annotations

from data.domain import words
from data.domain.frontier import LEAST, Kind, Way
from data.domain.tasks import TaskType

OBSERVED = (
    "Observed, not drawn by lot: who chose a workflow had seen the task. Succeeded: completed, and neither tests, a "
    "review, a person nor a later task says that the work was not good. Only tasks of one type and complexity are "
    "compared, by the steps that were planned for them."
)


def kind_words(kind: Kind) -> str:
    """`simple bug fix`."""
    return f"{kind.complexity} {words.task_type(TaskType(kind.task_type))}"


def way_words(name: str) -> str:
    return name.replace(" > ", " → ") or "no steps"


def with_figures(way: Way) -> str:
    """`builder → tester at $0.10 a task ($0.08 to $0.13), where 92 % of 40 succeed (80 to 97 %)`."""
    share = way.success
    success = f"{words.percent(way.succeeded, way.tasks)} of {way.tasks:,} succeed"
    spread = f"({100 * share.low:.0f} to {100 * share.high:.0f} %)"
    if way.cost is None:
        return f"{way_words(way.name)} at a cost that is not known, where {success} {spread}"
    low, high = words.dollars(way.cost.low), words.dollars(way.cost.high)
    return f"{way_words(way.name)} at {words.dollars(way.cost.mean)} a task ({low} to {high}), where {success} {spread}"


def recommended(kind: Kind) -> str:
    """What to take for tasks of this kind, or why nothing is recommended yet."""
    compared = [way for way in kind.ways if way.enough]
    begin = f"For the type {kind_words(kind)}"
    if kind.best is None:
        return _nothing(begin, kind, compared)
    best, others = kind.best, [way for way in compared if way.name != kind.best.name]
    told = with_figures(best)
    against = "; ".join(map(with_figures, others))
    if kind.sure:
        return f"{begin} take {told}: it is clearly better than {against}."
    if all(way.dominated_by is not None for way in others):
        return f"{begin} {told}, is ahead of {against}, but not clearly: chance may have made the difference."
    left = [way for way in others if way.dominated_by is None]
    choice = "; ".join(map(with_figures, left))
    beaten = [way_words(way.name) for way in others if way.dominated_by is not None]
    said = f"{begin} a success costs least with {told}; it is a choice between cost and success against {choice}."
    return f"{said} Dominated: {'; '.join(beaten)}." if beaten else said


def _nothing(begin: str, kind: Kind, compared: list[Way]) -> str:
    if len(compared) > 1:
        return f"{begin} nothing is recommended: no workflow that can be compared has had a success."
    if compared:
        only = compared[0]
        return (
            f"{begin} nothing is recommended yet, for there is nothing to compare with: only one workflow has {LEAST} "
            f"tasks that ended, {with_figures(only)}."
        )
    most = max(kind.ways, key=lambda way: way.priced)
    return (
        f"{begin} nothing is recommended yet: no workflow has {LEAST} priced tasks that ended; "
        f"{way_words(most.name)} has the most, {most.priced}."
    )


def standing(way: Way, kind: Kind) -> str:
    """`recommended`, `dominated by builder → tester`, `too few tasks`, or that it is a choice."""
    if not way.enough:
        return f"too few tasks ({way.priced} of {LEAST})"
    if way.dominated_by is not None:
        return f"{'clearly dominated' if way.clearly else 'dominated'} by {way_words(way.dominated_by)}"
    if kind.best is not None and way.name == kind.best.name:
        return "recommended"
    return "not dominated"
