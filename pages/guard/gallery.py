"""Gallery: every part of the pages in each of its states, for those who write pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import streamlit as st

from data.domain.agents import Agent, AgentStatus, Role, Runtime
from data.domain.money import Tokens
from data.domain.phases import Life, PhaseKind
from data.domain.workflows import Step, StepStatus, sequence
from data.store.board import Message
from pages.ui import cards, charts, drawing, flow_drawing, live, look, session, tables

LONG = "Untersuche-die-Ursache-" * 6 + " and then a description that goes on for longer than any card is wide"


def board(now_ms: int) -> dict[str, object]:
    """Elements as the server sends them: every role, every status, long texts, a full context window."""
    out: dict[str, object] = {"kpis": _kpis()}
    for place, status in enumerate(("in_progress", "waiting", "completed", "failed")):
        out[f"task:{place}"] = _task(place, status, now_ms)
    states = [*AgentStatus][:6]
    for place, role in enumerate(Role):
        out[f"agent:{place}"] = _agent(place, role, states[place % len(states)].value, now_ms)
    return out | {"failures": _failures(now_ms)}


def _failures(now_ms: int) -> dict[str, object]:
    items = [
        {"id": f"gallery-{n}", "title": title, "why": LONG, "simulated": n == 1, "ended_at": now_ms - n * 40_000_000}
        for n, title in enumerate(("Fix the sign bug in add()", LONG, "Write a docstring"))
    ]
    return {"order": 3, "count": 12, "items": items}


def _kpis() -> dict[str, object]:
    return {
        "order": 0,
        "active": 4,
        "agents": 1204,
        "running": 2,
        "waiting": "1 waiting",
        "spend": "$1,203.41",
        "spend_note": "without 3 unpriced replies, $0.25 simulated apart",
        "tokens": "1.9 M",
        "tokens_note": "cache read 81 %",
        "success": "92 %",
        "success_note": "23 of 25 in 7 days",
        "spend_spark": [n * (n % 5) / 7 for n in range(24)],
        "start_spark": [n % 7 for n in range(24)],
        "by_role": {"builder": 2, "analyst": 1, "tester": 1},
        "analyst": "ANALYST in 9 of 25 tasks in 7 days",
    }


def _task(place: int, status: str, now_ms: int) -> dict[str, object]:
    steps = ["completed", "completed", "active" if status == "in_progress" else status, "pending"]
    return {
        "order": place,
        "id": f"gallery-{place}",
        "title": LONG if place == 1 else "Fix the sign bug in add()",
        "type": "bug fix",
        "folder": "~/src/calc",
        "analyst": {"included": place % 2 == 0, "reason": "Complex task: ANALYST goes first"},
        "status": status,
        "runtime": "demo" if place == 3 else "claude",
        "simulated": place == 3,
        "cost": "$0.84",
        "unpriced": place == 2,
        "started_at": now_ms - 67_000,
        "ended_at": now_ms if status in ("completed", "failed") else None,
        "steps": [
            {"key": key, "role": key, "status": state, "started_at": None, "activity": "editing calc.py"}
            for key, state in zip(("analyst", "planner", "builder", "tester"), steps, strict=True)
        ],
        "files": place,
        "agents": 3,
        "error": "The TESTER judged the work as not good: 2 of 9 tests fail." if status == "failed" else None,
    }


def _agent(place: int, role: Role, status: str, now_ms: int) -> dict[str, object]:
    percent = [4, 31, 79, 80, 97, 100, None, 55][place]
    return {
        "order": place,
        "id": f"gallery-{place}",
        "name": role.value.capitalize(),
        "role": role.value,
        "status": status,
        "activity": LONG if place == 2 else "editing calc.py",
        "model": "claude-sonnet-5-5",
        "simulated": place == 3,
        "cost": "$0.38",
        "tokens": "212 k",
        "context": {"percent": percent},
        "files": place,
        "started_at": now_ms - 3_900_000 if place == 5 else now_ms - 67_000,
        "ended_at": None if status in ("active", "waiting", "idle") else now_ms,
        "error": "The model service refused: the key is not valid." if status == "failed" else None,
    }


def _agents() -> list[Agent]:
    now = session.deck().store.now()
    first = Agent(
        id="0123456789abcdef",
        task_id="gallery",
        step="builder",
        role=Role.BUILDER,
        name="Builder",
        model="claude-sonnet-5-5",
        status=AgentStatus.ACTIVE,
        activity="",
        runtime=Runtime.DEMO,
        simulated=True,
        created_at=now - timedelta(minutes=9),
        started_at=now - timedelta(minutes=8),
        tokens=Tokens(12, 3_400, 212_000, 9_000, 0),
        cost_nanousd=380_000_000,
        reported_nanousd=372_000_000,
    )
    states = [*AgentStatus]
    return [
        replace(
            first, id=f"{place}{first.id}", role=role, name=role.value.capitalize(), status=states[place % len(states)]
        )
        for place, role in enumerate(Role)
    ]


def _lives() -> list[Life]:
    """One life of every role; they wait in each of the ways in which one can."""
    now, kinds = session.deck().store.now(), [*PhaseKind]
    out = []
    for place, role in enumerate(Role):
        life = Life(str(place), LONG if place == 1 else role.value, role, role.value)
        for turn, kind in enumerate((PhaseKind.IDLE, PhaseKind.WORKING, kinds[place % len(kinds)], PhaseKind.WORKING)):
            life.go(kind, now - timedelta(seconds=300 - 30 * place - 20 * turn), "because")
        life.stop(now - timedelta(seconds=10 * place))
        out.append(life)
    return out


def _messages() -> list[Message]:
    now = session.deck().store.now()
    return [
        Message(f"msg_{n}", "", "claude-sonnet-5-5", now, Tokens(8, 100 * n, 9_000), n * 4_000_000, n == 3)
        for n in range(1, 9)
    ]


session.actor()
st.title("Gallery")
st.caption("Every part with every state. Made-up values; nothing here is in the store.")
now = session.deck().store.now()
st.subheader("Live parts")
live.specimen(board(round(now.timestamp() * 1000)))
st.subheader("States")
with st.container(horizontal=True):
    for name in look.STATUS:
        look.status_badge(name)
    cards.demo_note(Runtime.DEMO)
cards.legend(Role)
st.subheader("Tables")
st.dataframe(
    tables.agent_rows(_agents(), now),
    column_config=tables.agent_columns(),
    hide_index=True,
    height=tables.height(8),
    alt="Agents of every role",
)
frame, columns = tables.task_agents(_agents(), now)
st.dataframe(frame, column_config=columns, hide_index=True, height=tables.height(8), alt="Agents of a task")
st.subheader("Charts")
charts.gantt(_lives(), {str(n): f"{role.value}, $0.38" for n, role in enumerate(Role)}, now)
charts.cost_by_message(_messages(), Role.BUILDER)
st.subheader("Workflows")
steps = sequence([(Role.ANALYST, "Find the cause."), (Role.BUILDER, "Fix it."), (Role.BUILDER, "And the other one.")])
fork = (*steps, Step("tester", Role.TESTER, LONG, ("analyst",), status=StepStatus.FAILED))
drawing.show(flow_drawing.steps(fork), key="workflow")
cards.rail(fork)
st.subheader("Small parts")
cards.figure("About $0.75 to $2.00", "8 to 25 min; from 40 similar tasks")
cards.chips(["complex task", "bug fix (guessed)", LONG])
cards.facts({"Role": "builder", "Long": LONG, "Unknown": None})
cards.note("A good note.", tone="good")
cards.note("A bad note.", tone="bad")
cards.empty("Nothing here", "What to do next stands here.")
with session.panel("a part that crashes"):
    raise RuntimeError("on purpose")
