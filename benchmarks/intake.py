"""Hooks and telemetry of many sessions at 2,000 events a second: none lost, quickly answered, and the pages keep up."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from benchmarks import changes, fleets
from benchmarks.browsers import tab
from benchmarks.figures import Figure, at_most, p95, spread, told
from benchmarks.pixels import latencies
from benchmarks.servers import Server, serving
from data.store import Store
from orchestrator_adapter.ingest.token import Token

RATE = 2_000
SECONDS = 60
SESSIONS = 100
SENDERS = 100
RECORDS = 50
"""Of telemetry in one request."""
BOARD_MS = 150
"""As without any of this: see `pixels`."""
ANSWER_MS = 150
GAP_MS = (800, 1200)

Kind = Literal["hooks", "telemetry"]


@dataclass(frozen=True)
class Sent:
    """What the senders saw."""

    events: int
    refused: int
    took_s: float
    answers_ms: list[float]


def measure() -> Iterator[Figure]:
    for kind in ("hooks", "telemetry"):
        yield from _measured(kind)


def _measured(kind: Kind) -> Iterator[Figure]:
    with fleets.busy_home() as (home, store), serving(home, ("-m", "benchmarks.host")) as server:
        who, token = changes.target(store), Token(home).get()
        with tab("watch.js") as page:
            page.goto(server.url)
            page.wait_for_selector("canvas", timeout=60_000)
            page.wait_for_timeout(4_000)
            before_s = server.cpu_s()
            told_in = home / "sent.json"
            with _sending(kind, server, token, told_in) as sender:
                made, number = [], 0
                while sender.poll() is None:
                    number += 1
                    made.append(changes.commit(store, who, number, "outside"))
                    page.wait_for_timeout(random.randint(*GAP_MS))
                sent = Sent(**json.loads(told_in.read_text()))
            cpu_s = server.cpu_s() - before_s
            page.wait_for_timeout(3_000)
            seen = latencies(made, "words", page.evaluate("window.__seen")["screen"])
        yield from _figures(kind, store, sent, cpu_s, seen, len(made))


def _figures(kind: Kind, store: Store, sent: Sent, cpu_s: float, seen: Sequence[float], made: int) -> Iterator[Figure]:
    with store.read() as board:
        found = board.observed_received()
    source = "hooks" if kind == "hooks" else "logs"
    received = sum(one.number for one in found if one.source == source)
    rate = f"{sent.events / sent.took_s:,.0f} events a second for {sent.took_s:.0f} s"
    lost = sent.events - sent.refused - received
    yield at_most(f"{kind} that were answered and lost", abs(lost), 0, "events", f"{rate}, {sent.refused} refused")
    yield at_most(
        f"{kind}: answer after the commit, p95", p95(sent.answers_ms), ANSWER_MS, "ms", spread(sent.answers_ms)
    )
    beside = f"{spread(seen)}; {made - len(seen)} of {made} overtaken" if seen else ""
    yield at_most(f"{kind} coming in: commit to pixels, live board, p95", p95(seen), BOARD_MS, "ms", beside)
    yield told(f"{kind}: CPU of the server", f"{cpu_s / sent.took_s:.0%} of a core")


@contextlib.contextmanager
def _sending(kind: Kind, server: Server, token: str, told_in: Path) -> Iterator[subprocess.Popen[str]]:
    """The senders, in a process of their own; what they saw is more than a pipe holds."""
    given = json.dumps({"kind": kind, "port": server.port, "token": token})
    command = [sys.executable, "-m", "benchmarks.intake", given]
    with told_in.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(command, cwd=Path(__file__).parents[1], stdout=out, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def hook(number: int) -> dict[str, Any]:
    """A call of a tool and its answer, of one session after the other."""
    turn = number // 2
    body: dict[str, Any] = {
        "session_id": f"{turn % SESSIONS:08d}-0000-4000-8000-000000000000",
        "transcript_path": "",
        "cwd": "/srv/calc",
        "permission_mode": "default",
        "hook_event_name": "PostToolUse" if number % 2 else "PreToolUse",
        "tool_name": "Edit",
        "tool_use_id": f"toolu_{turn}",
        "tool_input": {"file_path": f"/srv/calc/m{turn % 7}.py", "old_string": f"a = {turn}", "new_string": "a = 1"},
    }
    if number % 2:
        lines = [f"-a = {turn}", "+a = 1"]
        body["tool_response"] = {"filePath": body["tool_input"]["file_path"], "structuredPatch": [{"lines": lines}]}
        body["tool_response"]["originalFile"] = "value = 1\n" * 100
    return body


def telemetry(first: int) -> dict[str, Any]:
    """A request of one session: one in four records is a request to the model, the others are calls of tools."""
    session = f"{first // RECORDS % SESSIONS:08d}-0000-4000-8000-000000000000"
    records = [_record(session, first + n) for n in range(RECORDS)]
    return {"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}


def _record(session: str, number: int) -> dict[str, Any]:
    values: dict[str, Any] = {"session.id": session, "event.sequence": number, "model": "claude-sonnet-5-5"}
    if number % 4 == 0:
        values |= {"event.name": "api_request", "request_id": f"req_{number}", "output_tokens": 100, "cost_usd": 0.001}
    else:
        values |= {"event.name": "tool_result", "tool_name": "Bash", "success": "true", "tool_use_id": f"t{number}"}
    listed = [
        {"key": key, "value": {"stringValue" if isinstance(value, str) else "doubleValue": value}}
        for key, value in values.items()
    ]
    return {"timeUnixNano": str(time.time_ns()), "attributes": listed}


async def _send(kind: Kind, port: int, token: str) -> Sent:
    """Many connections that are kept, each sending when it is due."""
    answers, refused, began = list[float](), 0, time.perf_counter()
    at_once = 1 if kind == "hooks" else RECORDS
    path = "/api/v1/hooks" if kind == "hooks" else "/v1/logs"
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
    head += "Content-Type: application/json\r\nContent-Length: "

    async def one(mine: int) -> None:
        nonlocal refused
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for first in range(mine * at_once, RATE * SECONDS, SENDERS * at_once):
            body = json.dumps(hook(first) if kind == "hooks" else telemetry(first)).encode()
            await asyncio.sleep(began + first / RATE - time.perf_counter())
            sent = time.perf_counter()
            writer.write(f"{head}{len(body)}\r\n\r\n".encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
            refused += 0 if answer.startswith(b"HTTP/1.1 200") else at_once
            answers.append((time.perf_counter() - sent) * 1000)
        writer.close()

    await asyncio.gather(*(one(mine) for mine in range(SENDERS)))
    return Sent(RATE * SECONDS, refused, time.perf_counter() - began, answers)


if __name__ == "__main__":
    order = json.loads(sys.argv[1])
    outcome = asyncio.run(_send(order["kind"], order["port"], order["token"]))
    print(json.dumps(outcome.__dict__))
