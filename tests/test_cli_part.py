"""A command loads its own module of the command line, and nothing that only others need."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from typer.main import get_command

from orchestrator_adapter import cli, cli_part
from tests.terminal import ROOT, environment

LOADED = """
import sys
from orchestrator_adapter import cli_part
app = cli_part.part(sys.argv[1:])
try:
    cli_part.run(app)
finally:
    print(*sys.modules, file=sys.stderr)
"""
HEAVY = {"claude_agent_sdk", "mcp", "pandas", "duckdb", "streamlit", "uvicorn", "fpdf", "orchestrator_adapter.cli"}


def test_every_module_holds_the_commands_it_is_said_to_hold():
    for module, commands in cli_part.HOMES.items():
        app = import_module(f"orchestrator_adapter.{module}").app
        held = [one.name or one.callback.__name__.replace("_", "-") for one in app.registered_commands]
        held += [group.name for group in app.registered_groups]
        assert sorted(held) == sorted(commands.split()), module
    modules = {path.stem for path in Path(cli_part.__file__).parent.glob("cli_*.py")}
    others = {name for name in modules if hasattr(import_module(f"orchestrator_adapter.{name}"), "app")}
    assert others - cli_part.HOMES.keys() == {"cli_import", "cli_import_logs"}


def test_a_part_knows_its_commands_as_the_whole_does():
    whole = get_command(cli.app).commands
    for name in " ".join(cli_part.HOMES.values()).split():
        part = cli_part.part([name])
        assert part is not None
        assert [p.opts for p in get_command(part).commands[name].params] == [p.opts for p in whole[name].params]
    assert [cli_part.part(words) for words in ([], ["--help"], ["serve"], ["submit", "x"], ["nothing"])] == [None] * 5


@pytest.mark.parametrize("words", [("cancel", "nobody"), ("queue", "--json"), ("approvals", "--json")])
def test_what_only_other_commands_need_is_not_loaded(words: tuple[str, ...], tmp_path: Path):
    line = [sys.executable, "-c", LOADED, *words]
    done = subprocess.run(line, cwd=ROOT, env=environment(tmp_path), capture_output=True, text=True, timeout=100)
    loaded = set(done.stderr.splitlines()[-1].split())
    assert "data.store" in loaded
    assert loaded & HEAVY == set()
