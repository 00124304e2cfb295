"""Small drawn parts: facts, chips, the rail of a workflow, empty states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

import streamlit as st

from data.domain import words
from data.domain.agents import Role, Runtime
from data.domain.workflows import Step, Workflow
from pages.ui import look


def facts(pairs: Mapping[str, str | None]) -> None:
    """Names and values in two columns; what is not known is left out."""
    rows = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in pairs.items() if v)
    st.html(f'<dl class="qd-facts">{rows}</dl>')


def chips(texts: Iterable[str]) -> None:
    st.html(f'<div class="qd-chips">{"".join(look.chip(text) for text in texts)}</div>')


def figure(value: str, note: str) -> None:
    """One number that answers first, and what it rests on."""
    st.html(f'<div class="qd-figure">{escape(value)}</div><div class="qd-note">{escape(note)}</div>')


def note(text: str, *, tone: str = "") -> None:
    """A small sentence; `tone` is good, bad or nothing."""
    st.html(f'<div class="qd-note {tone}" role="status">{escape(text)}</div>')


def span(low_s: float, high_s: float) -> str:
    """From little to much time: `8 to 25 min`."""
    if high_s < 120:
        return f"{round(low_s)} to {round(high_s)} s"
    if high_s < 2 * 3600:
        return f"{max(1, round(low_s / 60))} to {round(high_s / 60)} min"
    return f"{words.duration(low_s)} to {words.duration(high_s)}"


def rail(workflow: Workflow, notes: Mapping[str, str] | None = None) -> None:
    """Who would work, one below the other, and what each is asked to do; `notes`: what else is said of each step."""
    noted = {key: escape(f" · {note}") for key, note in (notes or {}).items()}
    steps = "".join(
        f'<li style="--role:{look.role_colour(step.role)}"><b>{escape(_named(step))}{noted.get(step.key, "")}</b>'
        f"<span>{escape(step.scope)}{escape(_after(step, workflow))}</span></li>"
        for step in workflow
    )
    st.html(f'<ol class="qd-rail" aria-label="Steps of the workflow">{steps}</ol>')


def _named(step: Step) -> str:
    again = f", {look.tries(step.generation)}" if step.generation > 1 else ""
    return step.key.replace("-", " ").capitalize() + again


def _after(step: Step, workflow: Workflow) -> str:
    """Where a step does not simply follow the one before it."""
    place = workflow.index(step)
    usual = (workflow[place - 1].key,) if place else ()
    if step.depends_on == usual:
        return ""
    return f" (after {', '.join(step.depends_on)})" if step.depends_on else " (at once)"


def bar(shares: Mapping[str, float], label: str) -> None:
    """Parts of a whole beside each other, in percent by their tone; what is said by colour stands in the label too."""
    left, drawn = 100.0, ""
    for tone, share in shares.items():
        width = max(0.0, min(share, left))
        left -= width
        drawn += f'<i class="{escape(tone)}" style="width:{width:.1f}%"></i>'
    st.html(f'<div class="qd-bar" role="img" aria-label="{escape(label)}">{drawn}</div>')


def empty(title: str, sentence: str, icon: str = ":material/inbox:") -> None:
    """Nothing here, and what to do next."""
    with st.container(border=True):
        st.markdown(f"{icon} **{look.plain(title)}**")
        st.caption(look.plain(sentence))


def because(why: str, status: str) -> None:
    """Why something stands as it does; what a person stopped or holds has not gone wrong."""
    if status == "failed":
        st.error(look.plain(why), icon=":material/error:")
    else:
        st.info(look.plain(why), icon=look.STATUS[status][2])


def demo_note(runtime: Runtime) -> None:
    if runtime.simulated:
        st.badge("DEMO", icon=":material/science:", color="orange", help="Scripted replies, no model, nothing spent")


def legend(roles: Iterable[Role]) -> None:
    """Which colour is which role."""
    marks = "".join(
        f'<span class="qd-chip"><i style="display:inline-block;width:8px;height:8px;border-radius:2px;'
        f'margin-right:6px;background:{look.role_colour(role)}"></i>{escape(role.value)}</span>'
        for role in roles
    )
    st.html(f'<div class="qd-chips">{marks}</div>')


def money(nanousd: int, unpriced: int, simulated: bool) -> str:
    """A cost with what one has to know about it."""
    notes = [words.count(unpriced, "reply", "replies") + " without a known price"] if unpriced else []
    notes += ["simulated"] if simulated else []
    return words.dollars(nanousd) + (f" ({', '.join(notes)})" if notes else "")
