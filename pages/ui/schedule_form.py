"""The form of a schedule of reports: it gives a plan as a person wants it, new or changed."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from data.domain import windows
from data.domain.exports import Format, What
from data.domain.schedules import FORMATS, MOST_CHANNELS, SPANS, WEEKDAYS, Frequency, Plan, Span
from pages.ui import session
from pages.ui.report_panels import WHATS

FREQUENCIES = {Frequency.DAILY: "Every day", Frequency.WEEKLY: "Every week", Frequency.MONTHLY: "Every month"}


def fields(start: Plan, key: str) -> Plan:
    """Draw the fields; `start` is what they begin with, and what they do not show stays as it is."""
    name = st.text_input("Name", start.name, key=f"{key}-name", max_chars=120, placeholder="Costs of the week")
    plan = _when(_file(replace(start, name=(name or "").strip()), key), key)
    return replace(plan, channels=_channels(plan, key))


def _file(plan: Plan, key: str) -> Plan:
    formats = st.pills(
        "Files",
        [one.value for one in FORMATS],
        default=[one.value for one in plan.formats],
        selection_mode="multi",
        format_func=lambda one: FORMATS[Format(one)],
        key=f"{key}-formats",
    )
    plan = replace(plan, formats=tuple(Format(one) for one in formats))
    left, right = st.columns(2, vertical_alignment="bottom")
    spans = list(SPANS)
    span = left.selectbox(
        "Of which days",
        spans,
        index=spans.index(plan.span),
        format_func=lambda one: SPANS[Span(one)].capitalize(),
        key=f"{key}-span",
    )
    plan = replace(plan, span=Span(span))
    if set(plan.formats) <= {Format.PDF}:
        return plan
    whats = list(WHATS)
    what = right.selectbox(
        "Rows of", whats, index=whats.index(plan.what), format_func=lambda one: WHATS[What(one)], key=f"{key}-what"
    )
    return replace(plan, what=What(what))


def _when(plan: Plan, key: str) -> Plan:
    columns = st.columns(4, vertical_alignment="bottom")
    every = list(FREQUENCIES)
    frequency = columns[0].selectbox(
        "Sent",
        every,
        index=every.index(plan.frequency),
        format_func=lambda one: FREQUENCIES[Frequency(one)],
        key=f"{key}-frequency",
    )
    plan = replace(plan, frequency=Frequency(frequency))
    if plan.frequency is Frequency.WEEKLY:
        days = list(range(1, 8))
        picked = columns[1].selectbox(
            "On", days, index=plan.weekday - 1, format_func=lambda one: WEEKDAYS[one - 1], key=f"{key}-weekday"
        )
        plan = replace(plan, weekday=int(picked))
    elif plan.frequency is Frequency.MONTHLY:
        day = columns[1].number_input(
            "On day", 1, 31, plan.day, key=f"{key}-day", help="In a month that is too short: on its last day"
        )
        plan = replace(plan, day=int(day))
    hour = columns[2].selectbox(
        "At", list(range(24)), index=plan.hour, format_func=lambda one: f"{one:02}:00", key=f"{key}-hour"
    )
    names = list(windows.zones())
    names = names if plan.tz in names else [plan.tz, *names]
    tz = columns[3].selectbox("By the clocks of", names, index=names.index(plan.tz), key=f"{key}-tz")
    return replace(plan, hour=int(hour), tz=str(tz))


def _channels(plan: Plan, key: str) -> tuple[str, ...]:
    names = {one.id: one.name for one in session.if_known(lambda board: board.channels(), [])}
    options = dict.fromkeys(plan.channels, "a channel") | names
    if not options:
        st.caption("There is no channel yet: make one on the page Alerts, by e-mail, webhook, Slack or Discord.")
        return ()
    picked = st.multiselect(
        "Through",
        list(options),
        default=list(plan.channels),
        format_func=options.__getitem__,
        max_selections=MOST_CHANNELS,
        placeholder="Choose who gets it",
        key=f"{key}-channels",
    )
    return tuple(picked)
