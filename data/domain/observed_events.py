"""Events about Claude sessions that others run."""

from __future__ import annotations

from typing import Literal

from data.domain.event_base import AgentEvent, TaskEvent


class TaskDescribed(TaskEvent):
    """It became known what a session is asked to do: its first prompt came after the session was seen."""

    kind: Literal["task_described"] = "task_described"
    description: str


class SignalReceived(AgentEvent):
    """A session told something for which there is no event of its own, or more than its event holds; kept whole."""

    kind: Literal["signal_received"] = "signal_received"
    source: Literal["hook", "telemetry"]
    name: str
    blob: str
