"""The HTTP front end: one table of operations, one event stream, one refusal shape, around the pages of the app."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route, WebSocketRoute

from orchestrator_adapter import deck as decks
from orchestrator_adapter.api import contents, openapi
from orchestrator_adapter.api.assets import Packed, PackedAssets, Shell, policy
from orchestrator_adapter.api.doors import Doors, Refusals, Reports
from orchestrator_adapter.api.guard import BodyLimit, Guard, Rules
from orchestrator_adapter.api.health import Meters
from orchestrator_adapter.api.http import Answer, Call, Nowhere, Operation, Resource, answer
from orchestrator_adapter.api.hub import Hub
from orchestrator_adapter.api.life import Life
from orchestrator_adapter.api.requests import Requests, SecurityHeaders
from orchestrator_adapter.api.stream import Stream
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.kept import Kept
from orchestrator_adapter.settings import Settings


@dataclass(frozen=True)
class Front:
    """What an ASGI application takes to become this server."""

    routes: Sequence[BaseRoute]
    middleware: Sequence[Middleware]
    lifespan: Callable[[Any], AbstractAsyncContextManager[dict[str, Any]]]


def front(settings: Settings, find: Callable[[], Deck] | None = None) -> Front:
    """The front end of one deck: this process's own, built when the server starts, or one that somebody else closes."""
    own_deck = find is None
    find = find or decks.current
    hub, packed = Hub(settings.intervals_ms), Packed()
    meters, doors, rules = Meters(find, hub.count), Doors(), Rules.of(settings)
    table = contents.operations(meters)
    return Front(
        routes=[*_resources(table, find), WebSocketRoute(openapi.EVENTS, Stream(hub)), *_nowhere()],
        middleware=[
            Middleware(Reports, doors=doors, rules=rules, note=meters.note),
            Middleware(SecurityHeaders, policy=policy),
            Middleware(Requests, note=meters.note),
            Middleware(Guard, rules=rules),
            Middleware(Refusals),
            Middleware(BodyLimit),
            Middleware(PackedAssets, packed=packed),
            Middleware(Shell, find=find),
        ],
        lifespan=Life(settings, find, hub, packed, doors, own_deck),
    )


def _resources(table: list[Operation], find: Callable[[], Deck]) -> list[Route]:
    described = openapi.document(table)
    page = openapi.page(described).encode()
    by_path: dict[str, list[Operation]] = {}
    for operation in (*table, *_documents(described, page)):
        by_path.setdefault(operation.path, []).append(operation)
    kept: Kept[bytes] = Kept()
    plain_first = sorted(by_path, key=lambda path: "{" in path)
    return [Route(path, Resource(find, kept, by_path[path])) for path in plain_first]


def _documents(described: dict[str, Any], page: bytes) -> list[Operation]:
    def document(_call: Call, _: object) -> Answer:
        return answer(described)

    def docs(_call: Call, _: object) -> Answer:
        return Answer(page, media_type="text/html; charset=utf-8", headers={"cache-control": "no-cache"})

    return [
        Operation("GET", f"{contents.V1}/openapi.json", document, "This document"),
        Operation("GET", f"{contents.V1}/docs", docs, "This document as a page"),
    ]


def _nowhere() -> list[Route]:
    return [Route("/api", Nowhere()), Route("/api/{rest:path}", Nowhere())]
