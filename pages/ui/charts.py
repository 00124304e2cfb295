"""Every chart: a title that says what it answers, and its words for those who cannot see it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import altair as alt
import pandas as pd
import streamlit as st

from data.domain import words
from data.domain.agents import Agent, Role
from data.domain.money import NANO
from data.store.board import Message
from data.store.imported import DaySpend
from pages.ui import look

BAR_PX = 30


def _role_scale() -> alt.Scale:
    return alt.Scale(domain=[role.value for role in Role], range=[look.role_colour(role) for role in Role])


def timeline(agents: Sequence[Agent], now: datetime) -> None:
    """Who worked when."""
    ran = [agent for agent in agents if agent.started_at is not None]
    if not ran:
        return
    frame = pd.DataFrame(
        {
            "agent": [agent.name for agent in ran],
            "role": [agent.role.value for agent in ran],
            "from": [agent.started_at for agent in ran],
            "to": [agent.ended_at or max(now, agent.started_at) for agent in ran],  # the clock may have been set back
            "cost": [words.dollars(agent.cost_nanousd) for agent in ran],
        }
    )
    chart = (
        alt.Chart(frame, height=BAR_PX * len(ran) + 20, title="Who worked when")
        .mark_bar(cornerRadius=3, height=14)
        .encode(
            x=alt.X("from:T", title=None),
            x2="to:T",
            y=alt.Y("agent:N", title=None, sort=None, axis=alt.Axis(labelOverlap=False, labelFontSize=12)),
            color=alt.Color("role:N", scale=_role_scale(), legend=None),
            tooltip=["agent", "role", "cost", alt.Tooltip("from:T", format="%H:%M:%S"), "to:T"],
        )
    )
    told = "; ".join(f"{a.name} {words.duration(((a.ended_at or now) - a.started_at).total_seconds())}" for a in ran)
    st.altair_chart(chart, alt=f"Timeline of the agents: {told}")


def cost_by_message(messages: Sequence[Message], role: Role) -> None:
    """What each reply cost."""
    priced = [message for message in messages if message.cost_nanousd is not None]
    if not priced:
        return
    frame = pd.DataFrame(
        {
            "reply": range(1, len(priced) + 1),
            "usd": [(message.cost_nanousd or 0) / NANO for message in priced],
            "cost": [words.dollars(message.cost_nanousd or 0) for message in priced],
            "tokens": [words.tokens(message.tokens.total) for message in priced],
        }
    )
    chart = (
        alt.Chart(frame, height=160, title="What each reply cost, in dollars")
        .mark_bar(color=look.role_colour(role))
        .encode(
            x=alt.X("reply:O", title="Reply", axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y("usd:Q", title=None),
            tooltip=["reply", "cost", "tokens"],
        )
    )
    dearest = max(priced, key=lambda message: message.cost_nanousd or 0)
    told = f"{len(priced)} replies, the dearest {words.dollars(dearest.cost_nanousd or 0)}"
    st.altair_chart(chart, alt=f"Cost by reply: {told}")


def spend_by_day(days: Sequence[DaySpend]) -> None:
    """What each day cost, by model."""
    frame = pd.DataFrame(
        {
            "day": [day.day for day in days],
            "model": [day.model for day in days],
            "usd": [day.nanousd / NANO for day in days],
            "cost": [words.dollars(day.nanousd) for day in days],
            "replies": [day.replies for day in days],
        }
    )
    chart = (
        alt.Chart(frame, height=200, title="What each UTC day cost, in dollars")
        .mark_bar()
        .encode(
            x=alt.X("yearmonthdate(day):T", title=None, scale=alt.Scale(type="utc")),
            y=alt.Y("usd:Q", title=None),
            color=alt.Color("model:N", title=None, legend=alt.Legend(orient="bottom", columns=3)),
            tooltip=[alt.Tooltip("day:T", format="%Y-%m-%d"), "model", "cost", "replies"],
        )
    )
    by_day: dict[datetime, int] = {}
    for day in days:
        by_day[day.day] = by_day.get(day.day, 0) + day.nanousd
    dearest = max(by_day, key=lambda one: by_day[one])
    told = f"{words.count(len(by_day), 'day')}, the dearest {dearest:%Y-%m-%d} with {words.dollars(by_day[dearest])}"
    st.altair_chart(chart, alt=f"Cost by day: {told}")
