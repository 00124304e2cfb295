"""Real servers and a real Chromium for the browser tests."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
PROBES = re.compile(r"/[^/]+/_stcore/(health|host-config)$")
"""Streamlit's own way to find out under which path it is served: asked once too often on purpose."""


@dataclass
class Server:
    """One Quarterdeck in a process of its own."""

    home: Path
    port: int = 0
    process: subprocess.Popen[str] | None = None
    more: dict[str, str] = field(default_factory=dict)
    """Further variables of its environment."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns when it says where it can be reached; a second start uses the same port."""
        env = {k: v for k, v in os.environ.items() if not k.startswith(("QUARTERDECK_", "ANTHROPIC_", "CLAUDE_"))}
        env.pop("DATABASE_URL", None)
        env |= {"QUARTERDECK_HOME": str(self.home), "QUARTERDECK_WORKDIRS": str(self.home.parent)} | self.more
        command = [sys.executable, "-m", "orchestrator_adapter", "serve", "--port", str(self.port)]
        with (self.home.parent / "server.log").open("a") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                self.port = int(found[1])
                return
        raise AssertionError("the server ended: " + (self.home.parent / "server.log").read_text()[-2000:])

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.communicate(timeout=20)
            self.process = None


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with an empty store, shared by the tests of a file."""
    home = tmp_path_factory.mktemp("browser") / "home"
    home.mkdir()
    started = Server(home)
    started.start()
    yield started
    started.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=20_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@dataclass
class Tab:
    """A page of the browser, and everything it complained of."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def heard(self, message: ConsoleMessage) -> None:
        address = str(message.location.get("url", ""))
        if message.type == "error" and not PROBES.search(address):
            self.complaints.append(f"{message.text} ({address})")


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages; in the end none of them may have complained in its console (a breach of the policy is one)."""
    opened: list[Tab] = []

    def new(width: int = 1440, height: int = 900, scheme: str = "light") -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,  # type: ignore[arg-type]
            reduced_motion="reduce",
        )
        context.set_default_timeout(30_000)
        made = Tab(context.new_page())
        made.page.on("console", made.heard)
        made.page.on("pageerror", lambda error: made.complaints.append(str(error)))
        opened.append(made)
        return made.page

    new.forgive = lambda: [made.complaints.clear() for made in opened]  # type: ignore[attr-defined]
    yield new
    for made in opened:
        made.page.context.close()
    assert [made.complaints for made in opened if made.complaints] == []
