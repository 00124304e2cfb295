"""Around every request: its id, how long it took, headers that protect the reader, and the last boundary."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from data.domain.errors import FleetError
from orchestrator_adapter.api.guard import refuse
from orchestrator_adapter.api.log import log

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")

Note = Callable[[str, str, int, float], None]
"""Hears of an answered request: route, method, status, seconds."""


class InternalError(FleetError):
    """Something went wrong inside the server; the log tells more under this request id."""

    status = 500


class Requests:
    """Names each request, times it, and turns a surprise into a refusal without a trace."""

    def __init__(self, app: ASGIApp, note: Note) -> None:
        self.app, self.note = app, note

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["request_id"] = _given_id(Headers(scope=scope)) or uuid.uuid4().hex
        if scope["type"] == "websocket":
            await self.app(scope, receive, send)
        else:
            await self._timed(scope, receive, send)

    async def _timed(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, status, state = time.perf_counter(), 0, scope["state"]

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["x-request-id"] = state["request_id"]
            await send(message)

        try:
            await self.app(scope, receive, named)
        except FleetError as error:
            if not status:
                await refuse(error, scope, receive, named)
        except Exception:  # the boundary of a request: one that fails must not take the others with it
            log().error(
                "request failed",
                request_id=state["request_id"],
                method=scope["method"],
                path=scope["path"][:200],
                exc_info=True,
            )
            if status:
                raise
            await refuse(InternalError(), scope, receive, named)
        finally:
            self.note(state.get("route", "pages"), scope["method"], status, time.perf_counter() - began)


def _given_id(headers: Headers) -> str | None:
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else None


class SecurityHeaders:
    """Tells the browser what the pages may load, and that nobody may frame or sniff them."""

    def __init__(self, app: ASGIApp, policy: Callable[[], str]) -> None:
        self.app, self.policy = app, policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(
                    {
                        "x-content-type-options": "nosniff",
                        "x-frame-options": "DENY",
                        "referrer-policy": "same-origin",
                        "cross-origin-opener-policy": "same-origin",
                        "permissions-policy": "camera=(), microphone=(), geolocation=()",
                        "content-security-policy": self.policy(),
                    }
                )
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)
