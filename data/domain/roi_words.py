"""The worth of an ANALYST in sentences, each with how sure it is."""

from __future__ import annotations

from math import isfinite

from data.domain import words
from data.domain.roi import LEAST, Comparison, Effect, Naive, Roi
from data.domain.roi_cases import Certainty, Metric
from data.domain.roi_estimate import Interval

NAMES = {
    Metric.COST: "Cost",
    Metric.SUCCESS: "Success",
    Metric.REWORK: "Rework",
    Metric.TIME: "Time",
}
MEANS = {
    Certainty.OBSERVED: "The rule and people decided which tasks have an ANALYST. Like is compared with like, but what "
    "they looked at and nobody recorded may be behind the difference.",
    Certainty.CAUSAL: "A lot decided which of these tasks have an ANALYST, so the difference is its effect.",
}


def headline(found: Roi) -> str:
    """The answer in one sentence, with its certainty."""
    if not found.cases:
        return "No task has come to its end yet, so nothing can be compared."
    return verdict(found.best)


def verdict(of: Comparison) -> str:
    """What a comparison says; a refusal with what is missing where it cannot say anything."""
    cost = of.of(Metric.COST)
    if cost is None or not cost.enough:
        return refusal(of, cost)
    said = [_differs(cost)]
    said += [_differs(effect) for effect in of.effects if effect is not cost and effect.settled]
    return f"{of.certainty.value.capitalize()}: tasks with an ANALYST {'; they '.join(said)}."


def refusal(of: Comparison, cost: Effect | None) -> str:
    treated, control = cost.tasks if cost is not None else (0, 0)
    name = "the lottery" if of.certainty is Certainty.CAUSAL else "what was observed"
    alike = (
        f"{words.count(treated, 'task')} with an ANALYST and {control} without"
        if treated + control
        else "no two tasks with and without an ANALYST"
    )
    told = f"No verdict from {name} yet: {alike} can be compared, and each group must be worth at least {LEAST}."
    return f"{told} {more(cost)}".rstrip() if cost is not None else told


def more(effect: Effect | None) -> str:
    """How many more tasks would settle it."""
    if effect is None or effect.more == 0:
        return ""
    least = "10 points" if effect.metric.rate else "20 %"
    return (
        f"About {effect.more:,} more like them would show a difference of {least} in {effect.metric}, if there is one."
    )


def _differs(effect: Effect) -> str:
    if not effect.settled:
        return f"{_alike(effect)} ({spread(effect)}); {_lower_first(more(effect)).rstrip('.')}"
    return f"{_by_how_much(effect)} ({spread(effect)})"


def _alike(effect: Effect) -> str:
    match effect.metric:
        case Metric.COST:
            return "cost neither clearly more nor clearly less"
        case Metric.TIME:
            return "take neither clearly longer nor clearly less long"
        case Metric.SUCCESS:
            return "succeed neither clearly more often nor less"
        case Metric.REWORK:
            return "are reworked neither clearly more often nor less"


def _by_how_much(effect: Effect) -> str:
    shown = shift(effect)
    size = f"{_number(abs(shown.value))} {'points' if effect.metric.rate else '%'}"
    up = shown.value > 0
    match effect.metric:
        case Metric.COST:
            return f"cost {size} {'more' if up else 'less'}"
        case Metric.TIME:
            return f"take {size} {'longer' if up else 'less long'}"
        case Metric.SUCCESS:
            return f"succeed more often by {size}" if up else f"succeed less often by {size}"
        case Metric.REWORK:
            return f"are reworked more often by {size}" if up else f"are reworked less often by {size}"


def shift(effect: Effect) -> Interval:
    """With an ANALYST against without: percent of cost and time, points of success and rework."""
    if effect.ratio is not None:
        low, mid, high = (100 * (x - 1) for x in (effect.ratio.low, effect.ratio.value, effect.ratio.high))
        return Interval(mid, low, high)
    difference = effect.difference
    return Interval(100 * difference.value, 100 * difference.low, 100 * difference.high)


def spread(effect: Effect) -> str:
    """`+3 % to +22 %`."""
    shown, unit = shift(effect), "points" if effect.metric.rate else "%"
    return f"{_signed(shown.low)} {unit} to {_signed(shown.high)} {unit}"


def _signed(value: float) -> str:
    sign = "+" if value > 0 else "−" if value < 0 else ""
    return f"{sign}{_number(abs(value))}"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 10 or value == 0 else f"{value:.1f}"


def figure(metric: Metric, value: float) -> str:
    """A mean or a share as people read it."""
    if not isfinite(value):
        return "–"
    match metric:
        case Metric.COST:
            return words.dollars(round(value * 1_000_000_000))
        case Metric.TIME:
            return words.duration(value)
        case Metric.SUCCESS | Metric.REWORK:
            return f"{100 * value:.0f} %"


def naive_words(naive: Naive, effect: Effect | None) -> str:
    """What the raw figures say, and that they mislead where they do."""
    raw = f"Raw, all tasks against all: {figure(naive.metric, naive.treated)} with an ANALYST, "
    raw += f"{figure(naive.metric, naive.control)} without."
    return f"{raw} Misleading: it compares unlike tasks." if misleads(naive, effect) else raw


def misleads(naive: Naive, effect: Effect | None) -> bool:
    """Whether the raw difference lies outside of what comparing like with like allows for."""
    if effect is None or not effect.enough or not (isfinite(naive.treated) and isfinite(naive.control)):
        return False
    if effect.ratio is None:
        return not effect.difference.low <= naive.treated - naive.control <= effect.difference.high
    return naive.control > 0 and not effect.ratio.low <= naive.treated / naive.control <= effect.ratio.high


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
