"""From start to stop: the deck and the hub come up before the first request and go down after the last one."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import socket
import stat
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from orchestrator_adapter.api import theme
from orchestrator_adapter.api.assets import Packed
from orchestrator_adapter.api.doors import Doors
from orchestrator_adapter.api.hub import Hub
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.settings import Settings, guard_exposure

FREEZE_AFTER_S = 5.0
COLLECT = (10_000, 10, 20)
"""So many more objects before the young are looked through, and so many such looks before the older ones are."""


class Life:
    """The lifespan of one server; with a deck of its own it also decides what becomes of running work."""

    def __init__(
        self, settings: Settings, find: Callable[[], Deck], hub: Hub, packed: Packed, doors: Doors, own_deck: bool
    ) -> None:
        self._settings, self._find, self._hub, self._packed, self._doors = settings, find, hub, packed, doors
        self._own_deck = own_deck

    def __call__(self, _app: Any) -> AbstractAsyncContextManager[dict[str, Any]]:
        return self._run()

    @contextlib.asynccontextmanager
    async def _run(self) -> AsyncIterator[dict[str, Any]]:
        guard_exposure(self._settings)
        # Streamlit turns it on again, and a line for each request costs more than most of the answers
        logging.getLogger("uvicorn.access").disabled = True
        deck = await asyncio.to_thread(self._find)
        if self._own_deck:  # running work stays as it is, to be continued by the next start
            deck.engine.guard_exit()
        await self._hub.start(deck.store)
        self._doors.start(deck)
        if "uvloop" not in sys.modules:
            _no_delay()
        self._packed.warm()
        theme.keep()
        freezing = asyncio.create_task(_freeze())
        try:
            yield {}
        finally:
            freezing.cancel()
            self._packed.stop()
            await asyncio.to_thread(self._doors.close)
            self._hub.close()


async def _freeze() -> None:
    """Keep the collector from stopping all requests for a fifth of a second, every second or two.

    What is loaded stays: it is taken out of every later collection, again after pages have loaded more. And a
    collection begins so late that what a run of a page leaves behind is found among the young, which are few.
    """
    gc.set_threshold(*COLLECT)
    loaded = 0
    while True:
        await asyncio.sleep(FREEZE_AFTER_S)
        if loaded != (loaded := len(sys.modules)):
            gc.collect()
            gc.freeze()


def _no_delay() -> None:
    """Send small answers at once: asyncio does not ask for it on sockets that somebody else has bound."""
    folder = Path("/proc/self/fd")
    for entry in list(folder.iterdir()) if folder.is_dir() else ():
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.fstat(int(entry.name)).st_mode):
                _no_delay_if_listening(int(entry.name))


def _no_delay_if_listening(descriptor: int) -> None:
    with socket.socket(fileno=os.dup(descriptor)) as copy:
        inet = copy.family in (socket.AF_INET, socket.AF_INET6)
        if inet and copy.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            copy.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
