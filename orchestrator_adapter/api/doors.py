"""Where programs that others run report: hooks of Claude Code, and OpenTelemetry's logs and metrics."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Sequence
from typing import Literal

import orjson
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from data.domain.errors import (
    BodyInvalid,
    BodyTooLarge,
    FleetError,
    IntakeFull,
    MediaRefused,
    MethodRefused,
    StoreUnavailable,
    TokenRefused,
)
from orchestrator_adapter.api.guard import Rules
from orchestrator_adapter.api.http import Answer, Nowhere, refused
from orchestrator_adapter.api.log import log
from orchestrator_adapter.api.requests import InternalError, Note
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.ingest import desk, otlp
from orchestrator_adapter.ingest.desk import Item
from orchestrator_adapter.ingest.intake import Intake
from orchestrator_adapter.ingest.token import Token

HOOKS, LOGS, METRICS = "/api/v1/hooks", "/v1/logs", "/v1/metrics"
REFUSED = "refused report"
OTHERS = "/v1/"
"""What else OpenTelemetry may send is told that there is nothing."""
MAX_BODY = 16 * 2**20
"""A limit of their own: a hook carries whole files, telemetry comes in batches."""
MOST_RECORDS = 5_000
"""Of one request: all of them are written in one transaction, for which everybody else waits."""
IN_A_THREAD = 64 * 2**10
"""Larger bodies are read beside the loop that answers everybody."""
RETRY_AFTER_S = "1"
_PLAIN = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
_NO_ANSWER = Answer(b"{}", headers=_PLAIN)
_GRPC = {400: 3, 401: 16, 405: 12, 413: 8, 415: 3, 503: 14}


class Doors:
    """The addresses of one server, and the intake behind them."""

    def __init__(self) -> None:
        self._intake: Intake | None = None
        self._token: Token | None = None

    def start(self, deck: Deck) -> None:
        """From the server's event loop, before the first request."""
        self._token = Token(deck.settings.home)
        self._intake = Intake(deck.store)
        self._intake.start()

    def close(self) -> None:
        if self._intake is not None:
            self._intake.close()

    def admit(self, headers: Headers) -> None:
        """Raises TokenRefused."""
        if self._token is None or not self._token.admits(headers.get("authorization")):
            raise TokenRefused

    async def take(self, items: Sequence[Item], size: int) -> None:
        assert self._intake is not None
        await self._intake.accept(items, size)


