"""The conversation of an agent on its page: a component that draws what is in sight and asks the API for the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from data.domain.agents import Agent, AgentStatus
from pages.ui import look

HERE = Path(__file__).parent
KEY = "transcript"
MESSAGE = "message"
"""The parameter of the page's address that names a message to show."""
_HTML = """
<div class="talk" data-theme="light">
  <div class="bar" role="search">
    <input type="search" placeholder="Search in this conversation" aria-label="Search in this conversation"
      autocomplete="off" spellcheck="false" maxlength="500">
    <button type="button" class="tool up" aria-label="Previous hit" title="Shift+Enter" disabled>↑</button>
    <button type="button" class="tool down" aria-label="Next hit" title="Enter" disabled>↓</button>
    <span class="count" role="status"></span>
    <span class="push"></span>
    <button type="button" class="tool wrong-ones" title="Go to the next call that failed" hidden></button>
    <button type="button" class="tool start">Start</button>
    <button type="button" class="tool end">End</button>
    <a class="tool export" download title="The whole conversation as a file">Markdown</a>
  </div>
  <p class="note-line" role="status" hidden></p>
  <p class="empty" hidden>Nothing was said yet. It appears here as soon as the agent begins.</p>
  <div class="scroll" tabindex="0" role="region" aria-label="Conversation"><div class="list" role="list"></div></div>
  <div class="announcer" aria-live="polite"></div>
</div>
"""


def draw(agent: Agent) -> None:
    """Replies, thinking, calls and what happened beside them, live while the agent works."""
    _component()(key=KEY, data=_data(agent), on_file_change=_show_files)


def _data(agent: Agent) -> dict[str, Any]:
    return {
        "agent": agent.id,
        "task": agent.task_id,
        "colours": look.ROLE_COLOURS[agent.role],
        "live": agent.live,
        "failed": agent.status is AgentStatus.FAILED,
        "message": st.query_params.get(MESSAGE, ""),
    }


def _show_files() -> None:
    """Somebody wants to see what became of a file."""
    st.query_params["file"] = str(st.session_state[KEY].file)
    st.session_state["tab"] = "Files"


def _component() -> Any:
    js = "\n".join((HERE / name).read_text(encoding="utf-8") for name in ("transcript_rows.js", "transcript.js"))
    css = (HERE / "transcript.css").read_text(encoding="utf-8")
    return st.components.v2.component("quarterdeck_transcript", html=_HTML, js=js, css=css)
