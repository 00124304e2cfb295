"""Which module of the command line holds a command, so that nobody waits for the modules of all the others."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import typer
from typer.exceptions import Abort, Exit, TyperException

from data.domain.errors import FleetError
from orchestrator_adapter.printing import to_its_end

HOMES = {
    "cli_alerts": "alerts alert alert-rules alert-rule alert-backtest",
    "cli_archive": "archive",
    "cli_batch": "order-tasks order-agents",
    "cli_channels": "alert-channels alert-channel alert-channel-test alert-deliveries",
    "cli_connect": "hooks telemetry",
    "cli_control": "cancel pause resume rerun tell approvals approve deny budgets budget-outlook",
    "cli_conversation": "conversation",
    "cli_costs": "costs invoice",
    "cli_estimate": "estimate",
    "cli_export": "export",
    "cli_figures": "figures",
    "cli_files": "files",
    "cli_fleet": "queue limits prioritize",
    "cli_frontier": "frontier",
    "cli_home": "home",
    "cli_logs": "logs diagnose",
    "cli_outcome": "outcome lottery",
    "cli_performance": "performance",
    "cli_replay": "replay",
    "cli_reports": "report-schedules report-schedule report-schedule-send report-deliveries report-preferences",
    "cli_roi": "roi",
    "cli_search": "search reindex",
    "cli_sql": "sql",
    "cli_trends": "trends",
    "cli_what_if": "what-if",
    "cli_workers": "worker workers",
}
"""Modules, and what a person calls to reach each."""
LOOK: dict[str, Any] = {
    "help": "Watch, command and pay for a fleet of agents.",
    "no_args_is_help": True,
    "add_completion": False,
    "pretty_exceptions_enable": False,
}


def part(given: Sequence[str]) -> typer.Typer | None:
    """The command line with only the module in it that holds this command; None if all are needed."""
    module = next((name for name, commands in HOMES.items() if given and given[0] in commands.split()), None)
    if module is None:
        return None
    app = typer.Typer(**LOOK)
    app.callback()(_nothing)
    app.add_typer(import_module(f"orchestrator_adapter.{module}").app)
    return app


def _nothing() -> None:
    """Without it the name of an only command would be taken for its first word."""


def run(app: typer.Typer) -> NoReturn:
    """Run one command; a failure is one sentence on stderr and exit code 1."""
    with to_its_end():
        try:
            code = app(standalone_mode=False)
        except FleetError as refusal:
            code = _fail(str(refusal))
        except TyperException as error:
            code = _fail(error.format_message().replace("Value error, ", ""))  # the word of the library below
        except Exit as ended:
            code = ended.exit_code
        except Abort:
            code = 130
    sys.exit(code if isinstance(code, int) else 0)


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1
