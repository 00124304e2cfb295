"""The command by which a person at a terminal sees alerts."""

from __future__ import annotations

import typer

from data.domain import words
from data.store.alerting import AlertFilter
from orchestrator_adapter.api import shapes
from orchestrator_adapter.terminal import AsJson, opened, print_json, print_table

app = typer.Typer()
MOST = 100


@app.command()
def alerts(as_json: AsJson = False) -> None:
    """List the alerts, the newest first: what somebody should look at."""
    with opened() as store, store.read() as board:
        found = board.alerts(AlertFilter(), MOST)
        now = store.now()
    if as_json:
        print_json([shapes.alert(one) for one in found])
        return
    rows = [[a.id, a.kind, a.status, words.ago(a.raised_at, now), a.agent_id or "", a.words] for a in found]
    print_table(["id", "kind", "status", "raised", "agent", "why"], rows)
