"""Where the command line of Claude is on this machine; said without loading the SDK, which takes a second."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path


def found(cli_path: str | None = None) -> str | None:
    """The command line: the one given, else the SDK's own, else the one on the PATH."""
    sdk = find_spec("claude_agent_sdk")
    bundled = Path(sdk.origin).parent / "_bundled" / "claude" if sdk and sdk.origin else ""
    for candidate in [cli_path] if cli_path else [str(bundled), shutil.which("claude") or ""]:
        if candidate and Path(candidate).is_file() and os.access(candidate, os.X_OK):
            return candidate
    return None


def available(cli_path: str | None = None) -> str | None:
    """None if agents can be started here, else why not."""
    if os.name != "posix":
        return "The claude runtime needs Linux or macOS."
    if found(cli_path) is None:
        where = f"at {cli_path}" if cli_path else "with the claude-agent-sdk, nor on the PATH"
        return f"The Claude command line was not found {where}."
    return None
