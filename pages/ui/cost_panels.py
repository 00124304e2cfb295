"""What the Costs page shows of an answer: one sentence, the bars, the parts, the dearest, the cache, the ANALYST."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from data.domain import words
from data.warehouse import costs as questions
from data.warehouse.costs import By, Costs
from pages.ui import (
    asked_panel,
    cards,
    clicks,
    cost_charts,
    cost_filters,
    cost_invoice,
    cost_tables,
    live,
    otherwise,
    places,
    session,
)
from pages.ui.cost_filters import Asked
from pages.ui.look import plain

TITLES = {
    By.ROLE: "Which roles cost most?",
    By.MODEL: "Which models cost most?",
    By.TASK_TYPE: "Which types of task cost most?",
    By.FOLDER: "Which project folders cost most?",
    By.USER: "Whose tasks cost most?",
    By.TOKEN_KIND: "Which kinds of tokens cost most?",
}
SAVED = (
    "Saved = what the tokens read from and written to the cache would have cost as plain input, less what they did "
    "cost. Prices are those of the price table at the time of each reply."
)
OBSERVED = (
    "Tasks of this fleet that ended in this time, as they were: those with an ANALYST may be harder ones, so this is "
    "no comparison of like with like."
)


@session.live_panel("costs")
def costs(asked: Asked | None) -> None:
    if asked is None:
        return
    for table in ("dear-task", "dear-agent"):
        if clicked := clicks.taken(table):
            live.go(f"{clicked[0]}?id={clicked[1]}")
    asked_panel.follow_filters()
    found: Costs = session.ask(questions.page, asked.cut, asked.grain, asked.split)
    _answer(found, asked)
    if not found.total.replies:
        _nothing(found, asked)
        cost_invoice.panel()
        return
    _figures(found, asked)
    cost_charts.over_time(found.over_time, asked)
    cost_tables.data("time", cost_tables.over_time(found.over_time, asked), "What each step of time cost")
    _parts(found)
    _dearest(found, asked)
    _cache(found)
    _analyst(found)
    otherwise.spending(asked.cut)
    _runs(found, asked)
    cost_invoice.panel()


def _money(nanousd: int) -> str:
    return words.dollars(nanousd).replace("$", "\\$")


def _answer(found: Costs, asked: Asked) -> None:
    """One sentence that answers first."""
    total, before = found.total, found.before.cost_nanousd
    kind = " of simulated money" if asked.cut.simulated else ""
    parts = [f"**{_money(total.cost_nanousd)}**{kind} {asked.spoken}"]
    if filters := cost_filters.chosen(asked.cut):
        parts.append(f"for {filters}")
    if before and total.cost_nanousd:
        parts.append(f"{_trend(total.cost_nanousd, before)} the same time before ({_money(before)})")
    text = ", ".join(parts)
    if total.analyst_nanousd and asked.cut.role is None:
        text += f"; ANALYST agents were {words.percent(total.analyst_nanousd, total.cost_nanousd)} of it"
    text += "."
    if total.unpriced:
        text += f" {words.count(total.unpriced, 'reply', 'replies')} without a known price are not in it."
    if found.simulated_nanousd and not asked.cut.simulated:
        text += f" {_money(found.simulated_nanousd)} of simulated money are not in it."
    st.markdown(text)


def _trend(now: int, before: int) -> str:
    if now >= 3 * before:
        return f"{now / before:.1f} times".replace(".0 ", " ")
    share = round(100 * (now - before) / before)
    return f"{share} % more than in" if share > 0 else f"{-share} % less than in" if share < 0 else "as much as in"


def _nothing(found: Costs, asked: Asked) -> None:
    if replace(asked.cut, simulated=False) != type(asked.cut)(asked.cut.window):
        cards.empty("Nothing was spent on that", "Take a filter away to see more.", ":material/filter_alt_off:")
    elif found.simulated_nanousd and not asked.cut.simulated:
        cards.empty("No real money was spent", "Choose simulated money above to see what the demo would have cost.")
    else:
        cards.empty("Nothing was spent in this time", "Choose a longer window, or let the fleet go to work.")
        st.page_link(places.NEW_TASK, label="New task", icon=":material/add_circle:")


def _figures(found: Costs, asked: Asked) -> None:
    total = found.total
    success, thousand = found.per_success_nanousd(), total.per_thousand_tokens()
    completed = f"for each of {words.count(found.completed, 'completed task')}"
    if asked.cut.role or asked.cut.model:
        completed += ", all roles and models"
    prompt = total.tokens.prompt
    shown = [
        ("–" if success is None else words.dollars(success), completed if found.completed else "no task was completed"),
        (
            "–" if thousand is None else words.dollars(thousand),
            f"for 1,000 of {words.tokens(total.tokens.total)} tokens",
        ),
        (words.dollars(total.saved_nanousd), "saved by the cache"),
        (words.percent(total.tokens.cache_read, prompt), "of what was read came from the cache"),
        (words.dollars(round(total.cost_nanousd / total.tasks)) if total.tasks else "–", _for_each(total.tasks)),
    ]
    for column, (value, note) in zip(st.columns(len(shown)), shown, strict=True):
        with column:
            cards.figure(value, note)


def _for_each(tasks: int) -> str:
    return f"for each of {words.count(tasks, 'task')} at work"


def _parts(found: Costs) -> None:
    left, right = st.columns(2)
    for number, (part, title) in enumerate(TITLES.items()):
        frame = found.parts[part]
        with (left, right)[number % 2]:
            cost_charts.parts(frame, part, title)
            cost_tables.data(part.value, cost_tables.parts(frame, part), title)


def _dearest(found: Costs, asked: Asked) -> None:
    st.subheader("The dearest")
    tasks, agents, tools = st.tabs(["Tasks", "Agents", "Tools"], key="dearest", on_change="rerun", bind="query-params")
    if tasks.open:
        with tasks:
            cost_tables.tasks(found.tasks)
            if len(found.tasks) == questions.DEAREST and st.toggle("Up to 200", key="costs-all"):
                cost_tables.more_tasks(session.ask(questions.dearest_tasks, asked.cut, 200))
    if agents.open:
        with agents:
            cost_tables.agents(found.agents)
    if tools.open:
        with tools:
            cost_tables.tools(found.tools)


def _cache(found: Costs) -> None:
    total = found.total
    st.subheader("What the cache saved")
    st.markdown(
        f"**{_money(total.saved_nanousd)}**: {words.tokens(total.tokens.cache_read)} tokens read and "
        f"{words.tokens(total.tokens.cache_write_5m + total.tokens.cache_write_1h)} written cost "
        f"{_money(total.cached_nanousd)}; as plain input they would have cost {_money(total.uncached_nanousd)}."
    )
    st.caption(SAVED)


def _analyst(found: Costs) -> None:
    st.subheader("With and without ANALYST")
    if not len(found.analyst):
        st.caption("No task ended in this time.")
        return
    cost_tables.analyst(found.analyst)
    st.caption(OBSERVED)


def _runs(found_of: Costs, asked: Asked) -> None:
    if found_of.drifting:
        st.warning(
            plain(
                f"The figures of {words.count(found_of.drifting, 'run')} are {questions.DRIFT_PERCENT:g} % or more "
                "apart; the table below begins with them."
            ),
            icon=":material/balance:",
        )
    with st.expander("Do the figures of each run agree?", key="costs-runs", on_change="rerun") as runs:
        if runs.open:
            found: pd.DataFrame = session.ask(questions.runs, asked.cut)
            st.caption(
                plain(
                    "Counted: reply by reply, when each was made. Own total: what the command line itself says. "
                    "Price table: the same tokens by the list of this version. Transcript: what the sessions of its "
                    "agents add up to, beside what was counted of the same agents. "
                    f"Runs that are {questions.DRIFT_PERCENT:g} % or more apart come first and are marked."
                )
            )
            cost_tables.runs(found)
