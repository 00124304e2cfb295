"""Streamlit's own files as they are served here: compressed once, in our colours, under a strict policy."""

from __future__ import annotations

import asyncio
import base64
import functools
import gzip
import hashlib
import json
import mimetypes
import re
import threading
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import streamlit
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from data.domain.errors import FleetError
from orchestrator_adapter import picture, views
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.api import ahead
from orchestrator_adapter.deck import Deck

SMALLEST = 1000
"""Below this many bytes compression costs more than it saves."""
PACKED = frozenset({".js", ".css", ".html", ".json", ".svg", ".map", ".wasm"})
SHELL = Path(__file__).parent / "shell"
HOME = ("/", "/fleet")
BOARD = "<!-- board -->"
"""Where the board stands in the home page."""
_MODULE = re.compile(r'<script type="module" crossorigin src="([^"]+)"></script>')


@functools.cache
def folder() -> Path:
    return Path(streamlit.__file__).resolve().parent / "static"  # an environment may be a link to another


@functools.cache
def index() -> str:
    """Streamlit's page as it is installed."""
    return (folder() / "index.html").read_text(encoding="utf-8")


@functools.cache
def shell() -> bytes:
    """Our page: the same scripts, with our title, and something to see before they run."""
    head, body = ((SHELL / name).read_text(encoding="utf-8") for name in ("head.html", "body.html"))
    page = index().replace("<title>Streamlit</title>", "<title>Quarterdeck</title>", 1)
    page = _MODULE.sub(r'<link rel="modulepreload" crossorigin data-start href="\1">', page, count=1)
    ahead_of_use = ahead.links(page, folder() / "static" / "js")
    page = page.replace("</head>", f"{head}{ahead_of_use}</head>", 1)
    page = page.replace('<div id="root"></div>', f'<div id="root">{body}</div>{BOARD}{picture.first()}', 1)
    return page.encode()


@functools.cache
def policy() -> str:
    """The content security policy; the page's own inline scripts are allowed by their hashes."""
    scripts = re.findall(r"<script>(.*?)</script>", shell().decode(), flags=re.DOTALL)
    hashes = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts)
    return (
        # blob: for components whose script comes over the socket, wasm-unsafe-eval for protobuf
        f"default-src 'self'; script-src 'self' blob: 'wasm-unsafe-eval' {hashes}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
        "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    )


class Packed:
    """Streamlit's hashed files, each compressed once and kept."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}
        self._stop = threading.Event()

    def warm(self) -> None:
        """Compress everything in the background, the page's first scripts before the rest."""
        threading.Thread(target=self._warm, name="pack-assets", daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

    def _warm(self) -> None:
        first = re.findall(r"\./(static/[^\"]+)", index())
        rest = (f"static/{path.relative_to(folder() / 'static')}" for path in (folder() / "static").rglob("*"))
        for name in (*first, *rest):
            if self._stop.is_set():
                return
            self.get(f"/{name}")

    def kept(self, path: str) -> bytes | None:
        """The file, if it was compressed before."""
        return self._kept.get(path)

    def get(self, path: str) -> bytes | None:
        """The compressed file, or None if it is not one of Streamlit's or not worth it."""
        if path not in self._kept:
            file = (folder() / path.lstrip("/")).resolve()
            inside = file.is_relative_to(folder() / "static") and file.suffix in PACKED and file.is_file()
            if not inside or file.stat().st_size < SMALLEST:
                return None
            self._kept[path] = gzip.compress(file.read_bytes(), 6)
        return self._kept[path]


class PackedAssets:
    """Answers /static from the packed files where the browser takes gzip."""

    def __init__(self, app: ASGIApp, packed: Packed) -> None:
        self.app, self.packed = app, packed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await self._body(scope)
        if body is None:
            await self.app(scope, receive, send)
            return
        kind = mimetypes.guess_type(scope["path"])[0] or "application/octet-stream"
        headers = {
            b"content-type": kind.encode(),
            b"content-encoding": b"gzip",
            b"content-length": str(len(body)).encode(),
            b"vary": b"Accept-Encoding",
            b"cache-control": b"public, immutable, max-age=31536000",  # their names hold a hash of what is in them
        }
        await send({"type": "http.response.start", "status": 200, "headers": list(headers.items())})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _body(self, scope: Scope) -> bytes | None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            return None
        path = scope["path"]
        if not path.startswith("/static/") or PurePosixPath(path).suffix not in PACKED:
            return None
        headers = Headers(scope=scope)
        if "gzip" not in headers.get("accept-encoding", "") or "range" in headers:
            return None
        scope.setdefault("state", {})["route"] = "static"
        # a first visit asks for seventy of them at once, and a thread for each would take longer than they do
        return self.packed.kept(path) or await asyncio.to_thread(self.packed.get, path)


def board(find: Callable[[], Deck], name: str) -> str:
    """The live board as this person's home page first shows it, as data in the page; empty where it shows none."""
    try:
        store = find().store
        # nobody waits for a store that is known to be away: the page itself says so, and shows what it last knew
        found = None if store.trouble else views.home.first_picture(store, name)
    except FleetError:
        return ""
    told = json.dumps(found).replace("<", "\\u003c") if found else ""
    return f'<script type="application/json" id="qd-first">{told}</script>' if told else ""


class Shell:
    """Puts our page where Streamlit sends its own, and in the home page the live board as it is now."""

    def __init__(self, app: ASGIApp, find: Callable[[], Deck]) -> None:
        self.app, self.find = app, find

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        if "text/html" not in headers.get("accept", "") or scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        theirs = str(len(index().encode()))
        page = b""

        async def swapped(message: Message) -> None:
            nonlocal page
            if message["type"] == "http.response.start":
                given = MutableHeaders(scope=message)
                if given.get("content-length") == theirs and given.get("content-type", "").startswith("text/html"):
                    page = await asyncio.to_thread(self._page, scope["path"], given, headers)
                    del given["etag"], given["last-modified"]
                    given["content-length"] = str(len(page))
                    given["cache-control"] = "no-cache"
            elif page:
                if message.get("more_body"):
                    return
                message = {"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else page}
            await send(message)

        await self.app({**scope, "headers": plain}, receive, swapped)

    def _page(self, path: str, given: MutableHeaders, asked: Headers) -> bytes:
        told = board(self.find, LOCAL.name) if path in HOME else ""
        page = shell().replace(BOARD.encode(), told.encode(), 1)
        given.add_vary_header("accept-encoding")
        if "gzip" not in asked.get("accept-encoding", ""):
            return page
        given["content-encoding"] = "gzip"
        return gzip.compress(page, 5)
