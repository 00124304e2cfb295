"""What people do so that programs outside of this one report here: hooks, and the token that admits them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from data.domain.errors import InvalidField
from data.store.observed import Received
from orchestrator_adapter.access import Actor, require
from orchestrator_adapter.deck import Deck
from orchestrator_adapter.ingest import hook_settings
from orchestrator_adapter.ingest.hook_settings import Plan
from orchestrator_adapter.ingest.token import Token
from orchestrator_adapter.settings import LOOPBACK

LATELY = timedelta(minutes=10)


class HookScope(StrEnum):
    """Whose sessions report here."""

    USER = "user"
    """All sessions of the person whose account runs this."""
    PROJECT = "project"
    """Sessions in one folder."""


@dataclass(frozen=True)
class Done:
    """What was planned, and whether it was carried out."""

    plan: Plan
    carried_out: bool
    backup: Path | None = None


@dataclass(frozen=True)
class Installed:
    """Our hooks in the settings of all sessions of this person."""

    file: Path
    number: int
    """Kinds of hook that report here."""
    wanted: int
    """Kinds that do when all is well."""
    hindrance: str = ""
    """Why they are not run although they are installed."""


@dataclass(frozen=True)
class Connections:
    """How programs outside report here."""

    address: str
    hooks: Installed
    open_sessions: int
    """Sessions that told something in the last minutes."""
    received: list[Received]


def connections(deck: Deck) -> Connections:
    """How things stand; a question, so everybody may ask it. Raises HookSettingsRefused for a broken settings file."""
    with deck.store.read() as board:
        received, lately = board.observed_received(), board.observed_open(LATELY, deck.store.now())
    return Connections(address(deck), installed(deck), lately, received)


def installed(deck: Deck) -> Installed:
    """Raises HookSettingsRefused for a broken settings file."""
    path = settings_file(deck, HookScope.USER)
    plan = hook_settings.plan_remove(path)
    return Installed(path, plan.installed, len(hook_settings.KINDS) + 1, hook_settings.hindrance(plan.before))


def address(deck: Deck) -> str:
    """Where this server is reached from its own machine."""
    host = deck.settings.host if deck.settings.host in LOOPBACK else "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{deck.settings.port}"


def settings_file(deck: Deck, scope: HookScope, folder: Path | None = None) -> Path:
    """The file of Claude Code that a scope stands for."""
    if scope is HookScope.USER:
        return hook_settings.user_file(deck.settings.environment)
    if folder is None or not folder.is_dir():
        raise InvalidField("folder must name the folder of a project that is there.", field="folder")
    return hook_settings.project_file(folder.absolute())


def install_hooks(
    deck: Deck,
    actor: Actor,
    scope: HookScope,
    *,
    folder: Path | None = None,
    url: str | None = None,
    planned: Plan | None = None,
) -> Done:
    """Have Claude Code's sessions report here. Without the plan that a person has seen, only the plan is made.

    Raises HookSettingsRefused if the file cannot be changed safely, or is no longer as it was planned for.
    """
    require(actor, "install_hooks")
    token = Token(deck.settings.home)
    path = settings_file(deck, scope, folder)
    plan = hook_settings.plan_install(path, _checked(url or address(deck)), token.get(), token.path)
    return _done(plan, planned)


def remove_hooks(
    deck: Deck, actor: Actor, scope: HookScope, *, folder: Path | None = None, planned: Plan | None = None
) -> Done:
    """Take exactly our hooks out again. Without the plan that a person has seen, only the plan is made."""
    require(actor, "remove_hooks")
    return _done(hook_settings.plan_remove(settings_file(deck, scope, folder)), planned)


def reveal_token(deck: Deck, actor: Actor) -> str:
    """The token that programs send; made if there is none."""
    require(actor, "reveal_token")
    return Token(deck.settings.home).get()


def renew_token(deck: Deck, actor: Actor) -> str:
    """Another token: whoever has the old one is refused, and hooks have to be installed again."""
    require(actor, "renew_token")
    return Token(deck.settings.home).renew()


def _done(plan: Plan, planned: Plan | None) -> Done:
    if planned is None or not plan.changes:
        return Done(plan, carried_out=False)
    return Done(planned, carried_out=True, backup=hook_settings.carry_out(planned))


def _checked(url: str) -> str:
    if not url.startswith("http://") or any(mark in url for mark in " '\"<>\\"):
        raise InvalidField("url must be like http://127.0.0.1:8501.", field="url")
    return url
