"""A connection that breaks in the very moment of a commit: what was written is not written once more."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from data.domain.errors import StoreUnavailable
from data.domain.events import AlertJudged, AlertRaised
from data.store import Ledger, Store
from orchestrator_adapter.engine.pen import Pen, pauses

COMMIT = b"COMMIT"


class Cable:
    """Between a store and its server; can be cut after the next commit has gone out, or before."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.cut: str | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = self._listener.accept()
                there = socket.create_connection(("127.0.0.1", self._port))
                threading.Thread(target=self._carry, args=(here, there, True), daemon=True).start()
                threading.Thread(target=self._carry, args=(there, here, False), daemon=True).start()

    def _carry(self, from_: socket.socket, to: socket.socket, outward: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := from_.recv(1 << 16):
                if outward and self.cut and COMMIT in piece:
                    self._cut(from_, to, piece)
                    return
                to.sendall(piece)
        for end in (from_, to):
            end.close()

    def _cut(self, client: socket.socket, server: socket.socket, piece: bytes) -> None:
        when, self.cut = self.cut, None
        client.shutdown(socket.SHUT_RDWR)
        client.close()
        if when == "after":
            server.sendall(piece)
            server.recv(1)  # it has committed
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def cable(store_url: str) -> Iterator[Cable]:
    laid = Cable(sa.make_url(store_url).port or 0)
    yield laid
    laid.close()


@pytest.fixture
def far(store_url: str, cable: Cable) -> Iterator[Store]:
    url = sa.make_url(store_url).set(port=cable.port)
    store = Store.open(url.render_as_string(hide_password=False))
    yield store
    store.close()


def raise_alert(ledger: Ledger) -> int | None:
    ledger.append(AlertRaised(task_id="", alert_id="a1", about="stuck", words="Look!"))
    return ledger.append(AlertJudged(task_id="", alert_id="a1", right=True, by="me"))


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_commit_in_doubt_is_written_once(store: Store, far: Store, cable: Cable, when: str) -> None:
    cable.cut = when
    with pytest.raises(StoreUnavailable), far.write() as ledger:
        ledger.append(AlertRaised(task_id="", alert_id=when, about="stuck", words="In doubt"))
    with store.read() as board:
        assert len(board.events()) == (when == "after"), "the cable cuts where it says"
    cable.cut = when
    number = asyncio.run(Pen(far).write(raise_alert))
    with store.read() as board:
        found = [entry for entry in board.events() if entry.event.alert_id == "a1"]  # type: ignore[union-attr]
    assert [entry.event.kind for entry in found] == ["alert_raised", "alert_judged"]
    assert found[-1].id == number


def test_the_pauses_double_up_to_eight_seconds() -> None:
    waits = pauses()
    assert [next(waits) for _ in range(6)] == [1, 2, 4, 8, 8, 8]


def test_a_pen_that_is_closed_waits_no_more(lite: Store) -> None:
    pen = Pen(lite)

    def away(_ledger: Ledger) -> None:
        pen.close()
        raise StoreUnavailable

    with pytest.raises(StoreUnavailable):
        asyncio.run(pen.write(away))
