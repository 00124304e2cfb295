"""What lists are filtered by; the state lives in the address, so that a filtered page can be shared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, TypeVar

import streamlit as st

from data.domain import windows, words
from data.domain.agents import AgentStatus, Role, Runtime
from data.domain.assignment import DECIDERS, AssignedBy
from data.domain.outcomes import SPOKEN, Verdict
from data.domain.tasks import TaskStatus, TaskType
from data.domain.windows import Preset
from data.store import AgentFilter, Board, Page, TaskFilter
from orchestrator_adapter.kept import Kept
from pages.ui import look, session

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")

PAGE_ROWS = 50
MOST_LISTS = 32
WIDTH_PX = 128
SORTS = {"created": "newest", "cost": "dearest", "tokens": "most tokens"}
WHOSE = {"all": "everybody's", "mine": "yours"}
_lists: Kept[Any] = Kept(MOST_LISTS)
_ANALYST = {"in": True, "out": False}
CREATED = {
    Preset.TODAY.value: "today",
    Preset.WEEK.value: "in 7 days",
    Preset.MONTH.value: "in 30 days",
    Preset.QUARTER.value: "in 90 days",
    "custom": "from … to",
}


def choice(label: str, kind: type[E], key: str, spoken: Callable[[str], str] = str) -> E | None:
    """One value of a list of names, or all of them."""
    names = [item.value for item in kind if item.value != "deleted"]
    picked = st.selectbox(
        label, names, index=None, placeholder="all", format_func=spoken, key=key, bind="query-params", width=WIDTH_PX
    )
    return kind(picked) if picked else None


def agents(first: str, person: str, *, mine: bool) -> AgentFilter:
    """Which agents; `first` and `mine`: how the list begins for this person."""
    with st.container(horizontal=True):
        chosen_role = choice("Role", Role, "role")
        chosen_status = choice("Status", AgentStatus, "status", look.status_word)
        names = list(WHOSE)
        whose = st.selectbox(
            "Whose",
            names,
            index=names.index("mine" if mine else "all"),
            format_func=WHOSE.__getitem__,
            key="whose",
            bind="query-params",
            width=WIDTH_PX,
        )
        order = _order(first)
    owner = person if whose == "mine" else None
    return AgentFilter(status=chosen_status, role=chosen_role, created_by=owner, sort=order)


def tasks() -> TaskFilter:
    with st.container(horizontal=True):
        text = st.text_input(
            "Search",
            placeholder="in descriptions",
            type="search",
            live="300ms",
            key="q",
            bind="query-params",
            width=240,
        )
        status = choice("Status", TaskStatus, "status", look.status_word)
        kind = choice("Type", TaskType, "type", lambda name: words.task_type(TaskType(name)))
        runtime = choice("Runtime", Runtime, "runtime")
        analyst = st.selectbox(
            "ANALYST", list(_ANALYST), index=None, placeholder="all", key="analyst", bind="query-params", width=WIDTH_PX
        )
        decided = choice("Decided by", AssignedBy, "analyst_by", lambda name: DECIDERS[AssignedBy(name)])
        outcome = choice("Outcome", Verdict, "outcome", lambda name: SPOKEN[Verdict(name)])
        since, until = _created()
        order = _order()
    return TaskFilter(
        since=since,
        until=until,
        analyst_by=decided,
        outcome=outcome,
        status=status,
        task_type=kind,
        text=(text or "").strip() or None,
        analyst=_ANALYST.get(analyst or ""),
        runtime=runtime,
        sort=order,
    )


def _created() -> tuple[datetime | None, datetime | None]:
    """Whole days of UTC."""
    picked = st.selectbox(
        "Created",
        list(CREATED),
        index=None,
        placeholder="at any time",
        format_func=CREATED.__getitem__,
        key="created",
        bind="query-params",
        width=WIDTH_PX,
    )
    now = session.deck().store.now()
    if picked is None:
        return None, None
    if picked != "custom":
        return windows.last(Preset(picked), now).begin, None
    how: dict[str, Any] = {"format": "YYYY-MM-DD", "bind": "query-params", "width": WIDTH_PX, "max_value": now.date()}
    first = st.date_input("From", now.date() - timedelta(days=6), key="created_from", **how)
    last = st.date_input("To", now.date(), key="created_to", **how)
    if not isinstance(first, date) or not isinstance(last, date):
        return None, None
    if last < first:
        st.caption("The last day is before the first.")
        begin = windows.days(first, first).begin
        return begin, begin  # nothing lies in it, as over HTTP
    found = windows.days(first, last)
    return found.begin, found.end


def _order(first: str = "created") -> str:
    names = list(SORTS)
    picked = st.selectbox(
        "Order",
        names,
        index=names.index(first),
        format_func=SORTS.__getitem__,
        key="sort",
        bind="query-params",
        width=WIDTH_PX,
    )
    return picked or "created"


def pages_shown(name: str, wanted: object) -> int:
    """How many stretches of a list are on the page; another filter begins again with one."""
    held = st.session_state.get(f"pages-{name}")
    if held is None or held[0] != wanted:
        st.session_state[f"pages-{name}"] = held = (wanted, 1)
    return int(held[1])


@dataclass(frozen=True)
class Listed(Generic[T]):
    """What a page shows of a list."""

    items: list[T]
    more: bool
    """Whether there is more of it."""
    rows: Any
    """The items as the rows of a table."""


def listed(
    name: str,
    wanted: object,
    ask: Callable[[Board, str | None], Page[T]],
    rows: Callable[[list[T], datetime], Any],
) -> Listed[T]:
    """A list as of now; read and laid out once for all pages that show the same."""
    shown, store = pages_shown(name, wanted), session.deck().store
    now = store.now()
    minute = now.replace(second=0, microsecond=0)  # durations go on while nothing happens
    key = (str(store.url), session.recent_clock(), name, wanted, shown, minute)

    def read() -> Listed[T]:
        with session.read() as board:
            items, more = stretches(lambda cursor: ask(board, cursor), shown)
        return Listed(items, more, rows(items, now))

    return _lists.get(key, read)


def stretches(ask: Callable[[str | None], Page[T]], shown: int) -> tuple[list[T], bool]:
    """So many stretches of a list in one, and whether there is more."""
    page = ask(None)
    found = list(page.items)
    for _ in range(shown - 1):
        if page.next_cursor is None:
            break
        page = ask(page.next_cursor)
        found += page.items
    return found, page.next_cursor is not None


def show_more(name: str) -> None:
    """A button that puts the next stretch of the list on the page."""

    def one_more() -> None:
        wanted, shown = st.session_state[f"pages-{name}"]
        st.session_state[f"pages-{name}"] = (wanted, shown + 1)

    st.button("Show more", icon=":material/expand_more:", on_click=one_more, key=f"more-{name}")
