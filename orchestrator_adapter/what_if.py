"""What a task, one agent, or all spending of a window would have cost otherwise: the same for every front end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

from data.domain import roi_words, what_if, words
from data.domain.errors import ModelUnknown
from data.domain.experience import Span
from data.domain.prices import book
from data.domain.roi import Roi
from data.domain.roi_cases import Metric
from data.domain.what_if import Answer, Reply
from data.warehouse import analyst_roi
from data.warehouse import what_if as questions
from data.warehouse.costs import Cut
from data.warehouse.what_if import Sums
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


def of_costs(deck: Deck, cut: Cut, model: str | None = None, day: date | None = None) -> Found:
    """All spending of a window and filters. Raises ModelUnknown, StoreUnavailable, QuestionTooLong."""
    prices, now = book(), deck.store.now()
    _known(model, now)
    usual = [name for name in map(prices.canonical, USUAL) if name != cut.model]
    names = (prices.canonical(model),) if model else tuple(usual)
    at = datetime.combine(day or now.date(), time(), UTC)
    sums: Sums = deck.warehouse.ask(questions.sums, cut, names, at)
    answers = [_summed("model", what_if.with_model(name), sums, name, lambda _: what_if.OF_MODEL) for name in names]
    answers += [
        _summed("date", what_if.at_prices_of(at), sums, questions.DATE, what_if.of_date),
        _summed("cache", what_if.NO_CACHE, sums, questions.CACHE, lambda _: what_if.OF_CACHE),
        _without_analysts(deck, cut, sums),
    ]
    return Found(sums.total.cost_nanousd, sums.total.unpriced, cut.simulated, tuple(answers))


def _summed(what: str, title: str, sums: Sums, name: str, assumption: Callable[[Span], str]) -> Answer:
    ways = sums.ways[name]
    if not ways:
        return Answer(what, title, None, "None of the replies has a known price then.")
    cost = Span(min(way.low_nanousd for way in ways), max(way.high_nanousd for way in ways))
    replies = sums.total.replies - sums.total.unpriced
    if not (left_out := replies - ways[0].replies):
        return Answer(what, title, cost, assumption(cost))
    paid = sums.total.cost_nanousd - ways[0].paid_nanousd
    told = f"{words.count(left_out, 'reply', 'replies')} that cost {words.dollars(paid)} have no known price then and "
    told += "are not in it."
    return Answer(what, title, cost, f"{assumption(cost)} {told}", left_out, ways[0].paid_nanousd)


def _without_analysts(deck: Deck, cut: Cut, sums: Sums) -> Answer:
    """Tasks with an ANALYST as like tasks cost without; what is known of whole ones says nothing of parts."""
    if not sums.analyst_tasks:
        return Answer("analyst", what_if.NO_ANALYST, None, "No ANALYST cost anything.")
    if cut.role or cut.model:
        told = "Not known: how tasks compare is known of whole tasks, not of one role or model of them."
        return Answer("analyst", what_if.NO_ANALYST, None, told)
    ratio, why_not = _ratio(deck, simulated=cut.simulated)
    found = what_if.no_analyst(sums.with_analyst_nanousd, sums.analyst_nanousd, ratio, why_not)
    if found.cost is None:
        return found
    rest = sums.total.cost_nanousd - sums.with_analyst_nanousd
    told = (
        f"{words.count(sums.analyst_tasks, 'task')} with an ANALYST, {words.dollars(sums.with_analyst_nanousd)} of it, "
        "as tasks like them cost without one on average, by the 95 % interval of the ANALYST page; all others as they "
        "were."
    )
    return replace(found, cost=Span(found.cost.low + rest, found.cost.high + rest), assumption=told)


def _found(replies: Sequence[Reply], simulated: bool, answers: Sequence[Answer]) -> Found:
    unpriced = sum(reply.cost_nanousd is None for reply in replies)
    return Found(what_if.paid(replies), unpriced, simulated, tuple(answers))


def _priced(deck: Deck, replies: Sequence[Reply], model: str | None, day: date | None) -> list[Answer]:
    prices, now = book(), deck.store.now()
    _known(model, now)
    at = now if day is None else datetime.combine(day, time(), UTC)
    used = {prices.canonical(reply.model) for reply in replies}
    names = [prices.canonical(model)] if model else [n for n in map(prices.canonical, USUAL) if used != {n}]
    return [
        *(what_if.other_model(prices, replies, name) for name in names),
        what_if.other_date(prices, replies, at),
        what_if.no_cache(prices, replies),
    ]


def _known(model: str | None, now: datetime) -> None:
    if model is not None and not book().knows(model, now):
        known = ", ".join(book().models())
        raise ModelUnknown(f"The model {model!r} has no known price; known are {known}.", field="model")


def _ratio(deck: Deck, *, simulated: bool) -> tuple[tuple[float, float] | None, str]:
    """What tasks with an ANALYST cost as a multiple of like tasks without; or why that is not known."""
    asked = view.wanted(deck.store.now(), simulated=simulated)
    found: Roi = deck.warehouse.ask(analyst_roi.compared, asked.cut).roi
    effect = found.best.of(Metric.COST)
    if effect is None or not effect.enough or effect.ratio is None:
        return None, roi_words.verdict(found.best)
    return (effect.ratio.low, effect.ratio.high), ""


def amount(answer: Answer) -> str:
    """`$1.20 to $2.10`; `exactly $1.20` where nothing is uncertain, `about $1.20` where it is less than is shown."""
    if answer.cost is None:
        return "not known"
    low, high = words.dollars(answer.cost.low), words.dollars(answer.cost.high)
    if low != high:
        return f"{low} to {high}"
    return f"{'exactly' if answer.exact else 'about'} {low}"


def against(answer: Answer, paid: int) -> str:
    """`12 % less to 40 % more` than what was paid for the same replies."""
    paid = paid if answer.against_nanousd is None else answer.against_nanousd
    if answer.cost is None or not paid:
        return "–"
    low, high = (_apart(value, paid) for value in (answer.cost.low, answer.cost.high))
    return low if low == high else f"{low} to {high}"


def _apart(value: int, paid: int) -> str:
    share = 100 * (value - paid) / paid
    return "the same" if value == paid else f"{abs(share):,.0f} % {'more' if share > 0 else 'less'}"
