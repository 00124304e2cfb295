"""Why something failed, on top of it: who, when, the likely cause in its own words, and the way to the line."""

from __future__ import annotations

import streamlit as st

from data.domain.agents import AgentStatus
from data.domain.diagnosis import Diagnosis
from data.domain.log_entries import EntryKind, LogEntry
from data.domain.tasks import Task
from data.domain.words import count, shortened
from orchestrator_adapter import agent_logs
from pages.ui import agent_ways, places, session
from pages.ui.look import plain

CAUSE_PX = 320
"""Above that a cause is scrolled."""
CAUSE_LINES = 14
MOST_SHOWN = 3
_TONE = {AgentStatus.FAILED: ("red", ":material/error:"), AgentStatus.CANCELLED: ("gray", ":material/block:")}


def draw(task: Task) -> None:
    """What is known about the agents of a task that failed; nothing if none did."""
    with session.read() as board:
        found = agent_logs.of_task(board, task.id)
    for place, one in enumerate(found[:MOST_SHOWN]):
        box(one, key=f"why-{place}", said=task.error or "")
    if (more := len(found) - MOST_SHOWN) > 0:
        st.caption(f"{count(more, 'more agent')} failed or {'was' if more == 1 else 'were'} stopped after these.")


def box(found: Diagnosis, *, key: str = "why", here: bool = False, said: str = "", opened: int | None = None) -> None:
    """One agent's failure. `here`: on the page of its log itself, where no way to it is needed; `said` and `opened`:
    the reason and the entry that stand above it already, so that nothing is read twice."""
    colour, icon = _TONE.get(found.status, ("orange", ":material/warning:"))
    told = found.why in said or (found.status is AgentStatus.CANCELLED and bool(said))
    sentence = found.ended if told else found.sentence
    with st.container(border=True, key=key):
        st.markdown(f":{colour}[{icon}] **{plain(shortened(sentence, 400))}**")
        if found.cause is not None and found.cause_words != found.why:
            st.caption(
                plain(f"Likely cause: {found.cause_from}, at {found.cause.at:%H:%M:%S} UTC. {_asked(found.cause)}")
            )
            if opened != found.entry:
                _words(found.cause_words)
        _ways(found, here, key)
        good = found.good if found.good is not None and found.good.kind is EntryKind.CALL else None
        notes = [f"Last good step: {good.words}, at {good.at:%H:%M:%S} UTC."] if good else []
        if found.troubles and found.troubles != found.why:
            notes.append(f"In all: {found.troubles}.")
        st.caption(plain(" ".join(notes) if good else " ".join(["No call of it went well before.", *notes])))
        if found.evidence:
            _evidence(found, key)


def _words(cause: str) -> None:
    long = cause.count("\n") >= CAUSE_LINES
    st.code(cause, language="text", wrap_lines=True, height=CAUSE_PX if long else "content")


def _asked(cause: LogEntry) -> str:
    return f"It was {cause.words}." if cause.kind is EntryKind.CALL else ""


def _ways(found: Diagnosis, here: bool, key: str) -> None:
    cause = found.cause
    with st.container(horizontal=True):
        if cause is not None:
            ended = cause.kind is EntryKind.MOVED
            label = "Show the entry" if here else "Show where it ended" if ended else "Show the line that caused it"
            agent_ways.way(label, found.agent_id, "Logs", key=key, icon=":material/my_location:", entry=str(cause.id))
        if cause is not None and cause.key:
            agent_ways.conversation(found.agent_id, cause.key, key=key)
        if not here:
            about = {"id": found.agent_id}
            st.page_link(places.AGENT, label=found.name, icon=":material/person:", query_params=about)


def _evidence(found: Diagnosis, key: str) -> None:
    more = st.expander(f"Also near the end: {len(found.evidence)}", key=f"{key}-more", on_change="rerun")
    if not more.open:
        return
    with more:
        for one in found.evidence:
            words = shortened(f"{one.words}: {one.answer}" if one.answer else one.words, 300)
            st.markdown(f"`{one.at:%H:%M:%S}` {plain(words)}")
