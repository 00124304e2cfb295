"""The life of an agent: from its making to its end, phase by phase, with how long each took and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape

import pandas as pd
import streamlit as st

from data.domain import words
from data.domain.agents import Agent
from data.domain.phases import KINDS, Life, Phase, PhaseKind, lives
from pages.ui import cards, look, session, tables

MOST_NOTES = 50


def draw(agent: Agent) -> None:
    with session.read() as board:
        told = board.story_of_kinds(KINDS, agent_id=agent.id)
    found = lives((entry.at, entry.event) for entry in told)
    life, now = found[0] if found else read_in(agent), session.deck().store.now()
    phases = life.upto(now)
    cards.figure(_sentence(life, phases, now), _shares(phases, now))
    _bar(phases, now, look.role_colour(agent.role))
    frame = pd.DataFrame(
        {
            "Phase": [phase.kind.value for phase in phases] + ([look.status_cell(life.end.value)] if life.end else []),
            "From": [f"{phase.begun:%Y-%m-%d %H:%M:%S}" for phase in phases] + _last(phases, life),
            "Took": [words.duration(phase.seconds(now)) for phase in phases] + ([""] if life.end else []),
            "Why": [phase.why for phase in phases] + ([life.why] if life.end else []),
        }
    )
    alt = f"Phases of the agent, {words.count(len(phases), 'phase')}"
    columns = {"Why": st.column_config.TextColumn(width="large")}
    st.dataframe(frame, column_config=columns, hide_index=True, height=tables.height(len(frame)), key="life", alt=alt)
    _notes(life)


def read_in(agent: Agent) -> Life:
    """Of an agent that was read in nothing is known but when it worked."""
    life = Life(agent.id, agent.name, agent.role, agent.step)
    life.go(PhaseKind.WORKING, agent.started_at or agent.created_at)
    if agent.ended_at:
        life.stop(agent.ended_at)
        life.end = agent.status
    return life


def _last(phases: Sequence[Phase], life: Life) -> list[str]:
    ended = phases[-1].ended if phases else None
    return [f"{ended:%Y-%m-%d %H:%M:%S}" if ended else ""] if life.end else []


def _sentence(life: Life, phases: Sequence[Phase], now: datetime) -> str:
    whole = sum(phase.seconds(now) for phase in phases)
    if life.end is None:
        last = phases[-1]
        return f"{last.kind.value.capitalize()} for {words.duration(last.seconds(now))}, {words.duration(whole)} in all"
    return f"{look.status_word(life.end.value).capitalize()} after {words.duration(whole)}"


def _shares(phases: Sequence[Phase], now: datetime) -> str:
    """`at work 0:41 (92 %), waiting for a person 0:04`."""
    spent: dict[PhaseKind, float] = {}
    for phase in phases:
        spent[phase.kind] = spent.get(phase.kind, 0) + phase.seconds(now)
    whole = sum(spent.values())
    return ", ".join(
        f"{kind.value} {words.duration(took)} ({words.percent(took, whole)})" for kind, took in spent.items()
    )


_TONES = {PhaseKind.ASKING: "orange", PhaseKind.WAITING: "orange", PhaseKind.RETRYING: "red"}


def _bar(phases: Sequence[Phase], now: datetime, own: str) -> None:
    """The phases beside each other; their words stand in the table below."""
    whole = sum(phase.seconds(now) for phase in phases) or 1.0
    drawn = ""
    for phase in phases:
        colour = own if phase.kind is PhaseKind.WORKING else look.HEX[_TONES.get(phase.kind, "gray")][look.dark()]
        share = 100 * phase.seconds(now) / whole
        title = escape(f"{phase.kind.value}, {words.duration(phase.seconds(now))}")
        drawn += f'<i title="{title}" style="width:{share:.2f}%;min-width:2px;background:{colour}"></i>'
    st.html(f'<div class="qd-bar" role="img" aria-label="Life: {escape(_shares(phases, now))}">{drawn}</div>')


def _notes(life: Life) -> None:
    if not life.notes:
        return
    st.caption("In between")
    items = "".join(
        f"<li><time>{at:%H:%M:%S}</time> {escape(words.shortened(text, 300))}</li>"
        for at, text in life.notes[-MOST_NOTES:]
    )
    st.html(f'<ol class="qd-lines">{items}</ol>')
