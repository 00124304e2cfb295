"""People who have a page open: sessions that speak Streamlit's protocol and listen on the page's live socket.

Runs as a process of its own (`python -m benchmarks.crowd URL PAGE COUNT`), and does what the live parts of a page do.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
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
from websockets.typing import Subprotocol

from benchmarks.servers import ROOT, Server, environment

ARRIVE_S = 0.05
"""Time between two people opening the page."""
OPEN_S = 120.0
BEFORE_S = 0.06
"""How long a page waits before it wakes its panels, as in live.js."""
SMALL = 4_000
"""Messages above this size are rows of tables: counted, not read."""
STREAMLIT = Subprotocol("streamlit")
TRIGGER = "$$STREAMLIT_INTERNAL_KEY_{component}__events"
CLOCK = re.compile(r'"clock":(\d+)')


@dataclass
class Session:
    """One open page."""

    url: str
    page: str
    clock: int = 0
    moved: bool = False
    waking: asyncio.Task[None] | None = None
    runs: int = 0
    wakes: int = 0
    size: int = 0
    """Bytes received."""
    component: str = ""
    wakers: dict[str, str] = field(default_factory=dict)
    """Live panels of the page: component id to fragment id."""
    script: str = ""
    drawn: asyncio.Event = field(default_factory=asyncio.Event)
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    socket: ClientConnection | None = None

    async def stay(self) -> None:
        async with asyncio.TaskGroup() as both:
            both.create_task(self._page())
            both.create_task(self._live())

    async def _page(self) -> None:
        how: dict[str, Any] = {"max_size": None, "compression": None, "ping_interval": None, "open_timeout": OPEN_S}
        async with connect(f"{self.url}/_stcore/stream", subprotocols=[STREAMLIT], **how) as self.socket:
            first = self._message()
            first.rerun_script.page_name = self.page
            await self.socket.send(first.SerializeToString())
            async for raw in self.socket:
                self.size += len(raw)
                if len(raw) < SMALL or not self.drawn.is_set():
                    self._read(ForwardMsg.FromString(raw))

    def _message(self) -> BackMsg:
        message = BackMsg()
        message.rerun_script.page_script_hash = self.script
        return message

    def _read(self, message: ForwardMsg) -> None:
        match message.WhichOneof("type"):
            case "navigation":
                self.script = message.navigation.page_script_hash
            case "delta" if message.delta.new_element.WhichOneof("type") == "bidi_component":
                self._mounted(message.delta.new_element.bidi_component, message.delta.fragment_id)
            case "script_finished":
                self.runs += 1
                if self.component:
                    self.drawn.set()

    def _mounted(self, component: Any, fragment_id: str) -> None:
        if component.component_name.endswith("quarterdeck_waker"):
            self.wakers[component.id] = fragment_id
        for told in (component.json, component.mixed.json):
            if told and "resting" in told:
                self.component = component.id
                self.clock = max(self.clock, json.loads(told)["clock"])

    async def _live(self) -> None:
        await self.drawn.wait()
        how: dict[str, Any] = {"max_size": None, "compression": None, "ping_interval": None, "open_timeout": OPEN_S}
        async with connect(f"{self.url}/api/v1/events?topics=board%3Afleet&wakes=1", **how) as socket:
            async for text in socket:
                self.size += len(text)
                found = CLOCK.search(str(text[:100]))
                if found and '"board"' in text[:200] and int(found[1]) > self.clock:
                    self.clock, self.moved = int(found[1]), True
                elif self.moved and '"wake"' in text[:100]:
                    self.moved = False
                    self.waking = asyncio.create_task(self._wake())
                self.heard.set()

    async def _wake(self) -> None:
        await asyncio.sleep(BEFORE_S)
        self.wakes += 1
        assert self.socket is not None
        for component, fragment_id in (self.wakers or {self.component: ""}).items():
            message = self._message()
            message.rerun_script.fragment_id = fragment_id
            state = message.rerun_script.widget_states.widgets.add()
            state.id = TRIGGER.format(component=component)
            state.json_trigger_value = json.dumps([{"event": "changed", "value": self.clock}])
            await self.socket.send(message.SerializeToString())


async def gather(url: str, page: str, count: int) -> None:
    """Open the pages one after the other, say when all are there, stay until told to go."""
    sessions = [Session(url.replace("http", "ws", 1), page) for _ in range(count)]
    staying = []
    for session in sessions:
        staying.append(asyncio.create_task(session.stay()))
        await asyncio.sleep(ARRIVE_S)
    async with asyncio.timeout(OPEN_S):
        for session in sessions:
            await session.heard.wait()
    print("open", flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        total = {name: sum(getattr(s, name) for s in sessions) for name in ("runs", "wakes", "size")}
        print(json.dumps(total | {"gone": sum(one.done() for one in staying)}), flush=True)


class Crowd:
    """The other end: a crowd as the benchmark sees it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def counts(self) -> dict[str, int]:
        """Script runs, wake-ups and bytes so far, and how many sessions are gone."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("?\n")
        self._process.stdin.flush()
        answer: dict[str, int] = json.loads(self._process.stdout.readline())
        return answer


@contextlib.contextmanager
def watching(server: Server, page: str, count: int, settle_s: float = 3.0) -> Iterator[Crowd | None]:
    """So many people with this page open; none for 0."""
    if not count:
        yield None
        return
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.crowd", server.url, page, str(count)],
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
        time.sleep(settle_s)
        yield Crowd(process)
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    uvloop.run(gather(sys.argv[1], sys.argv[2], int(sys.argv[3])))
