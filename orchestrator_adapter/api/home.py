"""What the home page shows first, over HTTP: each caller's own choice."""

from __future__ import annotations

from dataclasses import asdict, replace

from pydantic import Field

from data.domain import errors as e
from data.domain.errors import FleetError
from data.domain.home import Density, Home, Panel, TableOrder, TablePlace
from orchestrator_adapter import commands_home
from orchestrator_adapter.api import bodies
from orchestrator_adapter.api.answers import Shape
from orchestrator_adapter.api.http import Answer, Call, Operation, answer


class HomeShape(Shape):
    panels: list[Panel]
    """The live parts that are shown, in this order."""
    table: TablePlace
    order: TableOrder
    density: Density
    mine: bool


class HomeBody(bodies.Sent):
    """What changes of the caller's home page: a field that is left out stays as it is."""

    panels: list[Panel] = Field(default_factory=list, max_length=20, description="The live parts, in this order")
    table: TablePlace = Field(TablePlace.BELOW, description="Where the table of all agents stands")
    order: TableOrder = Field(TableOrder.CREATED, description="What the table is sorted by")
    density: Density = Density.ROOMY
    mine: bool = Field(False, description="Only the caller's own tasks and their agents")

    def over(self, old: Home) -> Home:
        sent = {name: getattr(self, name) for name in self.model_fields_set}
        if "panels" in sent:
            sent["panels"] = tuple(sent["panels"])
        return replace(old, **sent)


def home(call: Call, _: bodies.Nothing) -> Answer:
    with call.deck.store.read() as board:
        return answer(asdict(board.home(call.actor.name)))


def change(call: Call, body: HomeBody) -> Answer:
    """What was sent, or nothing if it is refused."""
    with call.deck.store.read() as board:
        wanted = body.over(board.home(call.actor.name))
    return answer(asdict(commands_home.set_home(call.deck, call.actor, wanted)))


def reset(call: Call, _: bodies.Nothing) -> Answer:
    return answer(asdict(commands_home.set_home(call.deck, call.actor, Home())))


def operations(v1: str, change_refuses: tuple[type[FleetError], ...]) -> list[Operation]:
    at = f"{v1}/home"
    refuses: tuple[type[FleetError], ...] = (e.BodyInvalid, *change_refuses)
    return [
        Operation("GET", at, home, "What the caller's home page shows first", gives=HomeShape),
        Operation("PATCH", at, change, "Choose it; what is not sent stays", HomeBody, HomeShape, refuses=refuses),
        Operation("DELETE", at, reset, "As it is for who never chose", gives=HomeShape, refuses=change_refuses),
    ]
