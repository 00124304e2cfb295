"""Replay: a task as it stood at any moment, played or stepped through; the moment is in the address."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from html import escape
from pathlib import Path

import streamlit as st

from data.domain import words
from data.domain.agents import Agent
from data.domain.phases import KINDS, lives
from data.domain.tasks import Task
from orchestrator_adapter import handover
from orchestrator_adapter.views import story as stories
from orchestrator_adapter.views.story import Opened, Story
from pages.ui import agent_life, cards, charts, look, session, tables, task_agents
from pages.ui.live import go

HERE = Path(__file__).parent
AT, SLIDER, SECONDS, BY, PLAYING = "at", "replay-event", "replay-seconds", "replay-by", "replay-playing"
TICK_MS = 450
TICKS = 100
"""About so many pictures a task is played in, however long its log is."""
BY_EVENT, BY_TIME = "Events", "Time"


def draw(task: Task) -> None:
    """The whole of the story: who worked when, the moment that is looked at, and what it had come to by then."""
    store = session.deck().store
    with store.read() as board:
        told = stories.of(store, board, task.id)
        opened = told.open(board, _number(told))
    if opened.moment.task is None:  # read in from log folders: how it came about was not told event by event
        _read_in(task)
        return
    _gantt(told, opened, pinned=AT in st.query_params)
    if len(told) > 1:
        _controls(told, opened)
    _moment(task, told, opened)


def _number(told: Story) -> int:
    """The moment in the address; the newest without one."""
    at = st.query_params.get(AT, "")
    return told.number_of(int(at)) if at.isascii() and at.isdigit() and len(at) < 19 else len(told)


def _read_in(task: Task) -> None:
    """When its agents worked is all that is known of the story of a task that was read in."""
    now, found, notes = session.deck().store.now(), [], {}
    for agent in task_agents.of(task.id):
        life = agent_life.read_in(agent)
        found.append(life)
        notes[agent.id] = f"{words.duration(life.phases[0].seconds(now))} · {words.dollars(agent.cost_nanousd)}"
    if chosen := charts.gantt(found, notes, now):
        go(f"agent?id={chosen}")
    st.caption("This task was read in as it stands: its moments cannot be replayed. Click a bar to open its agent.")


def _gantt(told: Story, opened: Opened, *, pinned: bool) -> None:
    with session.read() as board:
        moves = told.of_kinds(board, KINDS)
    now = session.deck().store.now()
    found = lives((entry.at, entry.event) for entry in moves)
    costs = {agent.id: agent.cost_nanousd for agent in opened.moment.agents.values()} | {"": opened.cost_nanousd}
    notes = {}
    for life in found:
        took = words.duration(sum(phase.seconds(now) for phase in life.upto(now)))
        known = life.agent_id in costs
        notes[life.agent_id] = f"{took} · {words.dollars(costs[life.agent_id])}" if known else took
    if chosen := charts.gantt(found, notes, now, opened.at if pinned else None):
        go(f"agent?id={chosen}")
    st.caption(
        "Filled: at work. Outlined: waiting, orange for a person, red for the next try, grey before its start or while "
        "paused. Click a bar to open its agent."
    )
    box = st.expander("The same as a table", key="gantt-table", on_change="rerun", icon=":material/table_rows:")
    if box.open:
        with box:
            rows = sum(len(life.upto(now)) for life in found)
            frame = tables.phases(found, now)
            st.dataframe(frame, hide_index=True, height=tables.height(rows), key="phases", alt="Who did what when")


def _go(told: Story, number: int) -> None:
    st.query_params[AT] = str(told.ids[number - 1])


def _controls(told: Story, opened: Opened) -> None:
    """Everything that moves the moment."""
    last, number = len(told), opened.number
    playing = st.session_state.get(PLAYING, False) and number < last
    st.session_state[PLAYING] = playing

    def to(target: Callable[[], int], *, plays: bool = False) -> Callable[[], None]:
        def move() -> None:
            st.session_state[PLAYING] = plays
            _go(told, target())

        return move

    play = to(lambda: 1 if number >= last else number, plays=True)
    with st.container(horizontal=True, vertical_alignment="center", key="replay-buttons"):
        _button("To the beginning", "first_page", to(lambda: 1), off=number == 1)
        _button("One step back", "chevron_left", to(lambda: told.previous(number)), off=number == 1)
        if playing:
            _button("Pause", "pause", to(lambda: number), main=True)
        else:
            _button("Play", "play_arrow", play, main=True)
        _button("One step on", "chevron_right", to(lambda: told.next(number)), off=number == last)
        _button("To now", "last_page", _to_now, off=AT not in st.query_params)
        by = st.segmented_control(
            "Move by", [BY_EVENT, BY_TIME], default=BY_EVENT, required=True, key=BY, label_visibility="collapsed"
        )
    _slider(told, opened, by_time=by == BY_TIME)
    if playing:
        _ticker(number, lambda: _go(told, advanced(told, number)))


def _button(label: str, icon: str, do: Callable[[], None], *, off: bool = False, main: bool = False) -> None:
    kind = "primary" if main else "secondary"
    st.button(label, icon=f":material/{icon}:", on_click=do, disabled=off, type=kind, key=f"replay-{icon}")  # type: ignore[call-overload]


def _to_now() -> None:
    st.session_state[PLAYING] = False
    st.query_params.pop(AT, None)


def advanced(told: Story, number: int) -> int:
    """The next picture while it plays: a few happenings on, so that the whole takes about a minute at most."""
    for _ in range(max(1, round(len(told.told) / TICKS))):
        number = told.next(number)
    return number


def _slider(told: Story, opened: Opened, *, by_time: bool) -> None:
    begun = told.when(1)
    if by_time and (whole := int((told.when(len(told)) - begun).total_seconds())) > 0:
        st.session_state[SECONDS] = min(whole, max(0, int((opened.at - begun).total_seconds())))

        def by_seconds() -> None:
            st.session_state[PLAYING] = False
            _go(told, told.number_at(begun + timedelta(seconds=st.session_state[SECONDS] + 1)))

        label = "Seconds since the task was asked for"
        st.slider(label, 0, whole, key=SECONDS, on_change=by_seconds, label_visibility="collapsed")
        return
    st.session_state[SLIDER] = opened.number

    def by_number() -> None:
        st.session_state[PLAYING] = False
        _go(told, st.session_state[SLIDER])

    st.slider("Events so far", 1, len(told), key=SLIDER, on_change=by_number, label_visibility="collapsed")


def _ticker(number: int, on_tick: Callable[[], None]) -> None:
    component = st.components.v2.component("quarterdeck_ticker", js=(HERE / "ticker.js").read_text(encoding="utf-8"))
    component(key="replay-tick", data={"at": number, "ms": TICK_MS}, on_tick_change=on_tick)


def _moment(task: Task, told: Story, opened: Opened) -> None:
    then = opened.moment.whole()
    if then is None:
        return
    since = words.duration((opened.at - told.when(1)).total_seconds())
    with st.container(key="replay-moment"):
        cards.figure(
            f"{cards.money(then.cost_nanousd, then.unpriced_messages, then.simulated)} for {_bought(then, opened)}",
            f"{since} after it was asked for, {opened.at:%Y-%m-%d %H:%M:%S} UTC: event {opened.number:,} of "
            f"{len(told):,}. In the end {words.dollars(task.cost_nanousd)}.",
        )
        left, right = st.columns([3, 2], gap="large")
        with left:
            _steps(then)
            _agents(opened)
        with right:
            _lines(opened)


def _bought(then: Task, opened: Opened) -> str:
    """What there was for the money."""
    done = sum(step.status.value == "completed" for step in then.workflow)
    changed = {path for change, paths in then.files.items() if change != "read" for path in paths}
    parts = [f"{done} of {words.count(len(then.workflow), 'step')}"]
    parts.append(words.count(len(opened.moment.agents), "agent"))
    parts.append(words.count(then.tool_calls, "tool call"))
    if changed:
        parts.append(f"{words.count(len(changed), 'file')} changed")
    return ", ".join(parts)


def _steps(then: Task) -> None:
    items = "".join(
        f'<li style="--role:{look.role_colour(step.role)}" class="{escape(step.status.value)}">'
        f"<b>{escape(step.key)}</b> {escape(look.status_cell(step.status.value))}</li>"
        for step in then.workflow
    )
    state = escape(look.status_cell(then.status.value))
    whole = f'<li class="whole"><b>Task</b> {state}</li>'
    st.html(f'<ol class="qd-then" aria-label="The steps then">{whole}{items}</ol>')


def _agents(opened: Opened) -> None:
    """Each agent then: what it had given, or what it was doing."""
    agents = list(opened.moment.agents.values())
    if not agents:
        cards.empty("No agent yet", "The first one is made when its step begins.")
        return
    st.html(
        f'<ol class="qd-story" aria-label="The agents then">{"".join(_agent(agent, opened) for agent in agents)}</ol>'
    )


def _agent(agent: Agent, opened: Opened) -> str:
    took = ""
    if agent.started_at is not None:
        took = words.duration(((agent.ended_at or opened.at) - agent.started_at).total_seconds()) + " · "
    facts = f"{took}{words.dollars(agent.cost_nanousd)} · {words.tokens(agent.tokens.total)} tokens"
    gone = agent.id in opened.moment.deleted
    link = f'<a href="agent?id={escape(agent.id)}" target="_self">{escape(agent.name)}</a>'
    link = escape(agent.name) if gone else link
    state = escape(look.status_cell(agent.status.value)) + (" (off the lists)" if gone else "")
    return (
        f'<li style="--role:{look.role_colour(agent.role)}"><div><b>{link}</b> '
        f"{state}<i>{escape(facts)}</i></div>"
        f"<p>{escape(handover.gave(agent))}</p></li>"
    )


def _lines(opened: Opened) -> None:
    """What happened up to this moment, the newest last and marked."""
    items = "".join(
        f"<li{' class=now' if line is opened.lines[-1] else ''}><time>{line.at:%H:%M:%S}</time> "
        f"<b>{escape(line.agent or 'Task')}</b> {escape(line.words)}</li>"
        for line in opened.lines
    )
    st.html(f'<ol class="qd-lines" aria-label="What happened up to then">{items}</ol>')
