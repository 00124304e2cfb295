"""What search found, as a list that is walked by keys: tasks, and under each its hits with the words marked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import streamlit as st

from data.domain import words
from data.domain.agents import Role
from data.store.search import Hit
from orchestrator_adapter.views import found
from pages.ui import look, places

HERE = Path(__file__).parent
_PAGES = {"task": places.TASK, "agent": places.AGENT}


def draw(hits: Sequence[Hit], now: datetime) -> None:
    """The hits, and the way from each to where it was said."""
    st.html(f'<div class="qd-found">{"".join(_group(group, now) for group in found.groups(hits))}</div>')
    result = _keys()(key="found-keys", data={"box": "q"}, on_open_change=lambda: None)
    if result.open:
        go(str(result.open))


def go(address: str) -> None:
    """Open the page of a hit; nothing for an address that is none of ours."""
    page, _, asked = address.partition("?")
    if page in _PAGES:
        st.switch_page(_PAGES[page], query_params=dict(parse_qsl(asked)))


def _group(group: found.Group, now: datetime) -> str:
    task = group.task
    marks = [look.status_cell(task.status.value), *(["archived"] if task.archived else [])]
    marks += [words.dollars(task.task_nanousd)]
    chips = "".join(look.chip(mark) for mark in marks) + (look.chip("DEMO", tone="demo") if task.simulated else "")
    title = f'<a class="task" href="task?id={escape(task.task_id)}">{escape(task.task)}</a>'
    return f"<section><h3>{title}{chips}</h3>{''.join(_hit(hit, now) for hit in group.hits)}</section>"


def _hit(hit: Hit, now: datetime) -> str:
    said = "".join(f"<mark>{escape(bit.text)}</mark>" if bit.hit else escape(bit.text) for bit in hit.snippet)
    role = f'<i style="background:{look.role_colour(Role(hit.role))}"></i>' if hit.role else ""
    known = [hit.agent, *([hit.role] if hit.role != hit.agent.lower() else [])]
    who = [found.named(hit), *(known if hit.agent_id else [])]
    spent = [f"{words.dollars(hit.agent_nanousd)} in all"] if hit.agent_id and hit.agent_nanousd else []
    when = f'<time title="{hit.at:%Y-%m-%d %H:%M:%S} UTC">{words.ago(hit.at, now)}</time>'
    about = " · ".join([*(escape(part) for part in who), when, *spent])
    return f'<a href="{escape(found.address(hit))}"><span class="about">{role}{about}</span><span>{said}</span></a>'


def _keys() -> Any:
    js = (HERE / "found.js").read_text(encoding="utf-8")
    return st.components.v2.component("quarterdeck_found", js=js)
