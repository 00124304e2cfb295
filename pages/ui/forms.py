"""The form of a new task: it gives a draft, and says while it is filled in what that draft would become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import streamlit as st

from data.domain import words
from data.domain.agents import Runtime
from data.domain.approvals import EVERY_TOOL
from data.domain.errors import FleetError
from data.domain.fleet import Priority
from data.domain.money import from_usd
from data.domain.prices import book
from data.domain.tasks import MAX_DESCRIPTION, AnalystChoice, Draft, TaskType
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.planning import check_folder, guess_type
from orchestrator_adapter.runners.demo.scenarios import scenarios
from pages.ui import cards, folder_picker, typed
from pages.ui.look import plain

RUNTIMES = {
    Runtime.CLAUDE: "Claude: real agents, real money",
    Runtime.DEMO: "Demo: scripted replies",
    Runtime.SCRIPTED: "Scripted: for tests",
}
ANALYSTS = {
    AnalystChoice.AUTO: "Auto",
    AnalystChoice.FORCE: "Always in",
    AnalystChoice.SKIP: "Leave out",
}
RECENT = 6
"""Folders of earlier tasks that are offered."""
MODES = {
    "acceptEdits": "Edit files; ask for the rest",
    "default": "Ask for everything that is not reading",
    "dontAsk": "Only what is allowed by name",
    "bypassPermissions": "Everything, without asking",
}
"""Nobody answers the questions of these modes, so asking means that the tool is refused."""
ASKABLE = ["Bash", "Edit", "Write", "Read", "WebFetch", "Task", EVERY_TOOL]


@dataclass(frozen=True)
class Filled:
    """The form as it stands: a draft, and the first reason why it cannot be handed in yet."""

    draft: Draft
    problem: str | None


def task_form(deck: Deck, recent: Sequence[str], generation: int) -> Filled:
    """Draw the form; `generation` counts the tasks handed in, so that the next one begins empty."""
    text = typed.text_area(
        "What should be done?",
        key=f"description-{generation}",
        height=220,
        placeholder="For example: the total in the basket is wrong when a coupon is used. Find out why and fix it.",
    )
    kind = _type(text)
    runtime, none_runs = _runtime(deck)
    scenario = _scenario() if runtime is Runtime.DEMO else None
    folder, wrong_folder = _folder(deck, recent, runtime)
    analyst = _analyst()
    model, budget, priority, asks, mode, ai_planner, risk = _more(runtime)
    draft = Draft(text.strip(), kind, analyst, folder, runtime, model, budget, scenario, ai_planner, mode)
    draft = replace(draft, ask_tools=asks, priority=priority)
    return Filled(draft, _text_problem(text) or none_runs or wrong_folder or risk)


def _text_problem(text: str) -> str | None:
    if not text.strip():
        return "Say first what should be done."
    if len(text.strip()) > MAX_DESCRIPTION:
        return f"The description has {len(text.strip()):,} characters; {MAX_DESCRIPTION:,} is the most."
    return None


def _type(text: str) -> TaskType | None:
    guess = f"Guessed: {words.task_type(guess_type(text))}" if text.strip() else "Guessed from the description"
    return st.selectbox(
        "Type", list(TaskType), index=None, placeholder=guess, format_func=words.task_type, key="new-type"
    )


def _runtime(deck: Deck) -> tuple[Runtime | None, str | None]:
    runtimes = deck.runtimes()
    can = [runtime for runtime, why in runtimes.items() if why is None]
    if not can:
        st.error(plain(f"No runtime can run here. {' '.join(filter(None, runtimes.values()))}"))
        return None, "No runtime can run here."
    usual = deck.default_runtime()
    start = usual if usual in can else can[0]
    picked = st.segmented_control(
        "Runtime", can, default=start, required=True, format_func=RUNTIMES.__getitem__, key="new-runtime"
    )
    for runtime, why in runtimes.items():
        if why is not None:
            st.caption(f":material/info: {RUNTIMES[runtime].partition(':')[0]} cannot run here: {plain(why)}")
    if (picked or start) is Runtime.CLAUDE and (lacks := deck.claude_lacks()):
        st.warning(plain(f"{lacks} Agents would fail as soon as they begin."), icon=":material/key_off:")
    return picked or start, None


def _scenario() -> str:
    stories = {story.name: story for story in scenarios()}
    name = st.selectbox("Story", list(stories), format_func=lambda name: stories[name].title, key="new-scenario")
    st.caption(f"{stories[name].summary} Scripted replies, no model, nothing spent.")
    return str(name)


def _folder(deck: Deck, recent: Sequence[str], runtime: Runtime | None) -> tuple[str | None, str | None]:
    if runtime is None or runtime.simulated:
        st.caption(":material/folder: It works in a fresh scratch folder of its own: nobody's files are touched.")
        return None, None

    def take() -> None:
        st.session_state["new-folder"] = st.session_state["new-recent"]

    with st.container(horizontal=True, vertical_alignment="bottom"):
        path = st.text_input(
            "Folder", key="new-folder", live="300ms", placeholder="/home/you/src/project", persist_state="session"
        )
        folder_picker.button()
    known = [folder for folder in recent if folder != path][:RECENT]
    if known:
        st.pills("Recent folders", known, key="new-recent", on_change=take, format_func=words.folder)
    if not (path or "").strip():
        return None, "Say in which folder the agents may work."
    try:
        real = check_folder(str(path), deck.settings.workdirs)
    except FleetError as refusal:
        cards.note(str(refusal), tone="bad")
        return path, str(refusal)
    cards.note(f"✓ {real}", tone="good")
    return str(real), None


def _analyst() -> AnalystChoice:
    picked = st.segmented_control(
        "ANALYST",
        list(AnalystChoice),
        default=AnalystChoice.AUTO,
        required=True,
        format_func=ANALYSTS.__getitem__,
        key="new-analyst",
        help="Looks into the code before anybody changes it. Auto decides by the description.",
    )
    return picked or AnalystChoice.AUTO


def _more(runtime: Runtime | None) -> tuple[str | None, int | None, Priority, tuple[str, ...], str, bool, str | None]:
    with st.expander("More: model, budget, priority, approvals, permissions, planner"):
        model = st.selectbox(
            "Model", [None, *book().models()], format_func=lambda name: name or "the runtime's own", key="new-model"
        )
        usd = st.number_input(
            "Budget in dollars", min_value=0.01, value=None, step=0.5, placeholder="no limit", key="new-budget"
        )
        st.caption(
            "At 80 % a warning; at 100 % its agents are stopped and the task is paused, with everything paid for kept. "
            "Each agent is also told that it may spend no more."
        )
        priority = _priority()
        asks = _asks()
        mode, risk = _permissions()
        planner = st.checkbox(
            "Let a planner agent design the workflow first",
            key="new-planner",
            disabled=runtime is Runtime.SCRIPTED,
        )
    return model, None if usd is None else from_usd(usd), priority, asks, mode, planner, risk


def _priority() -> Priority:
    picked = st.segmented_control(
        "Priority",
        list(Priority),
        default=Priority.NORMAL,
        required=True,
        format_func=lambda priority: priority.value.capitalize(),
        key="new-priority",
        help="When all places are taken, the more urgent gets the next free one; it can be changed on the page Queue.",
    )
    return picked or Priority.NORMAL


def _asks() -> tuple[str, ...]:
    picked = st.multiselect(
        "Ask a person before",
        ASKABLE,
        format_func=lambda tool: "every tool" if tool == EVERY_TOOL else tool,
        placeholder="no tool",
        accept_new_options=True,
        key="new-asks",
    )
    st.caption(
        "Each call of these tools waits on the page Approvals until somebody allows or denies it, up to 8 hours."
    )
    return tuple(picked)


def _permissions() -> tuple[str, str | None]:
    mode = st.selectbox("What agents may do", list(MODES), format_func=MODES.__getitem__, key="new-mode")
    if mode != "bypassPermissions":
        return mode, None
    st.warning(
        "Agents could then run any command as the user of this server, outside the folder too, without being asked.",
        icon=":material/warning:",
    )
    sure = st.checkbox("I understand, and I want it for this task", key="new-sure")
    return mode, None if sure else "Confirm under More that agents may do everything."
