"""A real session of the command line that nobody here started is seen by its hooks and telemetry, at its true cost."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import claude_agent_sdk
import httpx
import pytest

from orchestrator_adapter.ingest import connect_words
from orchestrator_adapter.ingest.hook_settings import carry_out, plan_install, user_file
from orchestrator_adapter.ingest.token import Token
from orchestrator_adapter.runners.demo.server import ModelServer
from tests.api.conftest import Server, Start, start_server  # noqa: F401
from tests.runners.real_agents import FOREIGN, bash, needs_cli

pytestmark = needs_cli
CLI = Path(claude_agent_sdk.__file__).parent / "_bundled" / "claude"
SCRIPT = (
    {
        "text": "I write it down.",
        "tools": [{"name": "Write", "input": {"file_path": "{cwd}/notes.txt", "content": "a\nb\n"}}],
    },
    bash("cat notes.txt"),
    {"text": "It is written down."},
)
"""What the model says."""


@pytest.fixture
def model() -> Iterator[ModelServer]:
    server = ModelServer(0, lambda _scenario, _part: SCRIPT).start()
    yield server
    server.stop()


def session(home: Path, model: ModelServer, **more: str) -> dict[str, Any]:
    """One run of the command line by itself; what it says at its end."""
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN and not name.startswith("OTEL_")}
    own = {"CLAUDE_CONFIG_DIR": str(home / "config"), "HOME": str(home), "NO_PROXY": "127.0.0.1"}
    quiet = {"DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_TELEMETRY": "1"}
    service = {"ANTHROPIC_BASE_URL": model.url, "ANTHROPIC_API_KEY": "sk-ant-dummy-of-the-tests"}
    work = home / "work"
    work.mkdir(parents=True, exist_ok=True)
    command = [str(CLI), "-p", "Write a note. [[scenario:note.builder]]", "--output-format", "json"]
    command += ["--model", "claude-sonnet-5-5", "--permission-mode", "acceptEdits", "--allowedTools", "Bash"]
    ran = subprocess.run(
        command,
        cwd=work,
        env=kept | own | quiet | service | more,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr + ran.stdout
    return json.loads(ran.stdout)


def found(server: Server, session_id: str) -> dict[str, Any]:
    items = httpx.get(f"{server.url}/api/v1/tasks", params={"runtime": "attached"}).json()["items"]
    return next((one for one in items if one["id"] == session_id.replace("-", "")), {})


@pytest.fixture(scope="module")
def watching(start_server: Start, tmp_path_factory: pytest.TempPathFactory) -> tuple[Server, Token]:  # noqa: F811
    home = tmp_path_factory.mktemp("quarterdeck")
    return start_server(home), Token(home)


@pytest.mark.parametrize("ways", [("hooks",), ("telemetry",), ("hooks", "telemetry")], ids="+".join)
def test_a_session_is_seen_with_the_cost_that_it_says_itself(
    ways: tuple[str, ...],
    watching: tuple[Server, Token],
    tmp_path: Path,
    model: ModelServer,
    eventually: Callable[..., None],
) -> None:
    server, token = watching
    settings = user_file({"CLAUDE_CONFIG_DIR": str(tmp_path / "config")})
    if "hooks" in ways:
        carry_out(plan_install(settings, server.url, token.get(), token.path))
    more = connect_words.environment(server.url, token.get()) if "telemetry" in ways else {}
    said = session(tmp_path, model, **more)
    mine, cost = said["session_id"], pytest.approx(said["total_cost_usd"], abs=1e-6)
    eventually(lambda: found(server, mine).get("cost_usd") == cost, within=20)
    eventually(lambda: found(server, mine).get("reported_cost_usd") == cost, within=20)
    seen = found(server, mine)
    agent = httpx.get(f"{server.url}/api/v1/agents", params={"task_id": seen["id"]}).json()["items"][0]
    assert (agent["model"], agent["tool_calls"]) == ("claude-sonnet-5-5", 2)
    if "hooks" in ways:
        eventually(lambda: found(server, mine)["status"] == "completed")
        assert seen["description"].startswith("Write a note.")
        assert agent["files"]["created"] == ["notes.txt"]
        kinds = {one["name"] for one in httpx.get(f"{server.url}/api/v1/connections").json()["received"]}
        assert {"SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "Stop", "SessionEnd"} <= kinds
