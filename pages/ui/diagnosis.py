"""Why something failed, on top of it: who, when, the likely cause in its own words, and the way to the line."""

from __future__ import annotations

import streamlit as st

from data.domain.agents import AgentStatus
from data.domain.diagnosis import Diagnosis
from data.domain.log_entries import EntryKind, LogEntry
from data.domain.tasks import Task
from data.domain.words import count, shortened
from orchestrator_adapter import agent_logs
from pages.ui import places, session
from pages.ui.look import plain

MOST_CAUSE = 2_000
"""Characters of a cause; the whole of it stands in the log."""
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


def box(found: Diagnosis, *, key: str = "why", here: bool = False, said: str = "") -> None:
    """One agent's failure. `here`: on the page of its log itself, where no way to it is needed; `said`: what stands
    above it already, so that no reason is read twice."""
    colour, icon = _TONE.get(found.status, ("orange", ":material/warning:"))
    sentence = found.ended if found.why in said else found.sentence
    with st.container(border=True, key=key):
        st.markdown(f":{colour}[{icon}] **{plain(shortened(sentence, 400))}**")
        if found.cause is not None and found.cause_words != found.why:
            st.caption(
                plain(f"Likely cause: {found.cause_from}, at {found.cause.at:%H:%M:%S} UTC. {_asked(found.cause)}")
            )
            st.code(found.cause_words[:MOST_CAUSE], language="text", wrap_lines=True)
        _ways(found, here)
        notes = [f"Last good step: {found.good.words}, at {found.good.at:%H:%M:%S} UTC."] if found.good else []
        if found.troubles and found.troubles != found.why:
            notes.append(f"In all: {found.troubles}.")
        st.caption(plain(" ".join(notes) or "Nothing went well before it."))
        if found.evidence:
            _evidence(found, key)


def _asked(cause: LogEntry) -> str:
    return f"It was {cause.words}." if cause.kind is EntryKind.CALL else ""


def _ways(found: Diagnosis, here: bool) -> None:
    with st.container(horizontal=True):
        if found.cause is not None:
            place = {"id": found.agent_id, "tab": "Logs", "entry": str(found.cause.id)}
            label = "Show the entry" if here else "Show the line that caused it"
            st.page_link(places.AGENT, label=label, icon=":material/my_location:", query_params=place)
        if found.cause is not None and found.cause.key:
            conversation(found.agent_id, found.cause.key)
        if not here:
            about = {"id": found.agent_id}
            st.page_link(places.AGENT, label=found.name, icon=":material/person:", query_params=about)


def conversation(agent_id: str, key: str) -> None:
    """The way to a message or a tool call in the conversation."""
    where = {"id": agent_id, "tab": "Conversation", "message": key}
    st.page_link(places.AGENT, label="In the conversation", icon=":material/forum:", query_params=where)


def _evidence(found: Diagnosis, key: str) -> None:
    more = st.expander(f"Also near the end: {len(found.evidence)}", key=f"{key}-more", on_change="rerun")
    if not more.open:
        return
    with more:
        for one in found.evidence:
            words = shortened(f"{one.words}: {one.answer}" if one.answer else one.words, 300)
            st.markdown(f"`{one.at:%H:%M:%S}` {plain(words)}")
