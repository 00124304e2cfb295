"""Who may speak to this server from where: Host, Origin, other sites by whitelist, and how large a body may be."""

from __future__ import annotations

import functools
import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

import orjson
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from data.domain.errors import BodyTooLarge, CrossSite, ExposedWithoutSignIn, FleetError, HostRefused
from orchestrator_adapter.api.http import refusal, refused
from orchestrator_adapter.settings import LOOPBACK, Settings

MAX_BODY = 1024 * 1024
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
METHODS = "GET, HEAD, POST, PATCH, DELETE, OPTIONS"
ALLOWED_HEADERS = "content-type, x-request-id"
REFUSED_SOCKET = 4403
API = "/api/v1"


@functools.lru_cache(1_000)
def hostname(host: str) -> str | None:
    """The name in a Host header or an origin, without its port; None if it is not one."""
    try:
        parts = urlsplit(host if "://" in host else f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    if parts.username is not None or parts.path not in ("", "/") or parts.query or parts.fragment:
        return None
    return (parts.hostname or "").rstrip(".") or None


def _site(origin: str) -> str | None:
    """Name and port of an origin; None for `null` and for what is none."""
    scheme, found, site = origin.lower().partition("://")
    return site if found and scheme in ("http", "https") else None


@functools.lru_cache(1_000)
def _loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return address in LOOPBACK


@dataclass(frozen=True)
class Rules:
    """What the settings say about callers."""

    hosts: frozenset[str]
    origins: frozenset[str]
    open_to_all: bool
    """Whether somebody other than this machine may connect at all."""

    @classmethod
    def of(cls, settings: Settings) -> Rules:
        others = {hostname(origin) for origin in settings.origins}
        names = {name for name in (*LOOPBACK, settings.host.lower(), *others) if name}
        return cls(frozenset(names), frozenset(o.lower() for o in settings.origins), settings.auth != "none")

    def check(self, scope: Scope, headers: Headers) -> None:
        """Raises the refusal of a caller who may not speak here."""
        address, port = scope.get("server") or ("", None)
        if not self.open_to_all and port is not None and not _loopback(address):
            raise ExposedWithoutSignIn
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hostname(hosts[0]) not in self.hosts:
            raise HostRefused(host=", ".join(hosts)[:200])
        if scope["type"] == "websocket" or scope["method"] not in SAFE:
            self._check_site(scope, headers, hosts[0])

    def _check_site(self, scope: Scope, headers: Headers, host: str) -> None:
        origin = headers.get("origin")
        if origin is None:
            if headers.get("sec-fetch-site", "none") in ("cross-site", "same-site"):
                raise CrossSite
        elif _site(origin) != host.lower() and not self.may_call(scope, origin):
            raise CrossSite(origin=origin[:200])

    def may_call(self, scope: Scope, origin: str | None) -> bool:
        """Whether the pages of another site may use this address: the API's only, and only if they are listed."""
        return origin is not None and origin.lower() in self.origins and scope["path"].startswith(f"{API}/")


class Guard:
    """Refuses callers before anything of theirs is read, and tells listed sites that they may read the answer."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app, self.rules = app, rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            self.rules.check(scope, headers)
        except FleetError as error:
            await refuse(error, scope, receive, send)
            return
        if scope["type"] == "http" and self.rules.may_call(scope, headers.get("origin")):
            await self._for_other_site(scope, receive, send, headers)
        elif _is_preflight(scope, headers):
            await refuse(CrossSite("This site may not call the API from its pages."), scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _for_other_site(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        allowed = {"access-control-allow-origin": headers["origin"], "access-control-expose-headers": "x-request-id"}

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                out.update(allowed)
                out.add_vary_header("Origin")
            await send(message)

        if not _is_preflight(scope, headers):
            await self.app(scope, receive, marked)
            return
        out = {
            b"access-control-allow-methods": METHODS.encode(),
            b"access-control-allow-headers": ALLOWED_HEADERS.encode(),
            b"access-control-max-age": b"600",
        }
        await marked({"type": "http.response.start", "status": 204, "headers": list(out.items())})
        await send({"type": "http.response.body", "body": b""})


def _is_preflight(scope: Scope, headers: Headers) -> bool:
    return (
        scope["type"] == "http"
        and scope["method"] == "OPTIONS"
        and "access-control-request-method" in headers
        and scope["path"].startswith(f"{API}/")
    )


async def refuse(error: FleetError, scope: Scope, receive: Receive, send: Send) -> None:
    """Say no over HTTP, or to a websocket before it is accepted."""
    if scope["type"] == "http":
        await refused(error, scope, connection="close").send(send)
        return
    await receive()
    if "websocket.http.response" in scope.get("extensions", {}):
        body = orjson.dumps(refusal(error, scope), default=str)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "websocket.http.response.start", "status": error.status, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": body})
    else:
        await send({"type": "websocket.close", "code": REFUSED_SOCKET, "reason": error.code})


class BodyLimit:
    """Stops reading a body after 1 MiB, whether its length was announced or not; Streamlit's uploads have their own."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_stcore/"):
            await self.app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isascii() and announced.isdigit() and int(announced[:20]) > MAX_BODY:
            await refuse(BodyTooLarge(limit=MAX_BODY), scope, receive, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > MAX_BODY:
                raise BodyTooLarge(limit=MAX_BODY)
            return message

        await self.app(scope, counted, send)
