"""What stands on the cards of two drawings: the flow of a conversation, and the steps of a workflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from data.domain import words
from data.domain.agents import Agent
from data.domain.flow import Handed, Work, columns
from data.domain.workflows import Step, Workflow
from pages.ui import drawing, look
from pages.ui.drawing import Card, Key

MOST_TOOLS = 6
LETTERS = 26
"""About so many letters of the small size fit across a card."""
NAME_LETTERS = 20
STEP_WIDTH, STEP_LETTERS = 140, 16
"""A step has little to say, so that the five of a usual workflow stand in a row."""


def conversation(
    task: str,
    workflow: Sequence[Step],
    agents: Sequence[Agent],
    work: Mapping[str, Work],
    edges: Mapping[Handed, str],
) -> str:
    """As SVG the task, its agents with their tools, and what went between, with the words that stand on the lines."""
    depth = columns(workflow)
    cards: dict[Key, Card] = {None: _first(task)}
    for agent in agents:
        cards[agent.id] = _agent(agent, work.get(agent.id, Work()), depth.get(agent.step, 0) + 1)
    said = {(edge.giver, edge.to): text for edge, text in edges.items()}
    told = ", then ".join(f"{agent.name} ({look.status_word(agent.status.value)})" for agent in agents)
    return drawing.both(cards, said, f"Flow of the conversation: {told or 'no agent yet'}")


def steps(workflow: Workflow) -> str:
    """As SVG the workflow: colours by role, the status in words."""
    depth = columns(workflow)
    cards: dict[Key, Card] = {step.key: _step(step, depth.get(step.key, 0)) for step in workflow}
    edges: dict[tuple[Key, Key], str] = {(other, step.key): "" for step in workflow for other in step.depends_on}
    told = ", then ".join(f"{step.key} ({look.status_word(step.status.value)})" for step in workflow)
    return drawing.both(cards, edges, f"Workflow: {told}")


def _first(task: str) -> Card:
    lines, rest = [], task.split()
    while rest and len(lines) < 4:
        line = rest.pop(0)
        while rest and len(line) + 1 + len(rest[0]) <= LETTERS:
            line += f" {rest.pop(0)}"
        lines.append((words.shortened(line, LETTERS), False))
    if rest:
        lines[-1] = (words.shortened(f"{lines[-1][0]} …", LETTERS + 2), False)
    return Card("The task", "as it was asked for", tuple(lines), look.quiet_ink(), "", 0)


def _agent(agent: Agent, work: Work, column: int) -> Card:
    note = f"{look.status_cell(agent.status.value)} · {words.dollars(agent.cost_nanousd)}"
    most = sorted(work.tools.items(), key=lambda one: -one[1].calls)
    lines = []
    for tool, use in most[:MOST_TOOLS]:
        wrong = [f"{use.failed} failed"] * bool(use.failed) + [f"{use.refused} refused"] * bool(use.refused)
        lines.append((words.shortened(", ".join([f"{tool} × {use.calls}", *wrong]), LETTERS), bool(wrong)))
    if len(most) > MOST_TOOLS:
        calls = sum(use.calls for _, use in most[MOST_TOOLS:])
        lines.append((f"{len(most) - MOST_TOOLS} other tools × {calls}", False))
    if work.subagents:
        lines.append((words.count(len(work.subagents), "sub-agent"), False))
    name = words.shortened(agent.name, NAME_LETTERS)
    return Card(name, note, tuple(lines), look.role_colour(agent.role), f"agent?id={agent.id}", column)


def _step(step: Step, column: int) -> Card:
    name = words.shortened(step.key.replace("-", " ").capitalize(), STEP_LETTERS)
    again = f", {look.tries(step.generation)}" if step.generation > 1 else ""
    note = f"{look.status_cell(step.status.value)}{again}"
    return Card(name, note, (), look.role_colour(step.role), "", column, width=STEP_WIDTH)
