"""Budgets: how much may be spent, how much is, and what happened on the way there."""

from __future__ import annotations

import uuid

import streamlit as st

from data.domain import words
from data.domain.budgets import Act, Budget, Period, Scope, reached
from data.domain.errors import TaskNotFound
from data.store.spending import Usage
from orchestrator_adapter import commands
from pages.ui import budget_form, budget_outlook, cards, decided, live, session
from pages.ui.look import plain

HISTORY = ("budget_set", "budget_removed", "budget_reached")
STATES = {
    None: ("within the limit", ":material/check_circle:", "green", ""),
    Act.WARN: ("warned", ":material/warning:", "orange", "warn"),
    Act.DOWNGRADE: ("on the cheaper model", ":material/arrow_downward:", "orange", "warn"),
    Act.PAUSE: ("used up, tasks pause", ":material/pause_circle:", "red", "bad"),
    Act.INTERRUPT: ("used up, agents stop", ":material/cancel:", "red", "bad"),
}
"""The strictest stage reached: its words, icon, colour of the badge, tone of the bar."""
BOUND = (
    "A budget acts in the moment in which a reply is counted, so what can be billed beyond it is that one reply and "
    "the requests that were already on their way: at most one for each agent and sub-agent at work."
)


@session.live_panel("budgets")
def budgets() -> None:
    deck = session.deck()
    with session.read() as board:
        found = board.budgets(deck.store.now())
    if st.button("New budget", icon=":material/add_circle:", type="primary", key="new-budget"):
        ask_budget(None, uuid.uuid4().hex)
    if not found:
        cards.empty(
            "No budget yet",
            "Nothing but a task's own limit stops the fleet from spending. Make a budget, for example $10 a day for "
            "the whole fleet: it warns at 80 % and stops agents at 100 %.",
            ":material/savings:",
        )
    for usage in found:
        with st.container(border=True, key=f"budget-{usage.budget.id}"):
            card(usage)


def card(usage: Usage) -> None:
    """Its name and state, how much is left, whom it holds for, and what it does."""
    budget = usage.budget
    text, icon, colour, tone = STATES[act.act if (act := reached(budget, usage.spent)) else None]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(budget.name)}**", width="content")
        if budget.scope is not Scope.AGENT:
            st.badge(text, icon=icon, color=colour)  # type: ignore[arg-type]
        if budget.simulated:
            st.badge("DEMO", icon=":material/science:", color="orange", help="Limits demo money only")
    if budget.scope is Scope.AGENT:
        cards.figure(f"{decided.limits(budget.limit_nanousd, budget.limit_tokens)} each", whose(budget))
    else:
        cards.figure(used(usage), f"{whose(budget)}, {now(budget.period)}")
        bar(usage, tone)
        budget_outlook.draw(budget)
    model = f" ({budget.cheaper_model})" if any(s.act is Act.DOWNGRADE for s in budget.stages) else ""
    stages = decided.stages(budget.stages)
    st.caption(plain(f"{stages[0].upper()}{stages[1:]}{model}."))
    with st.container(horizontal=True):
        if st.button("Edit", icon=":material/edit:", key=f"edit-{budget.id}"):
            ask_budget(budget, uuid.uuid4().hex)
        if st.button("Remove", icon=":material/delete:", key=f"remove-{budget.id}"):
            confirm_remove(budget)


def used(usage: Usage) -> str:
    """`$3.41 of $10.00 used, $0.50 more reserved`."""
    budget, spent, parts = usage.budget, usage.spent, []
    if budget.limit_nanousd is not None:
        parts.append(f"{words.dollars(spent.nanousd)} of {words.dollars(budget.limit_nanousd)}")
    if budget.limit_tokens is not None:
        parts.append(f"{words.tokens(spent.tokens)} of {words.tokens(budget.limit_tokens)} tokens")
    held = f", {words.dollars(usage.reserved_nanousd)} more reserved" if usage.reserved_nanousd else ""
    return f"{' and '.join(parts)} used{held}"


def bar(usage: Usage, tone: str) -> None:
    """Used, then held back for running steps, then free."""
    percent, limit = usage.spent.percent(usage.budget), usage.budget.limit_nanousd
    held = 100 * usage.reserved_nanousd / limit if limit else 0.0
    label = f"{round(percent)} % used" + (f", {round(held)} % reserved for running steps" if held else "")
    cards.bar({tone or "used": percent, "held": held}, label)


def now(period: Period) -> str:
    names = {Period.DAY: "today", Period.WEEK: "this week", Period.MONTH: "this month", Period.TOTAL: "in total"}
    return f"{names[period]} (UTC)" if period is not Period.TOTAL else names[period]


def whose(budget: Budget) -> str:
    """Whose spending it limits, with names that people know."""
    match budget.scope:
        case Scope.FLEET:
            return "The whole fleet"
        case Scope.AGENT:
            return f"Holds for each single agent by itself, {decided.PERIODS[budget.period]}"
        case Scope.USER:
            return f"Tasks of {budget.subject}"
        case Scope.FOLDER:
            return f"Tasks in {budget.subject} and below"
        case Scope.TASK:
            return f"Task: {_title(budget.subject)}"


def _title(task_id: str) -> str:
    try:
        with session.read() as board:
            return words.title(board.task(task_id).description, 60)
    except TaskNotFound:
        return f"{task_id[:8]}, which is deleted"


@session.dialog("Budget", ":material/savings:", "medium")
def ask_budget(old: Budget | None, opened: str) -> None:
    """`opened` names this opening of the dialog, in which one budget is saved once."""
    budget = budget_form.fields(old)
    with st.container(horizontal=True):
        pressed = st.button("Save" if old else "Make the budget", type="primary", key="budget-save")
        if st.button("Leave it", key="budget-not"):
            session.close_dialog()
    if pressed and session.done(
        f"budget-{opened}", lambda: commands.set_budget(session.deck(), session.actor(), budget)
    ):
        session.close_dialog()


@session.dialog("Remove this budget?", ":material/delete:")
def confirm_remove(budget: Budget) -> None:
    limit = decided.limits(budget.limit_nanousd, budget.limit_tokens)
    st.markdown(
        plain(f"{budget.name}: {limit} {decided.PERIODS[budget.period]}.")
        + "\n\nIt limits nothing any more, from the next reply on. Its history stays; tasks it paused stay paused."
    )

    def remove() -> str:
        commands.remove_budget(session.deck(), session.actor(), budget.id)
        return budget.id

    with st.container(horizontal=True):
        pressed = st.button("Remove it", type="primary", key="remove-sure")
        if pressed and session.done(f"remove-{budget.id}", remove):
            session.close_dialog()
        if st.button("Keep it", key="remove-not"):
            session.close_dialog()


@session.live_panel("history")
def history() -> None:
    decided.told("What became of them", "budgets", HISTORY, decided.history)


session.actor()
st.title("Budgets")
st.caption(BOUND)
budgets()
history()
live.mount()
