"""The tables of what people decided: answers to agents, and what became of budgets and alerts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd
import streamlit as st

from data.domain import words
from data.domain.alerts import Alert
from data.domain.approvals import AnswerScope, Approval, ApprovalStatus
from data.domain.budgets import Act, Period, Stage
from data.domain.events import BudgetReached, BudgetRemoved, BudgetSet, BudgetStage, FleetSet
from data.domain.fleet import Cleanup, Limits, Lottery, Patience, Retries, Watching
from data.store import Recorded
from pages.ui import session, tables

ROWS = 200
"""Changes that a history goes back."""
ANSWERS = {
    ApprovalStatus.ALLOWED: "✓ allowed",
    ApprovalStatus.DENIED: "✕ denied",
    ApprovalStatus.EXPIRED: "⊘ nobody answered",
    ApprovalStatus.WITHDRAWN: "– not needed any more",
}
ACTS = {
    Act.WARN: "warn",
    Act.DOWNGRADE: "use a cheaper model",
    Act.PAUSE: "pause tasks",
    Act.INTERRUPT: "stop agents",
}
PERIODS = {Period.TOTAL: "in total", Period.DAY: "a day", Period.WEEK: "a week", Period.MONTH: "a month"}
_WIDE = st.column_config.TextColumn
Table = tuple[pd.DataFrame, dict[str, Any]]
"""Rows, and how the columns are written."""


def answers(found: Sequence[Approval]) -> Table:
    """What was answered, by whom, when and why; the newest first."""
    frame = pd.DataFrame(
        {
            "Answered": [f"{a.answered_at:%Y-%m-%d %H:%M:%S}" if a.answered_at else "" for a in found],
            "Answer": [ANSWERS.get(a.status, a.status.value) for a in found],
            "Tool": [a.tool for a in found],
            "Call": [words.shortened(a.words, 120) for a in found],
            "For": ["the whole task" if a.scope is AnswerScope.TASK else "this call" for a in found],
            "By": [a.answered_by or "" for a in found],
            "Reason": [a.reason or "" for a in found],
            "Task": [a.task_id[:8] for a in found],
        }
    )
    return frame, {"Call": _WIDE(width=240), "Reason": _WIDE(width=240)}


VERDICTS = {None: "", True: "✓ right", False: "✕ wrong"}


def alerts(found: Sequence[Alert]) -> Table:
    """Settled alerts, the newest first."""
    frame = pd.DataFrame(
        {
            "Raised": [f"{a.raised_at:%Y-%m-%d %H:%M:%S}" for a in found],
            "Kind": [a.kind.value for a in found],
            "Why": [words.shortened(a.words, 160) for a in found],
            "Settled by": ["itself" if a.answered_by == "clock" else a.answered_by or "" for a in found],
            "Note": [a.note for a in found],
            "Was it right?": [VERDICTS[a.right] for a in found],
            "Agent": [(a.agent_id or "")[:8] for a in found],
        }
    )
    return frame, {"Why": _WIDE(width=320), "Note": _WIDE(width=200)}


def told(
    title: str,
    noun: str,
    kinds: Sequence[str],
    rows: Callable[[Sequence[Recorded]], Table],
) -> None:
    """The history of something that people change, if there is any; `kinds` are its events."""
    with session.read() as board:
        found = board.fleet_events(kinds, limit=ROWS)
    if not found:
        return
    st.subheader(title)
    table = rows(found)
    alt = f"{words.count(len(table[0]), 'change')} of {noun}: when, which, what, who"
    tables.read_only(table, key=f"{noun}-history", alt=alt)


def history(found: Iterable[Recorded]) -> Table:
    """What became of budgets, the newest first; `found` begins with the newest, too."""
    rows, before = [], {}
    for entry in reversed(list(found)):
        match entry.event:
            case BudgetSet() as event:
                rows.append((entry, event.name, _changed(before.get(event.budget_id), event), event.by))
                before[event.budget_id] = event
            case BudgetRemoved() as event:
                last = before.pop(event.budget_id, None)
                rows.append((entry, last.name if last else event.budget_id[:8], "removed", event.by))
            case BudgetReached() as event:
                rows.append((entry, event.name, _reached(event), "the fleet"))
    rows.reverse()
    frame = pd.DataFrame(
        {
            "When": [f"{entry.at:%Y-%m-%d %H:%M:%S}" for entry, *_ in rows],
            "Budget": [name for _, name, *_ in rows],
            "What": [what for *_, what, _ in rows],
            "Who": [who for *_, who in rows],
        }
    )
    return frame, {"What": _WIDE(width=480)}


def _changed(old: BudgetSet | None, new: BudgetSet) -> str:
    limit = limits(new.limit_nanousd, new.limit_tokens)
    if old is None:
        return f"made: {limit} {PERIODS[new.period]}; {stages(new.stages)}"
    notes = []
    if (was := limits(old.limit_nanousd, old.limit_tokens)) != limit:
        notes.append(f"limit {was} → {limit}")
    if old.period != new.period:
        notes.append(f"{PERIODS[old.period]} → {PERIODS[new.period]}")
    if old.stages != new.stages:
        notes.append(stages(new.stages))
    return "; ".join(notes) or "changed"


def _reached(event: BudgetReached) -> str:
    used = []
    if event.limit_nanousd is not None:
        used.append(f"{words.dollars(event.spent_nanousd)} of {words.dollars(event.limit_nanousd)}")
    if event.limit_tokens is not None:
        used.append(f"{words.tokens(event.spent_tokens)} of {words.tokens(event.limit_tokens)} tokens")
    return f"{event.percent} % reached ({' and '.join(used)}): {ACTS[event.act]}"


def limits(nanousd: int | None, tokens: int | None) -> str:
    """`$10.00 and 2 M tokens`."""
    parts = [words.dollars(nanousd)] if nanousd is not None else []
    parts += [f"{words.tokens(tokens)} tokens"] if tokens is not None else []
    return " and ".join(parts)


def stages(found: Iterable[Stage | BudgetStage]) -> str:
    """`warn at 80 %, stop agents at 100 %`."""
    return ", ".join(f"{ACTS[stage.act]} at {stage.percent} %" for stage in found)


SETTINGS = {
    "limits": "Agents at once",
    "retries": "Tries again",
    "patience": "When an agent counts as stuck",
    "cleanup": "Clean-up",
    "watching": "Watched history",
    "lottery": "Lots about the ANALYST",
}
_FIELDS = {
    "per_machine": "on each machine",
    "per_user": "for each person",
    "in_all": "in all",
    "otherwise": "roles that are not named",
    "silent_s": "seconds without progress",
    "repeats": "the same call in a row",
    "tokens": "tokens without progress",
    "automatic": "by itself",
    "after_days": "after days",
    "folder": "folder",
    "share": "percent of borderline tasks",
    "chance": "percent with an ANALYST",
}
_DEFAULTS: dict[str, Any] = {
    "limits": asdict(Limits()),
    "retries": asdict(Retries()),
    "patience": asdict(Patience()),
    "cleanup": asdict(Cleanup()),
    "watching": asdict(Watching()),
    "lottery": asdict(Lottery()),
}


def settings(found: Iterable[Recorded]) -> Table:
    """Who changed which setting of the fleet, the newest first; `found` begins with the newest, too."""
    rows, before = [], dict(_DEFAULTS)
    for entry in reversed(list(found)):
        if isinstance(event := entry.event, FleetSet):
            was, now = _flat(before[event.name]), _flat(event.values)
            names = [name for name in {**was, **now} if was.get(name) != now.get(name)]
            changes = [f"{_FIELDS.get(name, name)} {_value(was, name)} → {_value(now, name)}" for name in names]
            rows.append((entry.at, SETTINGS[event.name], "; ".join(changes) or "the same once more", event.by))
            before[event.name] = event.values
    rows.reverse()
    frame = pd.DataFrame(
        {
            "When": [f"{at:%Y-%m-%d %H:%M:%S}" for at, *_ in rows],
            "Setting": [name for _, name, *_ in rows],
            "What": [what for *_, what, _ in rows],
            "Who": [who for *_, who in rows],
        }
    )
    return frame, {"What": _WIDE(width=480)}


def _flat(values: dict[str, Any]) -> dict[str, Any]:
    """The tries of each role as fields of their own."""
    return {name: value for name, value in values.items() if name != "by_role"} | values.get("by_role", {})


def _value(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "not set" if value in (None, "") else f"{value:,}" if isinstance(value, int) else str(value)
