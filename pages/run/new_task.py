"""New task: say what should be done, see what it would become and cost, and run it."""

from __future__ import annotations

import streamlit as st

from data.domain import words
from data.domain.agents import Runtime
from data.domain.errors import FleetError
from data.domain.tasks import Complexity, Draft
from orchestrator_adapter import commands, prompts
from orchestrator_adapter.planning import Preview, lot_words
from pages.ui import cards, estimate, forms, frontier, live, session
from pages.ui.look import plain

GENERATION = "new-generation"
REFUSAL = "new-refusal"


def button_words(filled: forms.Filled, preview: Preview | None) -> str:
    """What pressing the button does, and what it will cost."""
    if filled.draft.runtime is not None and filled.draft.runtime.simulated:
        return "Run the demo" if filled.draft.runtime is Runtime.DEMO else "Run the script"
    if preview is None:
        return "Run the task"
    agents = words.count(len(preview.plan.workflow) + filled.draft.ai_planner, "agent")
    low, high = words.dollars(preview.cost_nanousd_low), words.dollars(preview.cost_nanousd_high)
    return f"Run {agents}, about {low} to {high}"


@st.fragment
def composer() -> None:
    with session.panel("form"):
        compose()


def compose() -> None:
    deck = session.deck()
    recent = session.if_known(lambda board: board.working_directories(), [])
    left, right = st.columns([3, 2], gap="large")
    with left:
        filled = forms.task_form(deck, recent, st.session_state.setdefault(GENERATION, 0))
    preview = commands.preview_task(deck, filled.draft) if filled.draft.description else None
    with left:
        hand_in(filled, preview)
    with right, session.panel("preview"):
        show_preview(filled.draft, preview)


def hand_in(filled: forms.Filled, preview: Preview | None) -> None:
    """One button, one task: a second click of an impatient hand finds nothing to do."""
    if said := st.session_state.pop(REFUSAL, None):
        st.error(plain(said), icon=":material/block:")
    once = session.Once("submit")
    pressed = st.button(
        button_words(filled, preview),
        type="primary",
        icon=":material/play_arrow:",
        disabled=filled.problem is not None,
        help=filled.problem and plain(filled.problem),
        key="submit",
    )
    if filled.problem:
        st.caption(plain(filled.problem))
    if pressed and once.take():
        with st.spinner("Handing the task to the fleet…"):
            task_id = submit(filled.draft, once)
        if task_id:
            live.go(f"task?id={task_id}")


def submit(draft: Draft, once: session.Once) -> str | None:
    """The id of the new task; a refusal keeps the text and is shown above the button."""
    try:
        task = commands.submit_task(session.deck(), session.actor(), draft)
    except FleetError as refusal:
        once.reopen()
        st.session_state[REFUSAL] = session.words(refusal)
        st.rerun()
    once.reopen()
    st.session_state[GENERATION] += 1
    return task.id


def show_preview(draft: Draft, preview: Preview | None) -> None:
    st.subheader("What it would become")
    if preview is None:
        cards.empty("Nothing to show yet", "Type what should be done: complexity, workflow and cost appear here.")
        return
    estimate.draw(preview)
    guessed = " (guessed)" if preview.guessed else ""
    cards.chips([f"{preview.complexity.value} task", words.task_type(preview.task_type) + guessed, *preview.reasons])
    skipping = preview.complexity is Complexity.SIMPLE and not preview.plan.analyst_included
    verdict = "Simple task: skipping ANALYST ✓" if skipping else f"ANALYST {_in_or_out(preview)}"
    st.markdown(f"**{verdict}**  \n{plain(preview.plan.analyst_reason)}")
    if said := lot_words(preview):
        st.info(plain(said), icon=":material/casino:")
    estimate.steps(preview)
    with session.panel("recommendation"):
        frontier.hint(preview.task_type.value, preview.complexity.value, simulated=preview.simulated)
    the_prompts(draft, preview)


def _in_or_out(preview: Preview) -> str:
    return "takes part" if preview.plan.analyst_included else "is left out"


def the_prompts(draft: Draft, preview: Preview) -> None:
    """The very text that a step would be sent."""
    with st.expander("The exact prompts"):
        steps = {step.key: step for step in preview.plan.workflow}
        picked = st.pills("Step", list(steps), default=next(iter(steps)), required=True, key="new-prompt-step")
        step = steps.get(str(picked), preview.plan.workflow[0])
        st.caption("What the agent is told it is")
        st.code(prompts.system_prompt(step.role, preview.complexity), language="markdown", wrap_lines=True)
        st.caption("What it is asked to do; reports of the steps before it are added when it starts")
        st.code(prompts.step_prompt(step, draft.description, preview.complexity), language="markdown", wrap_lines=True)


session.actor()
st.title("New task")
composer()
live.mount(wakes=False)
