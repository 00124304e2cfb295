"""What the small, frequent events do to the rows of their agent and task: the same one by one and many at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from data.domain import events as e


@dataclass(frozen=True)
class Effect:
    """Columns of the agent's row to set and to add to, and whether the task's row moves too."""

    values: Mapping[str, object] = field(default_factory=dict)
    more: Mapping[str, int] = field(default_factory=dict)
    task: bool = False
    task_more: Mapping[str, int] = field(default_factory=dict)


def effect(event: e.Event, at_ms: int) -> Effect | None:
    """None for an event that is not one of these."""
    match event:
        case e.Activity(words=words):
            return Effect({"activity": words})
        case e.ToolCalled(words=words):
            return Effect({"activity": words, "tool_since_ms": at_ms}, {"tool_calls": 1}, True, {"tool_calls": 1})
        case e.ToolReturned():
            return Effect({"tool_since_ms": None})
        case e.FileTouched():
            return Effect(task=True)
        case e.SubagentMoved(to=to, words=words):
            return Effect({"activity": f"sub-agent {to}: {words}".rstrip(": ")})
        case e.ToolRefused(words=words):
            return Effect({"activity": f"refused: {words}"})
        case e.ContextCompacted(after_tokens=int(left)):
            return Effect({"context_used": left})
        case e.Said() | e.Diagnostic() | e.AgentHeard() | e.SignalReceived() | e.Prompted() | e.ContextCompacted():
            return Effect()
    return None
