"""The commands by which a person at a terminal lets sessions of Claude Code report here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from data.domain import words
from orchestrator_adapter import commands_connect
from orchestrator_adapter.access import LOCAL
from orchestrator_adapter.api import shapes_connect
from orchestrator_adapter.commands_connect import Done, HookScope
from orchestrator_adapter.ingest import connect_words, hook_settings
from orchestrator_adapter.terminal import AsJson, client, print_json, print_table

app = typer.Typer()
hooks = typer.Typer(help="Let Claude Code's sessions on this machine report here.", no_args_is_help=True)
app.add_typer(hooks, name="hooks")

Scope = Annotated[HookScope, typer.Option(help="All your sessions, or those in one folder")]
Folder = Annotated[Path | None, typer.Option("--dir", help="The project's folder; default is this one")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking")]


@hooks.command()
def install(
    scope: Scope = HookScope.USER,
    folder: Folder = None,
    url: Annotated[str | None, typer.Option(help="Where this server is reached")] = None,
    yes: Yes = False,
) -> None:
    """Show what would be put into the settings file, and do it if you agree."""
    with client() as deck:
        folder = _folder(scope, folder)
        shown = commands_connect.install_hooks(deck, LOCAL, scope, folder=folder, url=url)
        if _agreed(shown, "These hooks send prompts, tool calls and their answers to the address shown.", yes):
            done = commands_connect.install_hooks(deck, LOCAL, scope, folder=folder, url=url, planned=shown.plan)
            _tell(done, "Installed: sessions that start from now on are seen here")


@hooks.command()
def remove(scope: Scope = HookScope.USER, folder: Folder = None, yes: Yes = False) -> None:
    """Show what would be taken out of the settings file, and do it if you agree."""
    with client() as deck:
        folder = _folder(scope, folder)
        shown = commands_connect.remove_hooks(deck, LOCAL, scope, folder=folder)
        if _agreed(shown, "Everything else in the file stays as it is.", yes):
            done = commands_connect.remove_hooks(deck, LOCAL, scope, folder=folder, planned=shown.plan)
            _tell(done, "Removed: no session reports here any more by this file")


@hooks.command()
def status(as_json: AsJson = False) -> None:
    """Say what is installed, and what was received."""
    with client() as deck:
        found, now = commands_connect.connections(deck), deck.store.now()
    if as_json:
        print_json(shapes_connect.connections(found))
        return
    here = found.hooks
    print(f"{here.file}: {here.number} of {words.count(here.wanted, 'kind')} of hook installed.")
    if here.hindrance:
        print(f"They are not run: {here.hindrance}")
    if not found.received:
        print("Nothing was received yet.")
        return
    rows = [[one.source, one.name, f"{one.number:,}", words.ago(one.last, now)] for one in found.received]
    print_table(["by", "what", "received", "last"], rows)


@app.command()
def telemetry(
    renew: Annotated[bool, typer.Option("--renew", help="Make another token; the old one is refused")] = False,
) -> None:
    """Print what to set so that Claude Code's own telemetry comes here, the token included."""
    with client() as deck:
        token = commands_connect.renew_token(deck, LOCAL) if renew else commands_connect.reveal_token(deck, LOCAL)
        print(connect_words.exports(commands_connect.address(deck), token))


def _folder(scope: HookScope, folder: Path | None) -> Path | None:
    return folder or (Path.cwd() if scope is HookScope.PROJECT else None)


def _agreed(shown: Done, about: str, yes: bool) -> bool:
    if not shown.plan.changes:
        print(f"{shown.plan.path}: nothing to change.")
        return False
    print(shown.plan.difference())
    print(f"\n{about} Only you will be able to read the file.")
    return yes or typer.confirm("Change the file?")


def _tell(done: Done, what: str) -> None:
    kept = f" What it was before lies in {done.backup}." if done.backup else ""
    print(f"{what} ({done.plan.path}).{kept}")
    if hindrance := hook_settings.hindrance(done.plan.after):
        print(f"They are not run yet: {hindrance}")
