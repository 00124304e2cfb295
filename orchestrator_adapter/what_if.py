"""What a task, or one agent, would have cost otherwise: the same for every front end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from data.domain import roi_words, what_if, words
from data.domain.errors import ModelUnknown
from data.domain.prices import book
from data.domain.roi import Roi
from data.domain.roi_cases import Metric
from data.domain.what_if import Answer, Reply
from data.warehouse import analyst_roi
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.views import roi as view

USUAL = ("opus", "sonnet", "haiku")
"""Models that are told of where nobody names one, by their aliases."""


@dataclass(frozen=True)
class Found:
    """What it cost, and what it would have."""

    cost_nanousd: int
    unpriced: int
    """Replies without a known price, which are in none of the figures."""
    simulated: bool
    answers: tuple[Answer, ...]


def of_task(deck: Deck, task_id: str, model: str | None = None, day: date | None = None) -> Found:
    """Raises TaskNotFound, ModelUnknown, StoreUnavailable, QuestionTooLong."""
    with deck.store.read() as board:
        task = board.task(task_id)
        replies = board.paid_replies(task_id=task_id)
    answers = _priced(deck, replies, model, day)
    ratio, why_not = _ratio(deck, simulated=task.simulated) if task.analyst_nanousd else (None, "")
    answers.append(what_if.no_analyst(what_if.paid(replies), task.analyst_nanousd, ratio, why_not))
    return _found(replies, task.simulated, answers)


def of_agent(deck: Deck, agent_id: str, model: str | None = None, day: date | None = None) -> Found:
    """Raises AgentNotFound, ModelUnknown, StoreUnavailable."""
    with deck.store.read() as board:
        agent = board.agent(agent_id)
        replies = board.paid_replies(agent_id=agent_id)
    return _found(replies, agent.simulated, _priced(deck, replies, model, day))


def _found(replies: Sequence[Reply], simulated: bool, answers: Sequence[Answer]) -> Found:
    unpriced = sum(reply.cost_nanousd is None for reply in replies)
    return Found(what_if.paid(replies), unpriced, simulated, tuple(answers))


def _priced(deck: Deck, replies: Sequence[Reply], model: str | None, day: date | None) -> list[Answer]:
    prices, now = book(), deck.store.now()
    if model is not None and not prices.knows(model, now):
        known = ", ".join(prices.models())
        raise ModelUnknown(f"The model {model!r} has no known price; known are {known}.", field="model")
    at = now if day is None else datetime.combine(day, time(), UTC)
    used = {prices.canonical(reply.model) for reply in replies}
    names = [prices.canonical(model)] if model else [n for n in map(prices.canonical, USUAL) if used != {n}]
    return [
        *(what_if.other_model(prices, replies, name) for name in names),
        what_if.other_date(prices, replies, at),
        what_if.no_cache(prices, replies),
    ]


def _ratio(deck: Deck, *, simulated: bool) -> tuple[tuple[float, float] | None, str]:
    """What tasks with an ANALYST cost as a multiple of like tasks without; or why that is not known."""
    asked = view.wanted(deck.store.now(), simulated=simulated)
    found: Roi = deck.warehouse.ask(analyst_roi.compared, asked.cut).roi
    effect = found.best.of(Metric.COST)
    if effect is None or not effect.enough or effect.ratio is None:
        return None, roi_words.verdict(found.best)
    return (effect.ratio.low, effect.ratio.high), ""


def amount(answer: Answer) -> str:
    """`$1.20 to $2.10`."""
    if answer.cost is None:
        return "not known"
    return f"{words.dollars(answer.cost.low)} to {words.dollars(answer.cost.high)}"


def against(answer: Answer, paid: int) -> str:
    """`12 % less to 40 % more` than what was paid."""
    if answer.cost is None or not paid:
        return "–"
    low, high = (_apart(value, paid) for value in (answer.cost.low, answer.cost.high))
    return low if low == high else f"{low} to {high}"


def _apart(value: int, paid: int) -> str:
    share = 100 * (value - paid) / paid
    return "the same" if value == paid else f"{abs(share):,.0f} % {'more' if share > 0 else 'less'}"
