"""Approvals: tool calls that wait for a person, what each would do, and what was answered before."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import streamlit as st

from data.domain import words
from data.domain.agents import Agent
from data.domain.approvals import AnswerScope, Approval
from data.domain.errors import AgentNotFound, BlobNotFound, TaskNotFound
from data.domain.tasks import Task
from data.store import Board
from orchestrator_adapter import commands
from pages.ui import cards, decided, diff, live, places, session, tables
from pages.ui.look import plain

ANSWERED = 100


@dataclass(frozen=True)
class Question:
    """A waiting call with everything that helps to answer it; what was deleted meanwhile is missing."""

    asked: Approval
    agent: Agent | None
    task: Task | None
    given: dict[str, Any]


def read(board: Board, asked: Approval) -> Question:
    try:
        agent = board.agent(asked.agent_id)
    except AgentNotFound:
        agent = None
    try:
        task = board.task(asked.task_id)
    except TaskNotFound:
        task = None
    try:
        given = json.loads(board.blob(asked.input_blob))
    except (BlobNotFound, ValueError):
        given = {}
    return Question(asked, agent, task, given if isinstance(given, dict) else {"input": given})


@session.live_panel("waiting")
def waiting() -> None:
    with session.read() as board:
        found = [read(board, asked) for asked in board.approvals_waiting()]
    if not found:
        cards.empty(
            "Nothing waits for you",
            "A task asks here before every call of the tools that you name under New task, More.",
            ":material/task_alt:",
        )
        st.page_link(places.NEW_TASK, label="New task", icon=":material/add_circle:")
    for question in found:
        with st.container(border=True, key=f"asked-{question.asked.id}"):
            card(question)


def card(question: Question) -> None:
    """Who wants what, then the call itself, then the answers."""
    asked = question.asked
    who = question.agent.name if question.agent else "An agent"
    st.markdown(f"**{plain(who)}** wants **{plain(asked.tool)}**: {plain(asked.words)}")
    with st.container(horizontal=True, vertical_alignment="center"):
        if question.task is not None:
            cards.demo_note(question.task.runtime)
            title = words.title(question.task.description, 70)
            st.page_link(
                places.TASK, label=plain(title), icon=":material/list_alt:", query_params={"id": question.task.id}
            )
    call(question)
    now = session.deck().store.now()
    st.caption(
        f"{plain(asked.why)} Asked {words.ago(asked.asked_at, now)} ({asked.asked_at:%H:%M:%S} UTC); "
        f"denied by itself at {asked.expires_at:%Y-%m-%d %H:%M} UTC."
    )
    answers(asked, who)


def call(question: Question) -> None:
    """The input as it is best read: a command as code, a change as a diff, the rest as JSON."""
    asked, given = question.asked, question.given
    folder = question.task.working_directory if question.task else ""
    lines = diff.of_call(asked.tool, given, folder) if folder else None
    if lines is not None:
        path = str(given.get("file_path", ""))
        st.caption(plain(path))
        st.html(diff.as_html(lines, f"What would change in {path}"))
    elif asked.tool == "Bash" and "command" in given:
        st.code(str(given["command"]), language="bash", wrap_lines=True)
        if said := given.get("description"):
            st.caption(plain(str(said)))
    else:
        st.code(json.dumps(given, indent=2, ensure_ascii=False), language="json", wrap_lines=True)


def answers(asked: Approval, who: str) -> None:
    with st.container(horizontal=True):
        once = st.button("Allow once", type="primary", icon=":material/check:", key=f"once-{asked.id}")
        task = st.button("Allow for this task", icon=":material/done_all:", key=f"task-{asked.id}")
        deny = st.button("Deny…", icon=":material/block:", key=f"deny-{asked.id}")
    if once and answer(asked, allow=True):
        st.rerun()
    if task and answer(asked, allow=True, scope=AnswerScope.TASK):
        st.rerun()
    if deny:
        ask_reason(asked, who)


def answer(asked: Approval, *, allow: bool, scope: AnswerScope = AnswerScope.ONCE, reason: str = "") -> object:
    return session.done(
        f"answer-{asked.id}",
        lambda: commands.answer_approval(
            session.deck(), session.actor(), asked.id, allow=allow, scope=scope, reason=reason
        ),
    )


@session.dialog("Deny this call", ":material/block:")
def ask_reason(asked: Approval, who: str) -> None:
    """In a dialog of its own, so that nothing that happens meanwhile disturbs the typing."""
    st.markdown(f"**{plain(asked.tool)}**: {plain(asked.words)}")
    reason = st.text_input("Reason", key=f"reason-{asked.id}", max_chars=2000, placeholder="What should it do instead?")
    st.caption(f"{plain(who)} is told the reason and goes on without this call.")
    with st.container(horizontal=True):
        if st.button("Deny", type="primary", key="deny-sure") and answer(asked, allow=False, reason=reason or ""):
            session.close_dialog()
        if st.button("Decide later", key="deny-not"):
            session.close_dialog()


@session.live_panel("answered")
def answered() -> None:
    with session.read() as board:
        found = board.approvals_answered(ANSWERED)
    if not found:
        return
    st.subheader("Answered")
    told = f"The last {words.count(len(found), 'answer')}: when, what, for which call, by whom, why"
    tables.read_only(decided.answers(found), key="answered", alt=told)


session.actor()
st.title("Approvals")
waiting()
answered()
live.mount()
