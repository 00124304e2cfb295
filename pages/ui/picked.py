"""Rows that a person picked in a long table, and one order for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeVar

import streamlit as st

from data.domain import words
from orchestrator_adapter.access import Actor
from orchestrator_adapter.commands_batch import Outcome
from orchestrator_adapter.deck import Deck
from pages.ui import session
from pages.ui.filters import Listed
from pages.ui.look import plain


class Named(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T", bound=Named)


@dataclass(frozen=True)
class Order:
    """One button of the bar above a table."""

    verb: str
    """`Cancel`."""
    icon: str
    give: Callable[[Sequence[str]], list[Outcome]]
    hindrance: Callable[[Any], str | None]
    """Why it would be refused for this item now."""
    told: str
    """What it means, as a sentence."""
    done: str
    """`cancelled`."""


V = TypeVar("V", bound=StrEnum)


def order(
    verb: V,
    give: Callable[[Deck, Actor, V, Sequence[str]], list[Outcome]],
    hindrance: Callable[[V, Any], str | None],
    icon: str,
    told: str,
    done: str,
    name: str = "",
) -> Order:
    """A button that gives this order as the person who looks at the page."""
    return Order(
        name or verb.capitalize(),
        icon,
        lambda ids: give(session.deck(), session.actor(), verb, ids),
        lambda item: hindrance(verb, item),
        told,
        done,
    )


@dataclass(frozen=True)
class Question:
    """What is to be confirmed."""

    id: str
    table: str
    noun: str
    order: Order
    items: Sequence[Any]
    titles: Mapping[str, str]


def key(table: str) -> str:
    """Key of the table; another one after each order, so that nothing stays picked."""
    return f"{table}-table-{st.session_state.get(f'{table}-orders', 0)}"


def rows(table: str) -> list[int]:
    """Numbers of the picked rows, as they stand before the table is drawn."""
    state = st.session_state.get(key(table)) or {}
    return list(state.get("selection", {}).get("rows", []))


def standing(table: str, listed: Listed[T]) -> Listed[T]:
    """The list as the person saw it while rows of it are picked: new ones must not slip under their marks."""
    held = f"{table}-held"
    if rows(table) and (seen := st.session_state.get(held)) is not None:
        return seen  # type: ignore[no-any-return]
    st.session_state[held] = listed
    return listed


def bar(table: str, noun: str, listed: Listed[T], title: Callable[[T], str], orders: Sequence[Order]) -> None:
    """What can be done with the picked rows, above their table; what became of the last order otherwise."""
    numbers = [number for number in rows(table) if number < len(listed.items)]
    items = [listed.items[number] for number in numbers]
    with st.container(key=f"{table}-bar", horizontal=True, vertical_alignment="center"):
        if not items:
            said = st.session_state.get(f"{table}-said")
            st.caption(said or f"Pick {noun}s in the first column to act on several at once.")
            return
        st.session_state.pop(f"{table}-said", None)
        st.markdown(f"**{words.count(len(items), noun)} picked**")
        for order in orders:
            if st.button(f"{order.verb}…", icon=order.icon, key=f"{table}-{order.verb}"):
                titles = {item.id: title(item) for item in items}
                ask(Question(f"{table}-{order.verb}", table, noun, order, items, titles))
        if st.button("Pick none", key=f"{table}-none"):
            forget(table)
            st.rerun()
        st.caption("The table stands still meanwhile.")


def forget(table: str) -> None:
    st.session_state[f"{table}-orders"] = st.session_state.get(f"{table}-orders", 0) + 1


@session.dialog("Do this with all of them?", ":material/checklist:")
def ask(question: Question) -> None:
    """What would be done, what would be refused and why; then once and for each by itself."""
    order = question.order
    hindered = {item.id: why for item in question.items if (why := order.hindrance(item))}
    able = [item.id for item in question.items if item.id not in hindered]
    st.markdown(f"**{order.verb} {words.count(len(able), question.noun)}.** {order.told}")
    lines = [f"- {plain(question.titles[one])}" for one in able]
    lines += [f"- ~~{plain(question.titles[one])}~~ ({plain(why)})" for one, why in hindered.items()]
    with st.container(height=220 if len(lines) > 6 else "content", border=False):
        st.markdown("\n".join(lines))
    with st.container(horizontal=True):
        sure = st.button(order.verb, type="primary", key="batch-sure", disabled=not able)
        if st.button("Leave them", key="batch-not"):
            session.close_dialog()
    if sure and (outcomes := session.done(f"batch-{question.id}-{hash(tuple(able))}", lambda: order.give(able))):
        st.session_state[f"{question.table}-said"] = summary(outcomes, question)
        forget(question.table)
        session.close_dialog()


def summary(outcomes: Sequence[Outcome], question: Question) -> str:
    """`3 tasks cancelled. 1 refused: Fix the bug (A task that is completed cannot become cancelled.)`"""
    refused = [one for one in outcomes if one.refused is not None]
    said = f"{words.count(len(outcomes) - len(refused), question.noun)} {question.order.done}."
    if refused:
        named = "; ".join(f"{question.titles[one.id]} ({one.refused})" for one in refused)
        said += f" {len(refused)} refused: {named}"
    return plain(said)
