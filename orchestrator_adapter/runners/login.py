"""Whether this machine has a login to Claude at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

LOGINS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")
CLOUDS = ("CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX")


def no_login(environment: Mapping[str, str]) -> str | None:
    """None if there is a key, a token or a login on this machine; whether it is right only a run can tell."""
    if any(environment.get(name) for name in LOGINS + CLOUDS):
        return None
    folder = Path(environment.get("CLAUDE_CONFIG_DIR") or Path.home() / ".claude")
    if (folder / ".credentials.json").is_file():
        return None
    return "No ANTHROPIC_API_KEY is set and nobody is logged in to Claude on this machine."
