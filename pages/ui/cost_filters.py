"""The question of the Costs page: window, zone, filters and steps, all of them in the address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import streamlit as st

from data.domain import windows, words
from data.domain.agents import Role
from data.domain.errors import WindowInvalid
from data.domain.tasks import TaskType
from data.domain.windows import Grain, Preset, Window
from data.warehouse import costs
from data.warehouse.costs import By, Cut
from pages.ui import look, session
from pages.ui.look import plain

CUSTOM = "custom"
WINDOWS = {
    Preset.TODAY.value: "Today",
    Preset.WEEK.value: "7 days",
    Preset.MONTH.value: "30 days",
    Preset.TWO_MONTHS.value: "60 days",
    Preset.QUARTER.value: "90 days",
    Preset.THIS_MONTH.value: "This month",
    CUSTOM: "Custom",
}
SPOKEN = {
    Preset.TODAY.value: "today",
    Preset.WEEK.value: "in 7 days",
    Preset.MONTH.value: "in 30 days",
    Preset.TWO_MONTHS.value: "in 60 days",
    Preset.QUARTER.value: "in 90 days",
    Preset.THIS_MONTH.value: "this month",
    CUSTOM: "in this time",
}
PARTS = {
    By.ROLE: "role",
    By.MODEL: "model",
    By.TASK_TYPE: "task type",
    By.FOLDER: "project folder",
    By.USER: "person",
    By.ANALYST: "ANALYST",
}
"""What bars can be parted by, in words."""
KEYS = {
    By.ROLE: "cost_role",
    By.MODEL: "cost_model",
    By.TASK_TYPE: "cost_type",
    By.FOLDER: "cost_folder",
    By.USER: "cost_user",
    By.ANALYST: "cost_analyst",
}
"""The filter that a part of a bar sets; other pages have filters of their own for roles and types."""
ANALYST = {"with ANALYST": True, "without ANALYST": False}
MONEY = {"real": "Real money", "simulated": "Simulated"}
WIDTH_PX = 150
COARSE = timedelta(days=45)
"""From here on a page that shows change tells it by weeks."""


@dataclass(frozen=True)
class Asked:
    """What a person wants to know."""

    cut: Cut
    grain: Grain
    split: By
    spoken: str
    """The window in words."""


def asked(
    usual: Preset = Preset.MONTH,
    *,
    parted: bool = True,
    coarse: bool = False,
    chosen: Callable[[], None] | None = None,
) -> Asked | None:
    """None, with the reason on the page, if it is no question.

    `parted`: whether bars have parts to choose; `coarse`: whether months are told by weeks rather than by days;
    `chosen`: called when a person chooses another window.
    """
    with session.panel("filters"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            picked = st.segmented_control(
                "Window",
                list(WINDOWS),
                default=usual.value,
                required=True,
                format_func=WINDOWS.__getitem__,
                key="window",
                bind="query-params",
                on_change=chosen,
            )
            zone = _zone()
            money = st.selectbox(
                "Money", list(MONEY), format_func=MONEY.__getitem__, key="money", bind="query-params", width=WIDTH_PX
            )
        found = _window(str(picked), zone)
        cut = _cut(found, simulated=money == "simulated")
        return Asked(cut, *_shape(found, parted=parted, coarse=coarse), SPOKEN[str(picked)])
    return None


def _zone() -> str:
    """UTC unless somebody wants days of another zone; that of the browser stands second."""
    own = st.context.timezone
    names = list(windows.zones())
    if own in names[1:]:
        names.remove(own)
        names.insert(1, own)
    picked = st.selectbox("Days of", names, key="tz", bind="query-params", width=200)
    return str(picked or windows.UTC_NAME)


def _window(chosen: str, zone: str) -> Window:
    """Raises WindowInvalid."""
    now = session.deck().store.now()
    if chosen != CUSTOM:
        return windows.last(Preset(chosen), now, zone)
    today = now.astimezone(windows.zone(zone)).date()
    with st.container(horizontal=True):
        how: dict[str, Any] = {"min_value": date(2000, 1, 1), "max_value": today, "format": "YYYY-MM-DD"}
        first = st.date_input(
            "From", today - timedelta(days=29), key="from", bind="query-params", width=WIDTH_PX, **how
        )
        last = st.date_input("To", today, key="to", bind="query-params", width=WIDTH_PX, **how)
    if not isinstance(first, date) or not isinstance(last, date):
        raise WindowInvalid("Choose the first and the last day.", field="from")
    return windows.days(first, last, zone)


def _cut(window: Window, *, simulated: bool) -> Cut:
    names = session.ask(costs.names)
    with st.container(horizontal=True):
        role = _one("Role", [role.value for role in Role], By.ROLE)
        kind = _one(
            "Task type", [kind.value for kind in TaskType], By.TASK_TYPE, lambda name: words.task_type(TaskType(name))
        )
        model = _one("Model", names["model"], By.MODEL, _short_model)
        folder = _one("Project folder", names["folder"], By.FOLDER, _folder)
        user = _one("Person", names["user"], By.USER)
        analyst = _one("ANALYST", list(ANALYST), By.ANALYST, lambda name: name.removesuffix(" ANALYST"))
    return Cut(window, simulated, role, model, kind, folder, user, ANALYST.get(analyst or ""))


def _one(label: str, names: list[str], part: By, spoken: Callable[[str], str] = str) -> str | None:
    """One of the names or all; one of an address that is not among them stays chosen, and finds nothing."""
    key = KEYS[part]
    given = st.query_params.get(key)
    known = names if given is None or given in map(spoken, names) else [*names, given]
    picked = st.selectbox(
        label,
        known,
        index=None,
        placeholder="all",
        format_func=spoken,
        key=key,
        bind="query-params",
        width=WIDTH_PX,
    )
    return str(picked) if picked else None


def _shape(window: Window, *, parted: bool, coarse: bool) -> tuple[Grain, By]:
    """The steps that fit the window, and what bars are parted by."""
    usual = window.grain()
    if coarse and usual is Grain.DAY and window.end - window.begin > COARSE:
        usual = Grain.WEEK
    with st.container(horizontal=True):
        grain = st.segmented_control(
            "Step",
            [grain.value for grain in Grain],
            default=None,
            key="step",
            bind="query-params",
            help=f"Unless you choose one: by the {usual}",
        )
        if not parted:
            return Grain(grain) if grain else usual, By.ROLE
        split = st.selectbox(
            "Bars parted by",
            [part.value for part in PARTS],
            format_func=lambda name: PARTS[By(name)],
            key="split",
            bind="query-params",
            width=WIDTH_PX,
        )
    return Grain(grain) if grain else usual, By(split)


def _short_model(name: str) -> str:
    return name.removeprefix("claude-")


def _folder(name: str) -> str:
    return words.folder(name)


def spoken(part: By, name: str) -> str:
    """A part as people read it."""
    match part:
        case By.MODEL:
            return _short_model(name)
        case By.TASK_TYPE:
            return name.replace("_", " ")
        case By.TOKEN_KIND:
            return costs.KINDS.get(name, costs.OTHER_KIND)
        case _:
            return words.folder(name) if part is By.FOLDER else name


def only(part: By, name: str) -> None:
    """Ask for this part alone from now on; called where widgets may still be changed."""
    st.session_state[KEYS[part]] = name
    st.session_state["costs-picked"] = st.session_state.get("costs-picked", 0) + 1


def day(first: date, last: date) -> None:
    """Ask for these days alone from now on."""
    st.session_state["window"], st.session_state["from"], st.session_state["to"] = CUSTOM, first, last
    st.session_state["costs-picked"] = st.session_state.get("costs-picked", 0) + 1


def chosen(cut: Cut) -> str:
    """The filters in words; empty if there are none."""
    parts = [
        (By.ROLE, cut.role),
        (By.TASK_TYPE, cut.task_type),
        (By.MODEL, cut.model),
        (By.FOLDER, cut.folder),
        (By.USER, cut.user),
    ]
    found = [plain(spoken(part, name)) for part, name in parts if name is not None]
    if cut.analyst is not None:
        found.append("with ANALYST" if cut.analyst else "without ANALYST")
    return ", ".join(found)


def colour(part: By, name: str) -> str | None:
    """The colour that a part has everywhere; None if it has none of its own."""
    if part is By.ROLE and name in set(Role):
        return look.role_colour(Role(name))
    return None
