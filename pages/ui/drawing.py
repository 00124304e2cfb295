"""Cards with lines between them, as drawings of our own: side by side on a desk, one below the other on a phone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent
WIDTH, ACROSS, DOWN, LEFT, TOP = 186, 58, 18, 34, 10
TALL_WIDTH, TALL_LEFT, TALL_DOWN, LANE = 286, 40, 30, 7
"""Of the drawing for narrow places, which fits into a phone; lines that pass cards have lanes at its left."""
ACROSS_PX = 940
"""So wide is a row of columns on a desk at most; what comes after them goes on below."""
ROW_GAP = 46
HEAD_PX, LINE_PX = 46, 16

Key = str | None
Edges = Mapping[tuple[Key, Key], str]
"""From one card to another, with the words that stand on the line."""


@dataclass(frozen=True)
class Card:
    """One box of a drawing."""

    title: str
    note: str
    lines: tuple[tuple[str, bool], ...]
    """Text, and whether something went wrong."""
    colour: str
    link: str
    column: int
    """How many cards stand before it on its longest way."""
    x: int = 0
    y: int = 0
    width: int = WIDTH

    @property
    def height(self) -> int:
        return HEAD_PX + LINE_PX * len(self.lines) + (8 if self.lines else 0)


def show(svg: str, key: str) -> None:
    """Draw what `both` made."""
    js, css = (HERE / "flow.js").read_text(encoding="utf-8"), (HERE / "flow.css").read_text(encoding="utf-8")
    box = '<div class="flow" tabindex="0"></div>'
    st.components.v2.component("quarterdeck_flow", html=box, js=js, css=css)(key=key, data={"svg": svg})


def both(cards: Mapping[Key, Card], edges: Edges, told: str) -> str:
    """As SVG for wide and for narrow places, of which the style sheet shows one; `told` is the drawing in words."""
    return wide(cards, edges, told) + tall(cards, edges, told)


def wide(cards: Mapping[Key, Card], edges: Edges, told: str) -> str:
    """As SVG: what comes first stands at the left."""
    placed: dict[Key, Card] = {}
    top, step = TOP, ACROSS + max((card.width for card in cards.values()), default=WIDTH)
    a_row = (ACROSS_PX + ACROSS) // step
    for row in range(max((card.column for card in cards.values()), default=0) // a_row + 1):
        below = dict.fromkeys(range(a_row), top)
        for key, card in cards.items():
            if card.column // a_row == row:
                column = card.column % a_row
                placed[key] = replace(card, x=LEFT + column * step, y=below[column])
                below[column] += card.height + DOWN
        top = max(below.values()) - DOWN + ROW_GAP
    into: dict[Key, int] = {}
    lines = ""
    for (giver, to), said in _drawn(edges, placed):
        into[to] = into.get(to, 0) + 1
        lines += _across(placed[giver], placed[to], said, into[to])
    return _svg("wide", placed, lines, told)


def tall(cards: Mapping[Key, Card], edges: Edges, told: str) -> str:
    """As SVG: what comes first stands on top."""
    placed: dict[Key, Card] = {}
    y = TOP
    order = sorted(cards, key=lambda key: cards[key].column)
    for key in order:
        placed[key] = replace(cards[key], x=TALL_LEFT, y=y, width=TALL_WIDTH)
        y += cards[key].height + TALL_DOWN
    into: dict[Key, int] = {}
    lines, lanes = "", 0
    for (giver, to), said in _drawn(edges, placed):
        next_to = order.index(to) == order.index(giver) + 1
        lanes += not next_to
        lane = TALL_LEFT - LANE * (1 + lanes % (TALL_LEFT // LANE - 1))
        lines += _downwards(placed[giver], placed[to], said, None if next_to else lane, into.get(to, 0))
        into[to] = into.get(to, 0) + 1
    return _svg("tall", placed, lines, told)


def _drawn(edges: Edges, placed: Mapping[Key, Card]) -> Iterable[tuple[tuple[Key, Key], str]]:
    return (edge for edge in edges.items() if edge[0][0] in placed and edge[0][1] in placed)


def _svg(kind: str, placed: Mapping[Key, Card], lines: str, told: str) -> str:
    across = max(card.x + card.width for card in placed.values()) + TOP
    high = max(card.y + card.height for card in placed.values()) + TOP
    boxes = "".join(_box(card) for card in placed.values())
    size = f'width="{across}" height="{high}" viewBox="0 0 {across} {high}"'
    return f'<svg class="{kind}" {size} role="img" aria-label="{escape(told)}">{lines}{boxes}</svg>'


def _box(card: Card) -> str:
    title = f'<text class="name" x="{card.x + 14}" y="{card.y + 20}">{escape(card.title)}</text>'
    note = f'<text x="{card.x + 14}" y="{card.y + 37}">{escape(card.note)}</text>'
    lines = "".join(
        f'<text{" class=bad" if wrong else ""} x="{card.x + 14}" y="{card.y + HEAD_PX + LINE_PX * (n + 1) - 3}">'
        f"{escape(text)}</text>"
        for n, (text, wrong) in enumerate(card.lines)
    )
    frame = f'<rect class="card" x="{card.x}" y="{card.y}" width="{card.width}" height="{card.height}" rx="6"/>'
    mark = f'<rect x="{card.x}" y="{card.y}" width="5" height="{card.height}" rx="2" fill="{escape(card.colour)}"/>'
    drawn = f"{frame}{mark}{title}{note}{lines}"
    return f'<a href="{escape(card.link)}" target="_self">{drawn}</a>' if card.link else f"<g>{drawn}</g>"


def _across(giver: Card, to: Card, said: str, turn: int) -> str:
    """From one card to another; `turn` keeps the words apart of several that come to the same one."""
    x1, y1, x2, y2 = giver.x + giver.width, giver.y + 23, to.x, to.y + 23
    if x2 > giver.x:
        bend = (x2 - x1) // 2
        way, label_x, label_y = f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}", x2 - ACROSS // 2, y2 - 7
    else:  # on into the next row: down, back and in from the left
        x1, between = giver.x + giver.width // 2, to.y - ROW_GAP // 2
        way = f"M{x1} {giver.y + giver.height}V{between}H{x2 - 18}V{y2}H{x2}"
        label_x, label_y = x1 - 90 * turn, between - 5
    return _way(f"{way}M{x2 - 6} {y2 - 4}L{x2} {y2}L{x2 - 6} {y2 + 4}", said, "said", label_x, label_y)


def _downwards(giver: Card, to: Card, said: str, lane: int | None, turn: int) -> str:
    """Straight down to the next card; to one further below along a lane at the left."""
    label_x, label_y = to.x + TALL_WIDTH // 2 + 10 - 66 * turn, to.y - TALL_DOWN // 2 + 4
    if lane is None:
        x, y = to.x + TALL_WIDTH // 2, to.y
        way = f"M{x} {giver.y + giver.height}V{y}M{x - 4} {y - 6}L{x} {y}L{x + 4} {y - 6}"
    else:
        y = to.y + 23 + 5 * turn
        way = f"M{giver.x} {giver.y + 23}H{lane}V{y}H{to.x}M{to.x - 6} {y - 4}L{to.x} {y}L{to.x - 6} {y + 4}"
    return _way(way, said, "said beside", label_x, label_y)


def _way(way: str, said: str, kind: str, x: int, y: int) -> str:
    label = f'<text class="{kind}" x="{x}" y="{y}">{escape(said)}</text>' if said else ""
    return f'<path class="way" d="{way}"/>{label}'
