"""What the small, frequent events do to the rows of their agent and task: the same one by one and many at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from data.domain import events as e


@dataclass(frozen=True)
class Effect:
    """Columns of the agent's row to set and to add to, and whether the task's row moves too."""

    values: Mapping[str, object] = field(default_factory=dict)
    more: Mapping[str, int] = field(default_factory=dict)
    task: bool = False
    task_more: Mapping[str, int] = field(default_factory=dict)


_NOTHING = Effect()
_MOVES_TASK = Effect(task=True)
_RETURNED = Effect({"tool_since_ms": None})


def _does(words: str) -> Effect:
    return Effect({"activity": words})


def _called(event: e.ToolCalled, at_ms: int) -> Effect:
    return Effect({"activity": event.words, "tool_since_ms": at_ms}, {"tool_calls": 1}, True, {"tool_calls": 1})


def _compacted(event: e.ContextCompacted, _at_ms: int) -> Effect:
    return _NOTHING if event.after_tokens is None else Effect({"context_used": event.after_tokens})


def _counted(event: e.TranscriptCounted, _at_ms: int) -> Effect:
    return Effect({"transcript_nanousd": event.cost_nanousd})


_EFFECTS: dict[type[e.Event], Callable[[Any, int], Effect]] = {
    e.Activity: lambda event, _: _does(event.words),
    e.ToolCalled: _called,
    e.ToolReturned: lambda _event, _: _RETURNED,
    e.FileTouched: lambda _event, _: _MOVES_TASK,
    e.SubagentMoved: lambda event, _: _does(f"sub-agent {event.to}: {event.words}".rstrip(": ")),
    e.ToolRefused: lambda event, _: _does(f"refused: {event.words}"),
    e.ContextCompacted: _compacted,
    e.TranscriptCounted: _counted,
    **dict.fromkeys((e.Said, e.Diagnostic, e.AgentHeard, e.SignalReceived, e.Prompted), lambda _event, _: _NOTHING),
}
"""By type: a look into a table, where thousands a second would each be compared with one type after the other."""


def effect(event: e.Event, at_ms: int) -> Effect | None:
    """None for an event that is not one of these."""
    does = _EFFECTS.get(type(event))
    return None if does is None else does(event, at_ms)
