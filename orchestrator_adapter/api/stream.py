"""The event stream: a WebSocket that says what happens, resumes after a clock value, and drops who cannot keep up."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import orjson
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from data.domain.errors import FleetError, InvalidField, StoreUnavailable
from data.store import Store
from orchestrator_adapter.api import bodies, topics
from orchestrator_adapter.api.http import parameters, refusal
from orchestrator_adapter.api.hub import Hub, Listener
from orchestrator_adapter.arrivals import arrivals
from orchestrator_adapter.wakes import wakes

HEARTBEAT_S = 15.0
SEND_S = 10.0
"""Longest wait until a message leaves for a listener; one who takes longer is dropped."""
KNOWN = ("topics", "after", "page", "wakes")
"""`page`: the mark of one of our own pages, which has drawn its live parts; `wakes`: one that is told when to draw the
rest of it again."""
WRONG, MISSING, TOO_SLOW = 4400, 4404, 1013


class Stream:
    """The socket's address."""

    def __init__(self, hub: Hub, heartbeat_s: float = HEARTBEAT_S, send_s: float = SEND_S) -> None:
        self._hub, self._heartbeat_s, self._send_s = hub, heartbeat_s, send_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        try:
            names, after = await asked(scope, self._hub.store)
        except FleetError as error:
            await socket.accept()
            await socket.send_text(orjson.dumps(refusal(error, scope), default=str).decode())
            await socket.close(MISSING if error.status == 404 else WRONG, error.code)
            return
        listener = self._hub.join(names, after)  # before accepting: what happens from then on is told
        woken = "wakes" in parameters(scope["query_string"])
        try:
            await socket.accept()
            await self._serve(socket, listener, woken)
        finally:
            self._hub.leave(listener)

    async def _serve(self, socket: WebSocket, listener: Listener, woken: bool) -> None:
        """Send until the other side has gone, or is too slow."""
        told = asyncio.Event()
        doing = [self._send(socket, listener, told), _until_gone(socket)]
        if woken:
            doing.append(self._wake(socket, listener, told))
        tasks = {asyncio.create_task(one) for one in doing}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            slow = any(isinstance(task.exception(), TimeoutError) for task in done)
        finally:
            for task in tasks:
                task.cancel()
        if slow:
            with suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
                async with asyncio.timeout(1):
                    await socket.close(TOO_SLOW, "too slow")

    async def _send(self, socket: WebSocket, listener: Listener, told: asyncio.Event) -> None:
        while True:
            for text in await self._next(listener):
                async with asyncio.timeout(self._send_s):
                    await socket.send_text(text)
            listener.sent()
            told.set()

    async def _wake(self, socket: WebSocket, listener: Listener, told: asyncio.Event) -> None:
        """Say to a page that was told something when it is its turn to draw itself again."""
        loop = asyncio.get_running_loop()
        with wakes.page():
            while await told.wait():
                await wakes.turn()
                told.clear()
                began = loop.time()
                async with asyncio.timeout(self._send_s):
                    await socket.send_text(_message(listener, "wake"))
                await asyncio.sleep(began + wakes.pace_s - loop.time())

    async def _next(self, listener: Listener) -> list[str]:
        """The next batch, or a heartbeat if nothing happens for a while."""
        try:
            async with asyncio.timeout(self._heartbeat_s):
                return await listener.outbox.get()
        except TimeoutError:
            return [_message(listener, "heartbeat")]


def _message(listener: Listener, kind: str) -> str:
    return f'{{"clock":{listener.safe_without(None)},"topic":"stream","kind":"{kind}","data":{{}}}}'


async def _until_gone(socket: WebSocket) -> None:
    with suppress(WebSocketDisconnect):
        while (await socket.receive())["type"] != "websocket.disconnect":
            pass


async def asked(scope: Scope, store: Store) -> tuple[list[str], int | None]:
    """Topics and clock of the address; raises the refusal of a wrong one."""
    given = parameters(scope["query_string"])
    if unknown := sorted(given.keys() - KNOWN):
        known = ", ".join(KNOWN)
        raise InvalidField(f"{bodies.shown(unknown[0])} is not known here; known are {known}.", field=unknown[0][:80])
    names = topics.names(given.get("topics", ""))
    for name in names:
        topics.source(name)
    if tasks := [task for name in names if (task := topics.task_of(name))]:
        with suppress(StoreUnavailable):  # whoever listens is told so, and hears of the task when the store is back
            await asyncio.to_thread(_known, store, tasks)
    after = given.get("after")
    if after is not None and not (after.isascii() and after.isdigit() and int(after[:20]) < 2**63):
        raise InvalidField("after must be a clock value: a whole number from 0.", field="after")
    arrivals.came(given.get("page", ""))
    return names, None if after is None else int(after)


def _known(store: Store, tasks: list[str]) -> None:
    """Raises TaskNotFound for the first one that is not there."""
    with store.read() as board:
        for task_id in tasks:
            board.task(task_id)
