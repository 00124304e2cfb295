"""All settings, read once from the environment into one frozen object."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from data.domain.agents import Runtime
from data.domain.errors import ExposedWithoutSignIn, SettingInvalid

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
AUTHS = frozenset({"none", "local", "oidc"})
INTERVALS_MS = {"agents": 500, "costs": 250, "task": 100, "list": 1000}
"""Least time between two pushes of one kind of data, in milliseconds."""

KNOWN = (
    "QUARTERDECK_HOME",
    "QUARTERDECK_AUTH",
    "QUARTERDECK_WORKDIRS",
    "QUARTERDECK_RUNTIME",
    "QUARTERDECK_MAX_AGENTS",
    "QUARTERDECK_HOST",
    "QUARTERDECK_PORT",
    "QUARTERDECK_INTERVALS",
    "QUARTERDECK_ORIGINS",
)


@dataclass(frozen=True)
class Settings:
    """How this server runs; see docs/settings.md."""

    home: Path
    database_url: str
    auth: str = "none"
    workdirs: tuple[Path, ...] = ()
    runtime: Runtime | None = None
    """None: `claude` if it can run here, else a person has to choose."""
    max_agents: int = 4
    host: str = "127.0.0.1"
    port: int = 8501
    intervals_ms: Mapping[str, int] = field(default_factory=lambda: dict(INTERVALS_MS))
    origins: tuple[str, ...] = ()
    """Other sites whose pages may call the API, for example https://tools.example.com."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """ANTHROPIC_* and CLAUDE_* variables, passed to agents untouched."""

    @property
    def address(self) -> str:
        """Where the pages are reached from this machine; empty while the port is not known."""
        host = self.host if self.host in LOOPBACK else "127.0.0.1"
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}" if self.port else ""

    @property
    def logs(self) -> Path:
        return self.home / "agent_logs"

    @property
    def engine_url(self) -> str:
        """Where the workflow engine keeps its own tables."""
        if self.database_url.startswith("sqlite"):
            return f"sqlite:///{self.home / 'engine.sqlite'}"
        return self.database_url


def make_home(settings: Settings) -> None:
    """The home folder, if it is not there yet; raises SettingInvalid if it cannot be made or written."""
    home, wanted = settings.home, "set QUARTERDECK_HOME to a folder that this user may write"
    try:
        home.mkdir(parents=True, exist_ok=True)
        why = None if os.access(home, os.W_OK | os.X_OK) else "is not writable"
    except OSError as error:
        why = f"cannot be made ({error.strerror})"
    if why:
        raise SettingInvalid(f"The home {home} {why}: {wanted}.", field="QUARTERDECK_HOME")


def _number(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = env.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise SettingInvalid(f"{name} must be a whole number from {low} to {high}, not {text!r}.", field=name)
    return int(text)


def _choice(env: Mapping[str, str], name: str, choices: frozenset[str], default: str) -> str:
    text = env.get(name, default)
    if text not in choices:
        raise SettingInvalid(f"{name} must be one of {', '.join(sorted(choices))}, not {text!r}.", field=name)
    return text


def _intervals(text: str) -> dict[str, int]:
    """`agents=500,costs=250` in milliseconds, over the defaults."""
    out = dict(INTERVALS_MS)
    for part in filter(None, text.split(",")):
        name, _, value = part.partition("=")
        if name.strip() not in out or not value.strip().isdigit() or int(value) > 60_000:
            raise SettingInvalid(
                f"QUARTERDECK_INTERVALS takes NAME=MS (to 60000), NAME one of {', '.join(out)}; not {part!r}.",
                field="QUARTERDECK_INTERVALS",
            )
        out[name.strip()] = int(value)
    return out


def read(env: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment; one clear sentence for the first one that is not valid."""
    env = os.environ if env is None else env
    unknown = sorted(name for name in env if name.startswith("QUARTERDECK_") and name not in KNOWN)
    if unknown:
        raise SettingInvalid(f"Unknown setting {unknown[0]}. Known are {', '.join(KNOWN)}.", field=unknown[0])
    home = Path(env.get("QUARTERDECK_HOME") or "var").expanduser().resolve()
    runtimes = frozenset({Runtime.CLAUDE.value, Runtime.DEMO.value, Runtime.SCRIPTED.value})
    runtime = _choice(env, "QUARTERDECK_RUNTIME", runtimes | {""}, "")
    roots = env.get("QUARTERDECK_WORKDIRS") or str(Path.home())
    return Settings(
        home=home,
        database_url=env.get("DATABASE_URL") or f"sqlite:///{home / 'quarterdeck.sqlite'}",
        auth=_choice(env, "QUARTERDECK_AUTH", AUTHS, "none"),
        workdirs=tuple(Path(p).expanduser().resolve() for p in roots.split(":") if p),
        runtime=Runtime(runtime) if runtime else None,
        max_agents=_number(env, "QUARTERDECK_MAX_AGENTS", 2 * (os.cpu_count() or 1), 1, 1000),
        host=env.get("QUARTERDECK_HOST", "127.0.0.1"),
        port=_number(env, "QUARTERDECK_PORT", 8501, 0, 65535),
        intervals_ms=_intervals(env.get("QUARTERDECK_INTERVALS", "")),
        origins=tuple(o.strip().rstrip("/") for o in env.get("QUARTERDECK_ORIGINS", "").split(",") if o.strip()),
        environment={k: v for k, v in env.items() if k.startswith(("ANTHROPIC_", "CLAUDE_"))},
    )


def guard_exposure(settings: Settings) -> None:
    """Refuse to serve beyond this machine without sign-in."""
    if settings.host not in LOOPBACK and settings.auth == "none":
        raise ExposedWithoutSignIn(
            f"Serving on {settings.host} needs sign-in: set QUARTERDECK_AUTH to local or oidc, or serve on 127.0.0.1.",
            host=settings.host,
        )
    if settings.auth != "none":
        raise SettingInvalid(
            f"QUARTERDECK_AUTH={settings.auth} is not available in this version; serve on 127.0.0.1 with none.",
            field="QUARTERDECK_AUTH",
        )
