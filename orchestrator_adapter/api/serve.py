"""Runs the server in this process: everything that can be refused is refused before the first request."""

from __future__ import annotations

import errno
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import uvicorn

from data.domain.errors import PortTaken, SettingInvalid
from orchestrator_adapter import deck as decks
from orchestrator_adapter.settings import Settings, guard_exposure

ROOT = Path(__file__).parents[2]
"""Where streamlit_app.py, its pages and .streamlit lie."""
MAX_SOCKET_MESSAGE = 200 * 1024 * 1024
"""What Streamlit allows on its own socket."""
GRACE_S = 1


def bound(host: str, port: int) -> socket.socket:
    """A listening socket; raises PortTaken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(f"Port {port} on {host} is taken by another program; choose one with --port.") from error
        raise SettingInvalid(f"Cannot serve on {host}:{port}: {error.strerror}.", host=host, port=port) from error
    return listener


def address(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def serve(settings: Settings, say: Callable[[str], None]) -> None:
    """Serve until a signal comes.

    Raises ExposedWithoutSignIn, PortTaken, StoreUnavailable or StoreNewer; then nothing runs.
    """
    guard_exposure(settings)
    listener = bound(settings.host, settings.port)
    with listener:
        settings = replace(settings, port=listener.getsockname()[1])
        _tell_environment(settings)
        decks.current()
        say(f"Quarterdeck is at {address(settings.host, settings.port)}")
        config = uvicorn.Config(
            "streamlit_app:app",
            log_level="warning",
            access_log=False,
            server_header=False,
            ws_max_size=MAX_SOCKET_MESSAGE,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=GRACE_S,
        )
        server = uvicorn.Server(config)
        # uvicorn stops in good order, and then raises the signal once more: that one must not kill us
        signal.signal(signal.SIGTERM, lambda _number, _frame: None)
        server.run(sockets=[listener])
    if not server.started:
        sys.exit(1)


def _tell_environment(settings: Settings) -> None:
    """The app and its pages read the same settings again, from the environment and whatever folder they run in."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    os.environ.setdefault("STREAMLIT_LOGGER_LEVEL", "warning")
    os.environ["QUARTERDECK_HOME"] = str(settings.home)
    os.environ["QUARTERDECK_HOST"] = settings.host
    os.environ["QUARTERDECK_PORT"] = str(settings.port)
