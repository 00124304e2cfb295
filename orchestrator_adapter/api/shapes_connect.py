"""Connections as JSON."""

from __future__ import annotations

from orchestrator_adapter.api.shapes import Json
from orchestrator_adapter.commands_connect import Connections, Done


def connections(found: Connections) -> Json:
    return {
        "address": found.address,
        "hooks": {
            "file": str(found.hooks.file),
            "installed": found.hooks.number,
            "wanted": found.hooks.wanted,
            "hindrance": found.hooks.hindrance,
        },
        "open_sessions": found.open_sessions,
        "received": [
            {"by": one.source, "name": one.name, "number": one.number, "last": one.last} for one in found.received
        ],
    }


def done(found: Done) -> Json:
    return {
        "file": str(found.plan.path),
        "changes": found.plan.changes,
        "difference": found.plan.difference(),
        "done": found.carried_out,
        "backup": str(found.backup) if found.backup else None,
    }
