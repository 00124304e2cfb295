"""How a task's conversation flowed: who was handed what by whom, and which tools each used how often."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from data.domain import events as e
from data.domain.agents import Agent, AgentStatus
from data.domain.workflows import Step


@dataclass
class Use:
    """How often a tool was used."""

    calls: int = 0
    failed: int = 0
    refused: int = 0


@dataclass
class Work:
    """What one agent did in all."""

    tools: dict[str, Use] = field(default_factory=dict)
    subagents: dict[str, str] = field(default_factory=dict)
    """By id: what each was asked to do."""


@dataclass
class Flow:
    """The work of every agent of a task, added up event by event."""

    agents: dict[str, Work] = field(default_factory=dict)

    def take(self, event: e.Event) -> None:
        match event:
            case e.ToolCalled():
                self._use(event.agent_id, event.tool).calls += 1
            case e.ToolReturned(is_error=True):
                self._use(event.agent_id, event.tool).failed += 1
            case e.ToolRefused():
                self._use(event.agent_id, event.tool).refused += 1
            case e.SubagentMoved(subagent_id=key, words=words):
                self.of(event.agent_id).subagents.setdefault(key, words)
            case _:
                pass

    def of(self, agent_id: str) -> Work:
        return self.agents.setdefault(agent_id, Work())

    def _use(self, agent_id: str, tool: str) -> Use:
        return self.of(agent_id).tools.setdefault(tool, Use())


@dataclass(frozen=True)
class Handed:
    """Something that went to an agent: what another gave, or, with no giver, the task itself."""

    to: str
    giver: str | None = None


def columns(workflow: Sequence[Step]) -> dict[str, int]:
    """By step: how many stand before it on its longest way, from 0; a step that is unknown stands at the start."""
    depth: dict[str, int] = {}
    for _ in workflow:
        for step in workflow:
            depth[step.key] = 1 + max((depth.get(other, -1) for other in step.depends_on), default=-1)
    return depth


def handed(workflow: Sequence[Step], agents: Iterable[Agent]) -> list[Handed]:
    """To each agent, in order: what the steps before it had given by the time that it was made."""
    by_step: dict[str, list[Agent]] = {}
    steps = {step.key: step for step in workflow}
    out = []
    for agent in agents:
        found = []
        for other in steps[agent.step].depends_on if agent.step in steps else ():
            gave = [one for one in by_step.get(other, ()) if one.status is AgentStatus.COMPLETED]
            found += [Handed(agent.id, gave[-1].id)] if gave else []
        out += found or [Handed(agent.id)]
        by_step.setdefault(agent.step, []).append(agent)
    return out
