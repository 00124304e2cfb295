"""People who ask for a page again, all at the same moment, and how long each of them waits until it is drawn.

Runs as a process of its own (`python -m benchmarks.people URL PAGE QUERY COUNT`): a line of input asks once.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import uvloop
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.crowd import OPEN_S, SMALL, STREAMLIT
from benchmarks.servers import ROOT, Server, environment

LONGEST_S = 60.0


@dataclass
class Person:
    """One session, which is told of nothing that happens and only asks."""

    url: str
    page: str
    query: str
    script: str = ""
    elements: int = 0
    drawn: asyncio.Event = field(default_factory=asyncio.Event)
    socket: ClientConnection | None = None

    async def stay(self) -> None:
        how: dict[str, Any] = {"max_size": None, "compression": None, "ping_interval": None, "open_timeout": OPEN_S}
        async with connect(f"{self.url}/_stcore/stream", subprotocols=[STREAMLIT], **how) as self.socket:
            await self._send(page_name=self.page)
            async for raw in self.socket:
                self.elements += 1
                if len(raw) < SMALL:
                    self._read(ForwardMsg.FromString(raw))

    async def asked(self) -> float:
        """Ask for the page again; milliseconds until all of it has come."""
        self.drawn.clear()
        self.elements = 0
        began = time.perf_counter()
        await self._send(page_script_hash=self.script)
        async with asyncio.timeout(LONGEST_S):
            await self.drawn.wait()
        return 1000 * (time.perf_counter() - began)

    async def _send(self, **given: str) -> None:
        message = BackMsg()
        message.rerun_script.query_string = self.query
        for name, value in given.items():
            setattr(message.rerun_script, name, value)
        assert self.socket is not None
        await self.socket.send(message.SerializeToString())

    def _read(self, message: ForwardMsg) -> None:
        match message.WhichOneof("type"):
            case "navigation":
                self.script = message.navigation.page_script_hash
            case "script_finished":
                self.drawn.set()


async def gather(url: str, page: str, query: str, count: int) -> None:
    people = [Person(url.replace("http", "ws", 1), page, query) for _ in range(count)]
    staying = [asyncio.create_task(one.stay()) for one in people]
    async with asyncio.timeout(OPEN_S):
        for one in people:
            await one.drawn.wait()
    print("open", flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        took = await asyncio.gather(*(one.asked() for one in people))
        gone = sum(one.done() for one in staying)
        print(json.dumps({"took": took, "elements": people[0].elements, "gone": gone}), flush=True)


class People:
    """The other end: people as the benchmark sees them."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self) -> dict[str, Any]:
        """All of them once: `took` in milliseconds, `elements` that each was sent, sessions that are `gone`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("?\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@contextlib.contextmanager
def people(server: Server, page: str, query: str, count: int) -> Iterator[People]:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.people", server.url, page, query, str(count)],
        cwd=ROOT,
        env=environment(ROOT),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        if process.stdout.readline().strip() != "open":
            raise RuntimeError(f"The {count} sessions could not be opened.")
        yield People(process)
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    uvloop.run(gather(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
