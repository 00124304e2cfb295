"""How good a task's work was: what is known of it, saying it, and who said what."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from data.domain import outcomes, words
from data.domain.outcomes import Outcome, Value
from data.domain.tasks import Task
from data.store.outcome_reads import LaterTask, OutcomeChange
from orchestrator_adapter import commands_outcome
from pages.ui import cards, session
from pages.ui.look import plain

UNKNOWN, YES, NO = "unknown", "yes", "no"
_VALUES = {UNKNOWN: None, YES: True, NO: False}
QUESTIONS = {
    "tests_passed": "Did the tests pass?",
    "review_passed": "Did the review approve it?",
    "merged": "Was the change taken over?",
    "reworked": "Was the work done again?",
}
SCORES = {1: "1 of no use", 2: "2", 3: "3", 4: "4", 5: "5 as good as it gets"}
VERDICTS = {
    True: ("Good", ":material/thumb_up:"),
    False: ("Not good", ":material/thumb_down:"),
    None: ("Nobody knows yet", ":material/help:"),
}


def draw(task: Task) -> None:
    with session.read() as board:
        later, changes = board.outcome_later_tasks(task.id), board.outcome_changes(task.id)
    verdict, icon = VERDICTS[task.good]
    st.markdown(f"{icon} **{verdict}**  \n{plain(because(task))}")
    left, right = st.columns([3, 2], gap="large")
    with left:
        form(task, later, len(changes))
    with right:
        history(changes)


def because(task: Task) -> str:
    """Why it counts as good, as not good, or as unknown."""
    known = task.outcome
    if task.good is None:
        if task.ended:
            return "No test, review or person has said whether the work was good: it is in no rate of success."
        return "It has not come to its end."
    if known.score is not None and not outcomes.BAD_SCORE < known.score < outcomes.GOOD_SCORE:
        return f"A person gave it {known.score} of {outcomes.MOST_SCORE}."
    told = [outcomes.LABELS[name] for name in ("tests_passed", "review_passed", "merged") if getattr(known, name)]
    against = ["the task failed"] if task.status.value == "failed" else []
    against += ["its work was done again"] if known.reworked else []
    against += ["the tests failed"] if known.tests_passed is False else []
    against += ["the review refused it"] if known.review_passed is False else []
    return f"Because: {', '.join(told if task.good else against)}."


def form(task: Task, later: list[LaterTask], revision: int) -> None:
    """Its fields begin anew after each change, so that they show what holds."""
    now, key = task.outcome, f"outcome-{task.id}-{revision}"
    with st.form(f"outcome-form-{task.id}"):
        values: dict[str, Value] = {
            name: _VALUES[str(_three(question, getattr(now, name), f"{key}-{name}", _whose(now, name)))]
            for name, question in QUESTIONS.items()
        }
        values["rework_task"] = _again(later, now.rework_task, key)
        values["score"] = st.pills(
            "Your score", list(SCORES), default=now.score, format_func=SCORES.__getitem__, key=f"{key}-score"
        )
        values["note"] = st.text_area("Note", now.note, max_chars=outcomes.MAX_NOTE, height=80, key=f"{key}-note")
        pressed = st.form_submit_button("Save", type="primary", key="outcome-save")
    said = {name: value for name, value in values.items() if value != getattr(now, name)}
    with session.refusals():
        if pressed and said:
            commands_outcome.record_outcome(session.deck(), session.actor(), task.id, said)
            st.rerun()


def _three(question: str, now: bool | None, key: str, whose: str | None) -> str:
    shown = UNKNOWN if now is None else YES if now else NO
    picked = st.segmented_control(
        question, [UNKNOWN, YES, NO], default=shown, required=True, key=key, help=whose and plain(whose)
    )
    return picked or shown


def _whose(now: Outcome, name: str) -> str | None:
    if getattr(now, name) is None:
        return None
    return f"Said by {now.set_by[name]}." if name in now.set_by else "Recorded by itself; what you say goes before it."


def _again(later: list[LaterTask], now: str | None, key: str) -> str | None:
    told = {one.id: one for one in later}
    options = [*told, *([now] if now and now not in told else [])]
    return st.selectbox(
        "The later task that did it again",
        options,
        index=options.index(now) if now else None,
        placeholder="none" if options else "no later task in this folder",
        format_func=lambda task_id: _later(told.get(task_id), task_id),
        key=f"{key}-again",
    )


def _later(found: LaterTask | None, task_id: str) -> str:
    if found is None:
        return task_id
    same = f", {words.count(found.same_files, 'same file')}" if found.same_files else ""
    return f"{words.title(found.description, 60)} ({found.created_at:%Y-%m-%d %H:%M}{same})"


def history(changes: list[OutcomeChange]) -> None:
    st.caption("Who said what")
    if not changes:
        cards.empty("Nothing recorded yet", "Testers and reviewers record their verdict; you can say more.")
        return
    rows = [
        {
            "When": f"{one.at:%Y-%m-%d %H:%M:%S}",
            "Who": f"{one.event.by} (by itself)" if one.event.automatic else one.event.by,
            "What": f"{outcomes.LABELS[name]}: {outcomes.said(value)}",
            "Why": words.shortened(one.event.why, 120),
        }
        for one in changes
        for name, value in one.event.values.items()
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt="Who said what about the outcome, the newest first")
