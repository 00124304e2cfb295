"""Sessions of Claude Code that report: one process, kept connections, bodies that are encoded beforehand.

Runs as a process of its own (`python -m benchmarks.reporting ORDER`), and costs as little as it can: what it takes is
taken from the server, which it measures.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import uvloop
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

Kind = Literal["hooks", "telemetry"]
SESSIONS = 100
RECORDS = 20
"""Of telemetry in one request: what a session has gathered when it exports, once a second."""
TICK_S = 0.004
_NUMBER = "@@@@@@@@"
"""Stands for the number of an event in a body; as long as all that takes its place."""


@dataclass(frozen=True)
class Order:
    """What to send, and how fast."""

    kind: Kind
    port: int
    token: str
    rate: int
    seconds: int


@dataclass
class Sent:
    """What the senders saw."""

    events: int = 0
    refused: int = 0
    took_s: float = 0.0
    cpu_s: float = 0.0
    behind_ms: float = 0.0
    """The longest that a session could not send because its last request had not been answered."""
    answers_ms: list[float] = field(default_factory=list)


def session(number: int) -> str:
    return f"{number:08d}-0000-4000-8000-000000000000"


def hook(which: int, returned: bool) -> dict[str, Any]:
    """A call of a tool, or its answer."""
    file = f"/srv/calc/m{which % 7}.py"
    body: dict[str, Any] = {
        "session_id": session(which),
        "transcript_path": "",
        "cwd": "/srv/calc",
        "prompt_id": "2f5c5a52-9a7f-4c43-8b7c-0d2b7c9a1f10",
        "permission_mode": "default",
        "hook_event_name": "PostToolUse" if returned else "PreToolUse",
        "tool_name": "Edit",
        "tool_use_id": f"toolu_{_NUMBER}",
        "tool_input": {"file_path": file, "old_string": f"a = {_NUMBER}", "new_string": "a = 1", "replace_all": False},
    }
    if returned:
        patch = [{"oldStart": 1, "oldLines": 1, "newStart": 1, "newLines": 1, "lines": [f"-a = {_NUMBER}", "+a = 1"]}]
        told = {"filePath": file, "structuredPatch": patch, "originalFile": "value = 1\n" * 100, "userModified": False}
        body |= {"tool_response": told, "duration_ms": 12}
    return body


def telemetry(which: int) -> bytes:
    """What one session exports at once: one record in four is a request to the model, the others are calls of tools."""
    message = ExportLogsServiceRequest()
    resource_logs = message.resource_logs.add()
    about = {"service.name": "claude-code", "service.version": "2.1.160", "os.type": "linux", "host.arch": "amd64"}
    _attributes(resource_logs.resource.attributes, about)
    scope = resource_logs.scope_logs.add()
    scope.scope.name = "com.anthropic.claude_code.events"
    for place in range(RECORDS):
        record = scope.log_records.add()
        record.time_unix_nano = time.time_ns()
        values = _request(which, place) if place % 4 == 0 else _result(which, place)
        record.body.string_value = f"claude_code.{values['event.name']}"
        _attributes(record.attributes, values)
    return bytes(message.SerializeToString())


def _common(which: int, place: int, name: str) -> dict[str, Any]:
    return {
        "user.id": "5f0c9a1b2d3e4f5061728394a5b6c7d8e9f00112233445566778899aabbccdde",
        "session.id": session(which),
        "terminal.type": "xterm-256color",
        "event.name": name,
        "event.timestamp": "2026-11-24T18:00:00.000Z",
        "event.sequence": place,
        "prompt.id": "2f5c5a52-9a7f-4c43-8b7c-0d2b7c9a1f10",
    }


def _request(which: int, place: int) -> dict[str, Any]:
    used = {"input_tokens": "12", "output_tokens": "100", "cache_read_tokens": "14000", "cache_creation_tokens": "0"}
    more = {"cost_usd": "0.002424", "duration_ms": "812", "speed": "normal", "query_source": "main", "effort": "high"}
    ids = {"model": "claude-sonnet-5-5", "request_id": f"req_{which:03d}{place:02d}{_NUMBER}"}
    return _common(which, place, "api_request") | ids | used | more


def _result(which: int, place: int) -> dict[str, Any]:
    more = {"tool_name": "Bash", "success": "true", "duration_ms": "31", "tool_result_size_bytes": "212"}
    return _common(which, place, "tool_result") | more | {"tool_use_id": f"toolu_{which:03d}{place:02d}{_NUMBER}"}


def _attributes(into: Any, values: dict[str, Any]) -> None:
    for key, value in values.items():
        one = into.add()
        one.key = key
        if isinstance(value, int):
            one.value.int_value = value
        else:
            one.value.string_value = value


def requests(order: Order, which: int) -> list[list[bytes]]:
    """The requests that one session sends in turn, cut where the number of the event belongs."""
    if order.kind == "hooks":
        path, media = "/api/v1/hooks", "application/json"
        found = [json.dumps(hook(which, returned)).encode() for returned in (False, True)]
    else:
        path, media = "/v1/logs", "application/x-protobuf"
        found = [telemetry(which)]
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{order.port}\r\nAuthorization: Bearer {order.token}\r\n"
    head += f"Content-Type: {media}\r\nContent-Length: "
    return [(f"{head}{len(body)}\r\n\r\n".encode() + body).split(_NUMBER.encode()) for body in found]


class Line(asyncio.Protocol):
    """The connection of one session: the next request leaves when it is due and the last one is answered."""

    def __init__(self, turns: list[list[bytes]], sent: Sent, events: int) -> None:
        self._turns, self._sent, self._events = turns, sent, events
        self._waiting: deque[float] = deque()
        self._began = 0.0
        self._number = 0
        self._answer = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    @property
    def idle(self) -> bool:
        return not self._began and not self._waiting

    def due(self, at: float) -> None:
        self._waiting.append(at)
        self._next()

    def _next(self) -> None:
        if self._began or not self._waiting:
            return
        self._began = time.perf_counter()
        self._sent.behind_ms = max(self._sent.behind_ms, (self._began - self._waiting.popleft()) * 1000)
        turn, number = self._turns[self._number % len(self._turns)], self._number // len(self._turns)
        self._number += 1
        self._transport.write((b"%08d" % number).join(turn))

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, end, body = self._answer.partition(b"\r\n\r\n")
        if not end or len(body) < int(head.lower().partition(b"content-length: ")[2].split(b"\r\n", 1)[0]):
            return
        self._sent.answers_ms.append((time.perf_counter() - self._began) * 1000)
        self._sent.events += self._events
        self._sent.refused += 0 if head.startswith(b"HTTP/1.1 200") else self._events
        self._answer, self._began = b"", 0.0
        self._next()


async def report(order: Order) -> Sent:
    """So many events a second from all sessions together, for so long; until the last is answered."""
    sent = Sent()
    loop = asyncio.get_running_loop()
    at_once = 1 if order.kind == "hooks" else RECORDS
    lines = []
    for which in range(SESSIONS):
        line = Line(requests(order, which), sent, at_once)
        await loop.create_connection(lambda line=line: line, "127.0.0.1", order.port)  # type: ignore[misc]
        lines.append(line)
    number, began, total = 0, time.perf_counter(), order.rate * order.seconds // at_once
    while number < total or not all(line.idle for line in lines):
        now = time.perf_counter()
        while number < total and (due := began + number * at_once / order.rate) <= now:
            lines[number % SESSIONS].due(due)
            number += 1
        await asyncio.sleep(TICK_S)
    sent.took_s = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_SELF)
    sent.cpu_s = used.ru_utime + used.ru_stime
    return sent


if __name__ == "__main__":
    print(json.dumps(asdict(uvloop.run(report(Order(**json.loads(sys.argv[1])))))))
