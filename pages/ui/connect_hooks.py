"""Claude Code's hooks: whether they are installed, what installing changes, and the consent to it."""

from __future__ import annotations

import streamlit as st

from orchestrator_adapter import commands_connect
from orchestrator_adapter.commands_connect import Done, HookScope
from pages.ui import connected, session
from pages.ui.look import plain

SAID = "hooks-said"
COMMAND = "python -m orchestrator_adapter hooks"


@st.fragment
def part() -> None:
    with st.container(border=True), session.panel("hooks"):
        st.subheader("Claude Code hooks")
        found = commands_connect.installed(session.deck())
        with st.container(horizontal=True):
            _installed(found.number, found.wanted)
            connected.badge("hooks")
        if found.hindrance:
            st.warning(plain(f"They are not run: {found.hindrance}"), icon=":material/block:")
        st.markdown(
            "Every session of Claude Code that starts on this machine appears on the Fleet page: what it was asked, "
            "what it does, which files it touches, when it waits for you, and what it costs."
        )
        st.caption(
            plain(
                f"They lie in {found.file}. A session never waits for this server, and does not notice if it is not "
                "running. Prompts, tool calls and answers are sent to this machine only."
            )
        )
        with st.container(horizontal=True):
            if found.number < found.wanted and st.button("Install", type="primary", icon=":material/add_link:"):
                _ask(_planned(remove=False))
            if found.number and st.button("Remove", icon=":material/link_off:"):
                _ask(_planned(remove=True))
        if said := st.session_state.pop(SAID, None):
            st.success(plain(said), icon=":material/check_circle:")
        st.caption("The same in a terminal, also for the sessions in one folder:")
        st.code(
            f"{COMMAND} install\n{COMMAND} install --scope project --dir .\n{COMMAND} remove",
            language="bash",
            wrap_lines=True,
        )


def _installed(number: int, wanted: int) -> None:
    if number >= wanted:
        st.badge("installed", icon=":material/link:", color="green")
    elif number:
        st.badge(f"{number} of {wanted} kinds installed", icon=":material/warning:", color="orange")
    else:
        st.badge("not installed", icon=":material/link_off:", color="gray")


def _planned(*, remove: bool) -> Done:
    deck, actor = session.deck(), session.actor()
    if remove:
        return commands_connect.remove_hooks(deck, actor, HookScope.USER)
    return commands_connect.install_hooks(deck, actor, HookScope.USER)


@session.dialog("Change the settings of Claude Code?", icon=":material/edit_document:", width="large")
def _ask(shown: Done) -> None:
    """The person sees the very change that is made then."""
    plan = shown.plan
    adds = plan.installed == 0 or len(plan.after) > len(plan.before)
    if not plan.changes:
        st.info("There is nothing to change.", icon=":material/check_circle:")
        return
    st.markdown(plain(f"{plan.path}, line by line. A copy of the file as it is now is kept beside it."))
    st.code(plan.difference(), language="diff", height=320, wrap_lines=True)
    with session.refusals():
        if st.button("Install" if adds else "Remove", type="primary", key="hooks-agreed"):
            deck, actor = session.deck(), session.actor()
            change = commands_connect.install_hooks if adds else commands_connect.remove_hooks
            done = change(deck, actor, HookScope.USER, planned=plan)
            what = "Installed: sessions that start from now on are seen here." if adds else "Removed."
            st.session_state[SAID] = f"{what} {'The file as it was: ' + str(done.backup) if done.backup else ''}"
            session.close_dialog()
