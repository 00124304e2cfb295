"""From a request to an answer: one reader of JSON and queries, one refusal shape, one boundary."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Never
from urllib.parse import parse_qsl

import orjson
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from data.domain.errors import BodyInvalid, FleetError, InvalidField, MethodRefused, RouteNotFound
from orchestrator_adapter import access
from orchestrator_adapter.api import bodies
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.kept import Kept

MAX_PARAMETERS = 50
_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


@dataclass(frozen=True)
class Answer:
    """What goes back, encoded."""

    body: bytes
    status: int = 200
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    async def send(self, send: Send, with_body: bool = True) -> None:
        given = {"content-type": self.media_type, "content-length": str(len(self.body)), **self.headers}
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in given.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body if with_body else b""})


def encoded(value: object) -> bytes:
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)


def answer(value: object, status: int = 200, **headers: str) -> Answer:
    return Answer(encoded(value), status, headers={"cache-control": "no-store", **headers})


@dataclass(frozen=True)
class Call:
    """What a handler needs to know of a request, beside the model that it takes."""

    deck: Deck
    actor: access.Actor
    path: Mapping[str, str]
    kept: Kept[bytes]
    range: str | None = None
    """Which stretch of a file is asked for, as its header says."""

    def id(self, missing: type[FleetError]) -> str:
        """The id of the address; one that no row can have is simply not found."""
        given = self.path["id"]
        if not _ID.fullmatch(given):
            raise missing
        return given


WITH_BODY = frozenset({"POST", "PATCH"})


@dataclass(frozen=True)
class Operation:
    """One line of the table of contents: a method of an address, and everything its documentation says."""

    method: str
    path: str
    run: Callable[[Call, Any], Answer]
    summary: str
    takes: type[BaseModel] = bodies.Nothing
    gives: type[BaseModel] | None = None
    """None: not JSON."""
    status: int = 200
    refuses: tuple[type[FleetError], ...] = ()


def request_id(scope: Scope) -> str:
    return str(scope.get("state", {}).get("request_id", ""))


def refusal(error: FleetError, scope: Scope) -> dict[str, object]:
    """The one shape of a refusal."""
    return {
        "error": {
            "code": error.code,
            "message": str(error),
            "details": error.details,
            "request_id": request_id(scope),
            "timestamp": datetime.now(UTC),
        }
    }


def refused(error: FleetError, scope: Scope, **headers: str) -> Answer:
    return answer(refusal(error, scope), error.status, **headers)


class Resource:
    """One address: picks the operation by method, reads what was sent, and runs it in a thread."""

    def __init__(self, find: Callable[[], Deck], kept: Kept[bytes], operations: list[Operation]) -> None:
        self._find, self._kept = find, kept
        self._operations = {operation.method: operation for operation in operations}
        self._route = operations[0].path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["route"] = self._route
        try:
            given = await self._answer(Request(scope, receive))
        except MethodRefused as error:
            given = refused(error, scope, allow=", ".join(self._allowed()))
        except ClientDisconnect:
            return
        except FleetError as error:
            given = refused(error, scope)
        await given.send(send, with_body=scope["method"] != "HEAD")

    def _allowed(self) -> list[str]:
        return sorted({*self._operations, *(["HEAD"] if "GET" in self._operations else [])})

    async def _answer(self, request: Request) -> Answer:
        method = "GET" if request.method == "HEAD" else request.method
        operation = self._operations.get(method)
        if operation is None:
            raise MethodRefused(
                f"{request.url.path} does not answer {request.method}.", method=request.method, allowed=self._allowed()
            )
        sent = await _sent(request, operation)
        return await run_in_threadpool(self._run, operation, request, sent)

    def _run(self, operation: Operation, request: Request, sent: BaseModel) -> Answer:
        call = Call(self._find(), access.LOCAL, request.path_params, self._kept, request.headers.get("range"))
        return operation.run(call, sent)


async def _sent(request: Request, operation: Operation) -> BaseModel:
    query = parameters(request.scope["query_string"])
    if operation.method == "GET":
        return bodies.read(operation.takes, query)
    bodies.read(bodies.Nothing, query)
    content = await request.body() if operation.method in WITH_BODY else b""
    if not content and not any(field.is_required() for field in operation.takes.model_fields.values()):
        return operation.takes()
    return bodies.read(operation.takes, json_object(content))


def parameters(query_string: bytes) -> dict[str, str]:
    """Query parameters, each of which may be given once."""
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS
        )
    except ValueError as error:
        raise InvalidField("The query parameters are not URL-encoded UTF-8.", field="query") from error
    out: dict[str, str] = {}
    for name, value in pairs:
        if name in out:
            raise InvalidField(f"{bodies.shown(name)} is given twice.", field=name)
        out[name] = value
    return out


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in pairs:
        if name in out:
            raise BodyInvalid(f"The request body has the key {name[:80]!r} twice.", field=name[:80])
        out[name] = value
    return out


def json_object(content: bytes) -> dict[str, Any]:
    """The body as a JSON object; NaN, broken UTF-8, a key twice or endless nesting are refused."""
    try:
        orjson.loads(content)  # strict about UTF-8, NaN and depth, but blind to a key that comes twice
        value = json.loads(content, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise BodyInvalid(f"The request body is not valid JSON: {str(error)[:200]}.") from error
    if not isinstance(value, dict):
        raise BodyInvalid
    return value


class Nowhere:
    """Answers for every address under the API that the table does not know."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["route"] = "none"
        error = RouteNotFound(f"There is nothing at {scope['path'][:200]}; see /api/v1/docs.")
        await refused(error, scope).send(send, with_body=scope["method"] != "HEAD")


def nowhere(message: str, **details: object) -> Never:
    raise RouteNotFound(message, **details)
