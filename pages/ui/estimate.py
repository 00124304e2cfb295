"""What a task would cost and take, before it is handed in: the range, what it rests on, and how often such held."""

from __future__ import annotations

import streamlit as st

from data.domain import experience, words
from data.domain.experience import SHARE
from orchestrator_adapter.planning import Preview, StepCost
from pages.ui import cards
from pages.ui.look import plain

THUMB = "A rule of thumb has no record: the first ranges are drawn when enough tasks like it have ended."


def draw(preview: Preview) -> None:
    low, high = words.dollars(preview.cost_nanousd_low), words.dollars(preview.cost_nanousd_high)
    span = cards.span(preview.duration_s_low, preview.duration_s_high)
    if not preview.simulated:
        cards.figure(f"About {low} to {high}", f"{span}; {preview.basis}.")
    elif preview.expected:
        cards.figure("Nothing is spent", f"Simulated money: {low} to {high}, {span}; {preview.basis}.")
    else:
        cards.figure("Nothing is spent", f"With real agents about {low} to {high}, {span}; {preview.basis}.")
    st.caption(plain(experience.record_words(preview.record) if preview.expected else THUMB))


def steps(preview: Preview) -> None:
    """Who would work, and what each may cost."""
    cards.rail(preview.plan.workflow, {step.key: _cost(step) for step in preview.steps})
    if drawn := [step.steps for step in preview.steps if step.steps]:
        told = f"{SHARE} % ranges, each from at most {max(drawn)} past steps of its role"
        st.caption(f"Of single steps: {told}. Parts vary more than their sum does, so they do not add up.")


def _cost(step: StepCost) -> str:
    low, high = words.dollars(step.cost_nanousd_low), words.dollars(step.cost_nanousd_high)
    return f"{low} to {high}" + ("" if step.steps else ", rule of thumb")
