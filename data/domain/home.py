"""What the home page shows first, as each person has chosen it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from data.domain.errors import InvalidField


class Panel(StrEnum):
    """The live parts of the home page."""

    NUMBERS = "numbers"
    TASKS = "tasks"
    AGENTS = "agents"


class TablePlace(StrEnum):
    """Where the table of all agents stands, beside the live parts."""

    BELOW = "below"
    ABOVE = "above"
    HIDDEN = "hidden"


class TableOrder(StrEnum):
    """What the table of all agents is sorted by, newest or largest first."""

    CREATED = "created"
    COST = "cost"
    TOKENS = "tokens"


class Density(StrEnum):
    """How much room a card takes."""

    ROOMY = "roomy"
    COMPACT = "compact"


@dataclass(frozen=True)
class Home:
    """One person's home page; without a word of theirs it is this."""

    panels: tuple[Panel, ...] = tuple(Panel)
    """The live parts that are shown, in this order."""
    table: TablePlace = TablePlace.BELOW
    order: TableOrder = TableOrder.CREATED
    density: Density = Density.ROOMY
    mine: bool = False
    """Only tasks that this person handed in, and their agents; the numbers stay those of the whole fleet."""


def checked(home: Home) -> Home:
    """The same page, or an InvalidField that names the field and what it may be."""
    if len(set(home.panels)) < len(home.panels):
        raise InvalidField("panels must name each part once.", field="panels")
    if not home.panels and home.table is TablePlace.HIDDEN:
        named = ", ".join(Panel)
        raise InvalidField(f"panels must name one of {named} where the table is hidden.", field="panels")
    return home
