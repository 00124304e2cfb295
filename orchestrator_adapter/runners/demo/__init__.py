"""The demo: the real SDK and command line against a scripted model service on this machine; nothing is spent."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from data.domain.events import MessageMetered
from orchestrator_adapter.runners import Job, transcript
from orchestrator_adapter.runners.demo.scenarios import PLAN, Scenario, prepare, scenarios, tag
from orchestrator_adapter.runners.demo.server import ModelServer
from orchestrator_adapter.runners.thread import Run

if TYPE_CHECKING:
    from orchestrator_adapter.runners.claude import ClaudeRunner

__all__ = ["MODEL", "DemoRunner", "Scenario", "prepare", "scenarios"]

MODEL = "claude-sonnet-5-5"
"""The model whose prices the demo's simulated money follows."""
KEY = "sk-ant-demo-key-that-opens-nothing"
FOREIGN = ("ANTHROPIC_", "CLAUDE_", "AWS_", "GOOGLE_", "VERTEX_", "AZURE_", "OTEL_", "HTTP_PROXY", "HTTPS_PROXY")
"""Variables of this process that could lead a demo agent to a real account; also in lower case."""

_lock = threading.Lock()
_servers: dict[float, ModelServer] = {}


def _server(pace: float) -> ModelServer:
    with _lock:
        if pace not in _servers:
            _servers[pace] = ModelServer(pace).start()
        return _servers[pace]


class DemoRunner:
    """Runs a job as a real agent process that a script answers."""

    def __init__(self, home: Path, pace: float = 1.0, *, cli_path: str | None = None) -> None:
        """`pace`: 1 is made for watching, 0 does not wait at all."""
        self._home = home.resolve()
        self._pace = pace
        self._cli_path = cli_path

    def run(self, job: Job) -> Run:
        folder = job.working_directory
        if folder.is_dir() and not any(folder.iterdir()):
            prepare(job.scenario or "", folder)
        part = PLAN if PLAN in (job.step, job.scenario) else job.role.value
        played = tag(None if job.scenario == PLAN else job.scenario, part, folder)
        tagged = replace(
            job,
            prompt=f"{job.prompt}\n\n{played}",
            resume_prompt=f"{job.resume_prompt}\n\n{played}",
            model=job.model or MODEL,
        )
        return self._runner().run(tagged)

    def replies(self, session_id: str, task_id: str, agent_id: str) -> list[MessageMetered]:
        return transcript.replies(self._home / "demo" / "config", session_id, task_id, agent_id)

    def _runner(self) -> ClaudeRunner:
        from orchestrator_adapter.runners.claude import ClaudeRunner  # whoever only names a story needs no SDK

        own = self._home / "demo"
        for folder in (own / "home", own / "config"):
            folder.mkdir(parents=True, exist_ok=True)
        environment = {
            "ANTHROPIC_BASE_URL": _server(self._pace).url,
            "ANTHROPIC_API_KEY": KEY,
            "CLAUDE_CONFIG_DIR": str(own / "config"),
            "HOME": str(own / "home"),
            # The builder's edit keeps size and second of calc.py: compiled files would hide it from the tester.
            "PYTHONDONTWRITEBYTECODE": "1",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }
        unset = {name for name in os.environ if name.upper().startswith(FOREIGN)} - environment.keys()
        return ClaudeRunner(environment, cli_path=self._cli_path, pids=self._home / "pids", unset=unset)
