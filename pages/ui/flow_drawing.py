"""The flow of a conversation as a drawing of our own: the task, its agents with their tools, and what went between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from data.domain import words
from data.domain.agents import Agent
from data.domain.flow import Handed, Work, columns
from data.domain.workflows import Step
from pages.ui import look

WIDTH, ACROSS, DOWN, EDGE = 214, 96, 18, 10
HEAD_PX, LINE_PX = 46, 16
MOST_TOOLS = 6
LETTERS = 30
"""About so many letters of the small size fit across a card."""


@dataclass(frozen=True)
class Card:
    """One box of the drawing."""

    title: str
    note: str
    lines: tuple[tuple[str, bool], ...]
    """Text, and whether something went wrong."""
    colour: str
    link: str
    x: int = 0
    y: int = 0

    @property
    def height(self) -> int:
        return HEAD_PX + LINE_PX * len(self.lines) + (8 if self.lines else 0)


def drawing(
    task: str,
    workflow: Sequence[Step],
    agents: Sequence[Agent],
    work: Mapping[str, Work],
    edges: Mapping[Handed, str],
) -> str:
    """The drawing as SVG; `edges` are what was handed over, with the words that stand on the line."""
    depth = columns(workflow)
    places: dict[int, int] = {}
    placed: dict[str | None, Card] = {None: _first(task)}
    for agent in agents:
        column = depth.get(agent.step, 0) + 1
        y = places.get(column, EDGE)
        card = _card(agent, work.get(agent.id, Work()), EDGE + column * (WIDTH + ACROSS), y)
        placed[agent.id] = card
        places[column] = y + card.height + DOWN
    wide = max(card.x for card in placed.values()) + WIDTH + EDGE
    high = max(card.y + card.height for card in placed.values()) + EDGE
    lines = "".join(
        _line(placed[edge.giver], placed[edge.to], said) for edge, said in edges.items() if edge.to in placed
    )
    boxes = "".join(_box(card) for card in placed.values())
    size = f'width="{wide}" height="{high}" viewBox="0 0 {wide} {high}"'
    return f'<svg {size} role="img" aria-label="{escape(told(agents))}">{lines}{boxes}</svg>'


def told(agents: Sequence[Agent]) -> str:
    """The drawing in words."""
    if not agents:
        return "Flow of the conversation: no agent yet"
    return "Flow of the conversation: " + ", then ".join(
        f"{agent.name} ({look.status_word(agent.status.value)})" for agent in agents
    )


def _first(task: str) -> Card:
    lines, rest = [], task.split()
    while rest and len(lines) < 4:
        line = rest.pop(0)
        while rest and len(line) + 1 + len(rest[0]) <= LETTERS:
            line += f" {rest.pop(0)}"
        lines.append((words.shortened(line, LETTERS), False))
    if rest:
        lines[-1] = (words.shortened(f"{lines[-1][0]} …", LETTERS + 2), False)
    return Card("The task", "as it was asked for", tuple(lines), look.quiet_ink(), "", EDGE, EDGE)


def _card(agent: Agent, work: Work, x: int, y: int) -> Card:
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
    colour, link = look.role_colour(agent.role), f"agent?id={agent.id}"
    return Card(words.shortened(agent.name, 24), note, tuple(lines), colour, link, x, y)


def _box(card: Card) -> str:
    title = f'<text class="name" x="{card.x + 14}" y="{card.y + 20}">{escape(card.title)}</text>'
    note = f'<text x="{card.x + 14}" y="{card.y + 37}">{escape(card.note)}</text>'
    lines = "".join(
        f'<text{" class=bad" if wrong else ""} x="{card.x + 14}" y="{card.y + HEAD_PX + LINE_PX * (n + 1) - 3}">'
        f"{escape(text)}</text>"
        for n, (text, wrong) in enumerate(card.lines)
    )
    frame = f'<rect class="card" x="{card.x}" y="{card.y}" width="{WIDTH}" height="{card.height}" rx="6"/>'
    mark = f'<rect x="{card.x}" y="{card.y}" width="5" height="{card.height}" rx="2" fill="{escape(card.colour)}"/>'
    drawn = f"{frame}{mark}{title}{note}{lines}"
    return f'<a href="{escape(card.link)}" target="_self">{drawn}</a>' if card.link else f"<g>{drawn}</g>"


def _line(giver: Card, to: Card, said: str) -> str:
    x1, y1, x2, y2 = giver.x + WIDTH, giver.y + 23, to.x, to.y + 23
    if x2 <= giver.x:  # the same column: from below
        return ""
    bend = min(60, (x2 - x1) // 2)
    arrow = f"M{x2 - 6} {y2 - 4}L{x2} {y2}L{x2 - 6} {y2 + 4}"
    path = f'<path class="way" d="M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}{arrow}"/>'
    label = f'<text class="said" x="{x2 - ACROSS // 2}" y="{y2 - 7}">{escape(said)}</text>' if said else ""
    return path + label