class Reports:
    """Answers these addresses before the rest of the server is asked: they are called thousands of times a second.

    What is refused goes the ordinary way out, with everything that others put around an answer.
    """

    def __init__(self, app: ASGIApp, doors: Doors, rules: Rules, note: Note) -> None:
        self._app, self._rules, self._note = app, rules, note
        self._doors: dict[str, Door] = {
            HOOKS: Door(doors, _hook),
            LOGS: Door(doors, telemetry_reader("logs"), "logs"),
            METRICS: Door(doors, telemetry_reader("metrics"), "metrics"),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        door = self._doors.get(scope["path"]) if scope["type"] == "http" else None
        if door is None:
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        headers = Headers(scope=scope)
        try:
            self._rules.check(scope, headers)
            given = await door.answer(scope, headers, receive)
        except Exception as error:  # the boundary of a request, as in `Requests`, which names what is told here
            if not isinstance(error, FleetError):
                log().error("report failed", path=scope["path"], exc_info=True)
                error = InternalError()
            scope.setdefault("state", {})[REFUSED] = (door, error)
            await self._app(scope, receive, send)
            return
        await given.send(send)
        self._note(scope["path"], "POST", given.status, time.perf_counter() - began)


class Refusals:
    """Inside of everything that others put around an answer: says what was refused, in the sender's own shape."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._nowhere = app, Nowhere()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused_here = scope.get("state", {}).pop(REFUSED, None) if scope["type"] == "http" else None
        if refused_here is not None:
            door, error = refused_here
            scope["state"]["route"] = scope["path"]
            await door.refused(error, scope).send(send)
            return
        path = scope["path"] if scope["type"] == "http" else ""
        await (self._nowhere if path.startswith(OTHERS) else self._app)(scope, receive, send)


Read = Callable[[bytes, str], Sequence[Item]]
"""From a body and its media type to what it tells."""


class Door:
    """One address: who may, what may come, and what is answered; nothing is answered before it is written down."""

    def __init__(self, doors: Doors, read: Read, signal: otlp.Signal | None = None) -> None:
        self._doors, self._read, self._signal = doors, read, signal

    async def answer(self, scope: Scope, headers: Headers, receive: Receive) -> Answer:
        """Raises what was refused."""
        if scope["method"] != "POST":
            raise MethodRefused(f"{scope['path']} answers POST.", method=scope["method"], allowed=["POST"])
        self._doors.admit(headers)
        return await self._taken(headers, _media(headers), receive)

    async def _taken(self, headers: Headers, media: str, receive: Receive) -> Answer:
        if media not in (otlp.JSON, otlp.PROTOBUF) or (self._signal is None and media != otlp.JSON):
            raise MediaRefused
        packing = headers.get("content-encoding", "identity").strip().lower()
        if packing not in ("identity", "gzip", ""):
            raise MediaRefused(f"The body is packed by {packing[:40]}; only gzip is known.")
        body = await _body(headers, receive)
        large = len(body) > IN_A_THREAD or packing == "gzip"
        found = asyncio.to_thread(self._items, body, media, packing) if large else None
        items, size = self._items(body, media, "") if found is None else await found
        if len(items) > MOST_RECORDS:
            raise BodyTooLarge(f"A request has at most {MOST_RECORDS:,} records.", limit=MOST_RECORDS)
        lost = sum(not item.session for item in items) if self._signal else 0
        if items:
            await self._doors.take(items, size)
        if self._signal is None:
            return _NO_ANSWER
        told = otlp.answer(self._signal, media, lost, "They have no session.id, so they were only counted.")
        return Answer(told, media_type=media, headers=_PLAIN)

    def _items(self, body: bytes, media: str, packing: str) -> tuple[Sequence[Item], int]:
        """With their size in memory, which of a packed body may be a thousand times its own."""
        body = otlp.inflated(body, MAX_BODY) if packing == "gzip" else body
        return self._read(body, media), len(body)

    def refused(self, error: FleetError, scope: Scope) -> Answer:
        media = _media(Headers(scope=scope))
        more = {"connection": "close"} if isinstance(error, BodyTooLarge | TokenRefused) else {}
        if isinstance(error, IntakeFull | StoreUnavailable):
            more["retry-after"] = RETRY_AFTER_S
        if isinstance(error, TokenRefused):
            more["www-authenticate"] = "Bearer"
        if isinstance(error, MethodRefused):
            more["allow"] = "POST"
        if self._signal is None:
            return refused(error, scope, **more)
        kind = media if media == otlp.PROTOBUF else otlp.JSON
        return Answer(otlp.refusal(kind, str(error), _GRPC.get(error.status, 13)), error.status, kind, more)


def _media(headers: Headers) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


async def _body(headers: Headers, receive: Receive) -> bytes:
    announced = headers.get("content-length", "0")
    if announced.isascii() and announced.isdigit() and int(announced[:20]) > MAX_BODY:
        raise BodyTooLarge(f"The body is larger than {MAX_BODY // 2**20} MiB.", limit=MAX_BODY)
    parts: list[bytes] = []
    read, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BodyInvalid("The body ended in the middle.")
        part = message.get("body", b"")
        read += len(part)
        if read > MAX_BODY:
            raise BodyTooLarge(f"The body is larger than {MAX_BODY // 2**20} MiB.", limit=MAX_BODY)
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


def _hook(body: bytes, _media: str) -> Sequence[Item]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BodyInvalid(f"The body is not valid JSON: {str(error)[:200]}.") from error
    if not isinstance(found, dict):
        raise BodyInvalid
    return [desk.hook(found)]


def telemetry_reader(signal: Literal["logs", "metrics"]) -> Read:
    def read(body: bytes, media: str) -> Sequence[Item]:
        mark = hashlib.blake2b(body, digest_size=16, person=signal.encode()).hexdigest()
        return [desk.record(signal, one, mark) for one in otlp.read(signal, body, media)]

    return read
