"""Claude Code's settings file: which of its hooks are ours, and how they are put in and taken out again.

Everything else in the file stays as it is, to the byte. Nothing is written before a person has seen the plan.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import re
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from data.domain.errors import HookSettingsRefused
from orchestrator_adapter.ingest import hook_sender, json_text
from orchestrator_adapter.ingest.json_text import Part

PATH = "/api/v1/hooks"
KINDS = (
    "UserPromptSubmit",
    "PreToolUse",
    "PostToolUse",
    "PostToolUseFailure",
    "PermissionRequest",
    "PermissionDenied",
    "Notification",
    "Stop",
    "StopFailure",
    "SubagentStart",
    "SubagentStop",
    "PreCompact",
    "PostCompact",
    "SessionEnd",
)
"""Kinds that are reported over HTTP; none of them changes what the session does."""
AS_COMMAND = "SessionStart"
"""The one kind that Claude Code only tells to a command."""
TIMEOUT_S = 2
BACKUP = ".quarterdeck-backup"
MOST_BYTES = 4 * 2**20
HIDDEN = "TOKEN"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SENT = {"type", "url", "headers", "timeout"}
_SENDER = Path(hook_sender.__file__)


@dataclass(frozen=True)
class Plan:
    """What would become of a settings file."""

    path: Path
    before: str
    after: str
    installed: int
    """How many kinds of hook report here, before anything is changed."""
    secret: str = field(default="", repr=False)

    @property
    def changes(self) -> bool:
        return self.before != self.after

    def difference(self) -> str:
        """The change line by line, without the token."""
        before, after, name = self.before.splitlines(), self.after.splitlines(), str(self.path)
        shown = "\n".join(difflib.unified_diff(before, after, name, name, lineterm="", n=2))
        return shown.replace(self.secret, HIDDEN) if self.secret else shown


def user_file(environment: Mapping[str, str]) -> Path:
    """The settings of all sessions of this person."""
    folder = environment.get("CLAUDE_CONFIG_DIR") or str(Path.home() / ".claude")
    return Path(folder).expanduser() / "settings.json"


def project_file(folder: Path) -> Path:
    """The settings of the sessions in a folder: the file that is not shared, for it will hold a token."""
    return folder / ".claude" / "settings.local.json"


def plan_install(path: Path, url: str, token: str, token_file: Path) -> Plan:
    """Our hooks in the file, at this address. Raises HookSettingsRefused."""
    before = _read(path)
    wanted = _wanted(url, token, token_file)
    mine = _ours(before)
    same = mine == {kind: [group] for kind, group in wanted.items()}
    after = before if same else _with(_without(before), wanted)
    return Plan(path, before, after, len(mine), token)


def plan_remove(path: Path) -> Plan:
    """None of our hooks in the file. Raises HookSettingsRefused."""
    before = _read(path)
    found = _ours(before)
    return Plan(path, before, _without(before) if found else before, len(found), _secret(found))


def hindrance(text: str) -> str:
    """Why our hooks in this file are not run, although they are there; empty if nothing in it keeps them."""
    if not text.strip() or not (mine := _ours(text)):
        return ""
    told = json.loads(text)
    if told.get("disableAllHooks") is True:
        return '"disableAllHooks" in this file keeps all hooks from being run.'
    allowed = told.get("allowedHttpHookUrls")
    hooks = [hook for groups in mine.values() for group in groups for hook in _hooks_of(group) if _is_ours(hook)]
    for url in (str(hook["url"]) for hook in hooks if hook.get("type") == "http"):
        if isinstance(allowed, list) and not any(_matches(url, str(pattern)) for pattern in allowed):
            return f'"allowedHttpHookUrls" in this file does not allow {url}; add it there.'
    return ""


def _matches(url: str, pattern: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), url) is not None


def carry_out(plan: Plan) -> Path | None:
    """Write the file as planned, in one move; the copy of what it was before, if there was one.

    Raises HookSettingsRefused if it is no longer the file that the plan was made for.
    """
    path = plan.path.resolve()  # a link into somebody's own collection stays a link
    if _read(path) != plan.before:
        raise HookSettingsRefused(f"{plan.path} was changed in this moment; look at it and try again.", field="scope")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o600
        backup = None
        if path.exists():
            backup = path.with_name(path.name + BACKUP)
            _write(backup, plan.before, mode & 0o700)
        # it holds a token now: nobody else on this machine may read it
        _write(path, plan.after, mode & 0o700)
    except OSError as error:
        raise HookSettingsRefused(f"{plan.path} cannot be written: {error.strerror}.", field="scope") from error
    return backup


def _write(path: Path, text: str, mode: int) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _read(path: Path) -> str:
    """The text of the file, empty if there is none; raises HookSettingsRefused for one that is not whole."""
    try:
        with path.open("rb") as file:
            found = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise HookSettingsRefused(f"{path} cannot be read: {error.strerror}.", field="scope") from error
    if len(found) > MOST_BYTES:
        raise HookSettingsRefused(f"{path} is larger than {MOST_BYTES // 2**20} MiB.", field="scope")
    try:
        text = found.decode("utf-8")
        _check(text)
    except (ValueError, RecursionError) as error:
        raise HookSettingsRefused(f"{path} is not whole and valid JSON, so it stays as it is: {error}.") from error
    return text


def _check(text: str) -> None:
    if not text.strip():
        return
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("it does not hold one object")
    hooks = value.get("hooks", {})
    if not isinstance(hooks, dict) or not all(isinstance(groups, list) for groups in hooks.values()):
        raise ValueError('its "hooks" do not have the shape that Claude Code knows')


def _wanted(url: str, token: str, token_file: Path) -> dict[str, dict[str, Any]]:
    """One group of hooks for each kind."""
    address = url.rstrip("/") + PATH
    sent = {"type": "http", "url": address, "headers": {"Authorization": f"Bearer {token}"}, "timeout": TIMEOUT_S}
    words = " ".join(_quoted(word) for word in (sys.executable, "-I", "-S", _SENDER, address, token_file))
    run = {"type": "command", "command": f"{words} >/dev/null 2>&1 || true", "async": True, "timeout": TIMEOUT_S}
    return {AS_COMMAND: {"hooks": [run]}} | {kind: {"hooks": [sent]} for kind in KINDS}


def _quoted(word: object) -> str:
    return "'" + str(word).replace("'", "'\\''") + "'"


def _is_ours(hook: object) -> bool:
    if not isinstance(hook, dict):
        return False
    if hook.get("type") == "http":
        address = urlsplit(str(hook.get("url")))
        # another program may have the same path on another machine; ours is there only with all that we write
        return address.path == PATH and (address.hostname in LOOPBACK or hook.keys() == _SENT)
    return hook.get("type") == "command" and _SENDER.name in str(hook.get("command"))


def _groups(text: str) -> Iterable[tuple[Part, list[Part]]]:
    """Each kind of hook in the file, with its groups."""
    if not text.strip():
        return []
    hooks = json_text.member(text, _top(text), "hooks")
    if hooks is None:
        return []
    return [(kind, json_text.parts(text, kind.value_start)[0]) for kind in json_text.parts(text, hooks.value_start)[0]]


def _top(text: str) -> int:
    return text.index("{")


def _hooks_of(group: object) -> list[Any]:
    found = group.get("hooks") if isinstance(group, dict) else None
    return found if isinstance(found, list) else []


def _ours(text: str) -> dict[str, list[Any]]:
    """The groups with a hook of ours, by kind."""
    found: dict[str, list[Any]] = {}
    for kind, groups in _groups(text):
        mine = [group.value for group in groups if any(map(_is_ours, _hooks_of(group.value)))]
        if mine:
            found[kind.key] = mine
    return found


def _secret(found: Mapping[str, list[Any]]) -> str:
    for group in (group for groups in found.values() for group in groups):
        for hook in _hooks_of(group):
            headers = hook.get("headers") if _is_ours(hook) else None
            if isinstance(headers, dict):
                return str(headers.get("Authorization", "")).removeprefix("Bearer ")
    return ""


def _without(text: str) -> str:
    """The text without our hooks, and without the lists that held nothing else."""
    while (place := next(_places(text), None)) is not None:
        text = json_text.without(text, *place)
    return text


def _places(text: str) -> Iterator[tuple[int, list[Part]]]:
    """Where the next thing to take out lies, and what it is: a hook of a mixed group, a group, a kind, or all."""
    kinds = list(_groups(text))
    hooks = json_text.member(text, _top(text), "hooks") if kinds else None
    for kind, groups in kinds:
        for group in groups:
            of_group = _hooks_of(group.value)
            mine = [hook for hook in of_group if _is_ours(hook)]
            if not mine:
                continue
            if len(mine) < len(of_group):
                inner = json_text.member(text, group.value_start, "hooks")
                assert inner is not None
                items = json_text.parts(text, inner.value_start)[0]
                yield inner.value_start, [item for item in items if _is_ours(item.value)]
            elif len(groups) > 1:
                yield kind.value_start, [group]
            elif len(kinds) > 1:
                assert hooks is not None
                yield hooks.value_start, [kind]
            else:
                assert hooks is not None
                yield _top(text), [hooks]


def _with(text: str, wanted: Mapping[str, dict[str, Any]]) -> str:
    """The text with one group more for each kind."""
    if not text.strip():
        text = "{}\n"
    if json_text.member(text, _top(text), "hooks") is None:
        return json_text.added(text, _top(text), {kind: [group] for kind, group in wanted.items()}, "hooks")
    for kind, group in wanted.items():
        hooks = json_text.member(text, _top(text), "hooks")
        assert hooks is not None
        known = json_text.member(text, hooks.value_start, kind)
        if known is None:
            text = json_text.added(text, hooks.value_start, [group], kind)
        else:
            text = json_text.added(text, known.value_start, group)
    return text
