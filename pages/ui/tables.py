"""Every table: which columns it has, how they are written, and how they are coloured."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import pyarrow as pa
import streamlit as st
from pandas.io.formats.style import Styler

from data.domain import context, words
from data.domain.agents import Agent, FileChange, Role, Runtime
from data.domain.assignment import DECIDERS
from data.domain.money import Tokens, dollars
from data.domain.outcomes import SPOKEN, VERDICTS
from data.domain.phases import Life
from data.domain.tasks import Task
from data.domain.waiting import Waiting
from data.store import Recorded
from data.store.board import Message
from data.store.story import Crew
from pages.ui import look

ROW_PX = 35
GRID_PX = 33
"""What a row, and the names of the columns, take in our size of letters."""
STEP = 4
MOST_ROWS = 14
"""Rows a table shows before it scrolls."""

_BLANK = "–"
_NOBODY: Mapping[str, Crew] = {}
_FIGURE_SPACE = "\u2007"
UNPRICED = "unpriced"
"""What stands in a long list where a cost is not known."""
_KINDS = {"input": "Input", "output": "Output", "cache_read": "Cache read"} | {
    "cache_write_5m": "Cache write 5 min",
    "cache_write_1h": "Cache write 1 h",
}


def height(rows: int) -> Any:
    """As high as its rows, up to where it begins to scroll."""
    return "content" if rows <= MOST_ROWS else ROW_PX * (MOST_ROWS + 1)


def growing(rows: int) -> int:
    """The height of a grid into which rows come, in steps and with room for one more.

    A grid that becomes higher is drawn at its new height only when something else happens to it, so a last row that
    just fits would not be there: neither to see nor to click.
    """
    room = -(-(rows + 1) // STEP) * STEP
    return GRID_PX * (min(room, MOST_ROWS) + 1) + 3


def read_only(found: tuple[Any, dict[str, Any]], *, key: str, alt: str) -> None:
    """Draw a table with its columns, as high as it needs to be."""
    frame, columns = found
    st.dataframe(
        frame, column_config=columns, hide_index=True, height=height(len(frame)), key=key, alt=f"{alt}, newest first"
    )


def written(frame: pd.DataFrame, **how: Callable[[Any], str]) -> Styler | pd.DataFrame:
    """Numbers as people read them, still sorted as numbers."""
    shown = {name: how[name] for name in how if name in frame}
    return frame.style.format(shown, na_rep=_BLANK) if len(frame) else frame


class Settled(dict[str, Any]):
    """How a column looks, which nobody changes: to copy it deeply takes longer than to draw the table."""

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        return dict(self)


def pills(label: str, names: Iterable[str], colours: Iterable[str], width: int | None = None) -> Any:
    return Settled(st.column_config.MultiselectColumn(label, options=list(names), color=list(colours), width=width))


def _status_pills() -> Any:
    return _statuses(look.dark())


@functools.cache
def _statuses(dark: bool) -> Any:
    cells = [look.status_cell(name) for name in look.STATUS]
    return pills("Status", cells, [look.status_colour(name, dark) + "33" for name in look.STATUS], 115)


def _role_pills() -> Any:
    return _roles(look.dark())


@functools.cache
def _roles(dark: bool) -> Any:
    return pills("Role", [role.value for role in Role], [look.role_colour(role, dark) + "40" for role in Role], 120)


def money(found: Sequence[Agent | Task]) -> list[str | None]:
    """Costs as people read them, in a column that the browser sorts as text.

    Figure spaces before the sign make the whole dollars equally long, so that the order of the texts is that of the
    amounts. None, shown as `UNPRICED`, where no reply has a known price: that is not the same as free.
    """
    return _written([None if one.unpriced_messages and not one.cost_nanousd else one.cost_nanousd for one in found])


def _written(found: Sequence[int | None]) -> list[str | None]:
    texts = [None if nanousd is None else dollars(nanousd) for nanousd in found]
    whole = [len(text.lstrip("<").partition(".")[0]) if text else 0 for text in texts]
    most = max(whole, default=0)
    return [text and _FIGURE_SPACE * (most - long) + text for text, long in zip(texts, whole, strict=True)]


def times(found: Sequence[float | None]) -> list[str]:
    """Durations in seconds as people read them everywhere, in a column that the browser sorts as text.

    Figure spaces before days, hours and minutes put their first figures at places of their own, so that the order of
    the texts is that of the times; nothing where there is no time.
    """
    texts = ["" if seconds is None else words.duration(seconds) for seconds in found]
    first = [len(re.split("[: ]", text)[0]) for text in texts]
    unit = ["m" if ":" in text else text[size + 1 : size + 2] for text, size in zip(texts, first, strict=True)]
    room = {one: max((size for size, of in zip(first, unit, strict=True) if of == one), default=0) for one in "dhm"}
    ends = {"d": room["d"], "h": room["d"] + room["h"], "m": sum(room.values()), "": 0}
    return [_FIGURE_SPACE * (ends[of] - size) + text for text, size, of in zip(texts, first, unit, strict=True)]


def _changed(files: Mapping[str, Sequence[str]]) -> int:
    """How many files were created, modified or deleted."""
    return len({path for change, paths in files.items() if change != FileChange.READ for path in paths})


def agent_rows(found: Sequence[Agent], now: datetime) -> pa.Table:
    return pa.table(
        {
            "ID": [agent.id[:8] for agent in found],
            "Role": [[agent.role.value] for agent in found],
            "Status": [[look.status_cell(agent.status.value)] for agent in found],
            "Cost": money(found),
            "Tokens": [agent.tokens.total for agent in found],
            "Duration": times([_seconds(agent.started_at, agent.ended_at, now) for agent in found]),
            "Files": [_changed(agent.files) for agent in found],
            "Money": ["simulated" if agent.simulated else "real" for agent in found],
            "Model": [agent.model for agent in found],
            "Created": [agent.created_at for agent in found],
        }
    )


def agent_columns(**buttons: Any) -> dict[str, Any]:
    """`open` is what the id of a row calls, if it can be opened."""
    columns = {"Role": _role_pills(), "Status": _status_pills(), "Created": _when("Created")}
    if buttons:
        columns["ID"] = _button("ID", "open", buttons, width=110, alignment="left")
    return columns | _numbers()


def _analyst(task: Task) -> str:
    if task.is_session:
        return "–"
    return "in" if task.analyst_included else "out"


def task_rows(found: Sequence[Task], now: datetime, crews: Mapping[str, Crew] = _NOBODY) -> pa.Table:
    return pa.table(
        {
            "Description": [words.title(task.description, 80) for task in found],
            "Status": [[look.status_cell(task.status.value)] for task in found],
            "Created": [task.created_at for task in found],
            "Workflow": [" → ".join(step.role.value for step in task.workflow) for task in found],
            "ANALYST": [_analyst(task) for task in found],
            "Agents": [_crew(crews.get(task.id, Crew())) for task in found],
            "Cost": money(found),
            "Tokens": [task.tokens.total for task in found],
            "Duration": times([_seconds(task.started_at, task.ended_at, now) for task in found]),
            "Outcome": [SPOKEN[VERDICTS[task.good]] for task in found],
            "Decided by": [DECIDERS[task.assignment.by] for task in found],
            "ANALYST cost": [text or "" for text in _written([task.analyst_nanousd or None for task in found])],
            "Files": [_changed(task.files) for task in found],
            "Type": [words.task_type(task.task_type) for task in found],
            "Runtime": [_runtime(task.runtime) for task in found],
            "Folder": [task.working_directory for task in found],
            "ID": [task.id[:8] for task in found],
            " ": [":material/delete: Delete" if task.ended else "" for task in found],
        }
    )


def _crew(crew: Crew) -> str:
    """How many there are and were; while some are at work, how many of them: `1 of 3`."""
    return f"{crew.live} of {crew.agents}" if crew.live else str(crew.agents)


def task_columns(**buttons: Any) -> dict[str, Any]:
    """`open` and `delete` are what the buttons of a row call."""
    columns = {
        "Description": _button("Description", "open", buttons, width=250, alignment="left"),
        "Status": _status_pills(),
        "Workflow": st.column_config.TextColumn(width=150),
        "Agents": st.column_config.TextColumn(width=70, help="How many; while some work, how many of them do"),
        "Created": _when("Created"),
        "Folder": st.column_config.TextColumn(width=180),
        " ": _button(" ", "delete", buttons, width=100),
    }
    return columns | _numbers()


def queue_rows(found: Sequence[Waiting], now: datetime) -> pa.Table:
    """What waits for a place, or for a person."""
    placed = {"Place": [one.position for one in found]} if any(one.position for one in found) else {}
    return pa.table(
        {
            **placed,
            "Task": [words.title(one.description, 80) for one in found],
            "Priority": [f":material/swap_vert: {one.priority.value.capitalize()}" for one in found],
            "Why it waits": [one.words for one in found],
            "Step": [one.step or "not begun" for one in found],
            "By": [one.user for one in found],
            "Waits": times([_seconds(one.since, None, now) for one in found]),
            "Runtime": [_runtime(one.runtime) for one in found],
            "ID": [one.task_id[:8] for one in found],
        }
    )


def queue_columns(name: str, **buttons: Any) -> dict[str, Any]:
    """`open` and `prioritize` are what the buttons of a row call; `name` tells one table from another."""
    named = {f"{name}-{action}": call for action, call in buttons.items()}
    number = st.column_config.NumberColumn
    return {
        "Place": number(format="%d", width=60),
        "Task": _button("Task", f"{name}-open", named, width=300, alignment="left"),
        "Priority": _button("Priority", f"{name}-prioritize", named, width=110),
        "Why it waits": st.column_config.TextColumn(width=290),
        "Waits": st.column_config.TextColumn(width=80, alignment="right"),
    }


def _runtime(runtime: Runtime) -> str:
    return f"{runtime.value} (DEMO)" if runtime.simulated else runtime.value


def _numbers() -> dict[str, Any]:
    """How the browser writes the numbers of a long list: styled here, each page that is woken would take four times as
    long. No format of its own has decimals by the amount, so money comes written."""
    number = st.column_config.NumberColumn
    return {
        "Cost": st.column_config.TextColumn(alignment="right"),
        "ANALYST cost": st.column_config.TextColumn(alignment="right", width=110, help="Part of the cost"),
        "Tokens": number(format="%,d"),
        "Duration": st.column_config.TextColumn(alignment="right", width=80),
        "Files": number(format="%,d", width=70, help="Files created, modified or deleted"),
    }


def _button(label: str, action: str, buttons: dict[str, Any], **how: Any) -> Any:
    return st.column_config.ButtonColumn(label, type="tertiary", key=f"click-{action}", on_click=buttons[action], **how)


def task_agents(found: Sequence[Agent], now: datetime) -> tuple[Any, dict[str, Any]]:
    """What each agent of a task used: our figure beside the SDK's own total and its transcript's."""
    frame = pd.DataFrame(
        {
            "Agent": [agent.name for agent in found],
            "Role": [[agent.role.value] for agent in found],
            "Status": [[look.status_cell(agent.status.value)] for agent in found],
            "Duration": [_seconds(agent.started_at, agent.ended_at, now) for agent in found],
            "Cost": [agent.cost_nanousd for agent in found],
            "SDK total": [agent.reported_nanousd for agent in found],
            "Drift": [drift(agent.cost_nanousd, agent.reported_nanousd) for agent in found],
            "Transcript": [agent.transcript_nanousd for agent in found],
            "Its drift": [drift(agent.cost_nanousd, agent.transcript_nanousd) for agent in found],
            **{label: [getattr(agent.tokens, kind) for agent in found] for kind, label in _KINDS.items()},
            "Tools": [agent.tool_calls for agent in found],
            "Model": [agent.model for agent in found],
        }
    )
    columns = {"Role": _role_pills(), "Status": _status_pills()}
    how: dict[str, Callable[[Any], str]] = {label: words.tokens for label in _KINDS.values()}
    return written(frame, Cost=words.dollars, Duration=words.duration, **_OTHERS, **how), columns


def drift(ours: int, reported: int | None) -> str:
    """How far our price of the work is from another figure of it."""
    if reported is None:
        return _BLANK
    if ours == reported:
        return "none"
    if reported == 0:
        return words.dollars(ours)
    return f"{100 * (ours - reported) / reported:+.1f} %"


def _maybe_dollars(nanousd: float | None) -> str:
    return _BLANK if nanousd is None or nanousd != nanousd else words.dollars(int(nanousd))


_OTHERS: dict[str, Callable[[Any], str]] = {"SDK total": _maybe_dollars, "Transcript": _maybe_dollars}
"""Figures beside our own, where they are known."""


def messages(found: Sequence[Message]) -> Any:
    """The model replies of an agent, oldest first."""
    frame = pd.DataFrame(
        {
            "At": [f"{message.at:%H:%M:%S}" for message in found],
            "Cost": ["no price" if m.cost_nanousd is None else words.dollars(m.cost_nanousd) for m in found],
            **{label: [getattr(m.tokens, kind) for m in found] for kind, label in _KINDS.items()},
            "By": [_by(message) for message in found],
            "Model": [message.model for message in found],
            "Message": [message.message_id for message in found],
        }
    )
    how: dict[str, Callable[[Any], str]] = {label: words.tokens for label in _KINDS.values()}
    return written(frame, **how)


def _by(message: Message) -> str:
    if context.compacting(message.message_id):
        return "compaction"
    return "sub-agent" if message.subagent else "agent"


def tokens_by_kind(tokens: Tokens) -> dict[str, str | None]:
    return {label: f"{getattr(tokens, kind):,}" for kind, label in _KINDS.items() if getattr(tokens, kind)}


def events(found: Sequence[Recorded]) -> tuple[Any, dict[str, Any]]:
    """The log, newest first."""
    frame = pd.DataFrame(
        {
            "Clock": [entry.id for entry in found],
            "At": [f"{entry.at:%Y-%m-%d %H:%M:%S}" for entry in found],
            "Kind": [entry.event.kind.replace("_", " ") for entry in found],
            "Agent": [str(getattr(entry.event, "agent_id", ""))[:8] for entry in found],
            "What": [said(entry) for entry in found],
        }
    )
    return frame, {"Clock": st.column_config.NumberColumn(width=70), "What": st.column_config.TextColumn(width=560)}


def said(entry: Recorded) -> str:
    """An event in one line, from whichever of its fields says most."""
    event = entry.event
    for name in ("words", "why", "refused", "rationale", "description", "path", "preview", "error"):
        if text := getattr(event, name, None):
            return words.shortened(str(text), 160)
    if (to := getattr(event, "to", None)) is not None:
        step = getattr(event, "step", "")
        return f"{step} {look.status_word(str(to)) if str(to) in look.STATUS else to}".strip()
    if (chars := getattr(event, "chars", None)) is not None:
        return f"{words.count(chars, 'character')} of {getattr(event, 'block', 'text')}"
    if (total := getattr(event, "total_nanousd", None)) is not None:
        return f"{words.dollars(total)} in all"
    if (tokens := getattr(event, "tokens", None)) is not None:
        return f"{tokens.output:,} tokens out, {tokens.prompt:,} in"
    return ""


def phases(lives: Sequence[Life], now: datetime) -> Any:
    """Who did what when: the same as the chart of it."""
    found = [(life, phase) for life in lives for phase in life.upto(now)]
    frame = pd.DataFrame(
        {
            "Who": [life.name for life, _ in found],
            "What": [phase.kind.value for _, phase in found],
            "From": [f"{phase.begun:%Y-%m-%d %H:%M:%S}" for _, phase in found],
            "Took": [phase.seconds(now) for _, phase in found],
            "Why": [phase.why for _, phase in found],
        }
    )
    return written(frame, Took=words.duration)


def _seconds(started: datetime | None, ended: datetime | None, now: datetime) -> float | None:
    return None if started is None else max(0.0, ((ended or now) - started).total_seconds())


def _when(label: str) -> Any:
    return st.column_config.DatetimeColumn(label, format="YYYY-MM-DD HH:mm", width=130)
