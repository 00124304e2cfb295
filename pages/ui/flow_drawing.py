"""The flow of a conversation as a drawing of our own: the task, its agents with their tools, and what went between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape

from data.domain import words
from data.domain.agents import Agent
from data.domain.flow import Handed, Work, columns
from data.domain.workflows import Step
from pages.ui import look

WIDTH, ACROSS, DOWN, LEFT, TOP = 186, 58, 18, 34, 10
A_ROW = 4
"""So many columns stand beside each other on a desk; what comes after them goes on below."""
ROW_GAP = 46
HEAD_PX, LINE_PX = 46, 16
MOST_TOOLS = 6
LETTERS = 26
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


Rows = dict[int, dict[int, list[tuple[str | None, Card]]]]
"""By row and column: the cards that stand below each other there."""


def drawing(
    task: str,
    workflow: Sequence[Step],
    agents: Sequence[Agent],
    work: Mapping[str, Work],
    edges: Mapping[Handed, str],
) -> str:
    """The drawing as SVG; `edges` are what was handed over, with the words that stand on the line."""
    depth = columns(workflow)
    rows: Rows = {0: {0: [(None, _first(task))]}}
    for agent in agents:
        column = depth.get(agent.step, 0) + 1
        stack = rows.setdefault(column // A_ROW, {}).setdefault(column % A_ROW, [])
        stack.append((agent.id, _card(agent, work.get(agent.id, Work()))))
    placed = _placed(rows)
    wide = max(card.x for card in placed.values()) + WIDTH + TOP
    high = max(card.y + card.height for card in placed.values()) + TOP
    into: dict[str, int] = {}
    lines = ""
    for edge, said in edges.items():
        if edge.to in placed:
            into[edge.to] = into.get(edge.to, 0) + 1
            lines += _line(placed[edge.giver], placed[edge.to], said, into[edge.to])
    boxes = "".join(_box(card) for card in placed.values())
    size = f'width="{wide}" height="{high}" viewBox="0 0 {wide} {high}"'
    return f'<svg {size} role="img" aria-label="{escape(told(agents))}">{lines}{boxes}</svg>'


def _placed(rows: Rows) -> dict[str | None, Card]:
    """Each card at its place."""
    placed: dict[str | None, Card] = {}
    top = TOP
    for _, stacks in sorted(rows.items()):
        end = top
        for column, stack in stacks.items():
            y = top
            for key, card in stack:
                placed[key] = replace(card, x=LEFT + column * (WIDTH + ACROSS), y=y)
                y += card.height + DOWN
            end = max(end, y - DOWN)
        top = end + ROW_GAP
    return placed


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
    return Card("The task", "as it was asked for", tuple(lines), look.quiet_ink(), "")


def _card(agent: Agent, work: Work) -> Card:
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
    return Card(words.shortened(agent.name, 20), note, tuple(lines), colour, link)


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


def _line(giver: Card, to: Card, said: str, turn: int) -> str:
    """From one card to another; `turn` keeps the words apart of several that come to the same one."""
    x1, y1, x2, y2 = giver.x + WIDTH, giver.y + 23, to.x, to.y + 23
    arrow = f"M{x2 - 6} {y2 - 4}L{x2} {y2}L{x2 - 6} {y2 + 4}"
    if x2 > giver.x:
        bend = (x2 - x1) // 2
        way, label_x, label_y = f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}", x2 - ACROSS // 2, y2 - 7
    else:  # on into the next row: down, back and in from the left
        x1, between = giver.x + WIDTH // 2, to.y - ROW_GAP // 2
        way = f"M{x1} {giver.y + giver.height}V{between}H{x2 - 18}V{y2}H{x2}"
        label_x, label_y = x1 - 90 * turn, between - 5
    label = f'<text class="said" x="{label_x}" y="{label_y}">{escape(said)}</text>' if said else ""
    return f'<path class="way" d="{way}{arrow}"/>{label}'
