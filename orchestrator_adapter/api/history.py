"""Imports over HTTP: beginning one, how far it is, and what is read in by itself."""

from __future__ import annotations

from data.domain.errors import ImportNotFound
from orchestrator_adapter import commands_history
from orchestrator_adapter.api import bodies, history_shapes
from orchestrator_adapter.api.http import Answer, Call, answer


def begin(call: Call, body: history_shapes.ImportBody) -> Answer:
    """It goes on in the background, whoever looks."""
    found = commands_history.import_transcripts(call.deck, call.actor, body.folder, again=body.again)
    return answer(history_shapes.one(found), 202)


def imports(call: Call, _: bodies.Nothing) -> Answer:
    with call.deck.store.read() as board:
        return answer({"items": [history_shapes.one(found) for found in board.imports()]})


def imported(call: Call, _: bodies.Nothing) -> Answer:
    with call.deck.store.read() as board:
        return answer(history_shapes.one(board.import_of(call.id(ImportNotFound))))


def watching(call: Call, _: bodies.Nothing) -> Answer:
    with call.deck.store.read() as board:
        now = board.settings().watching
    return answer({"automatic": now.automatic, "folder": now.folder})


def watch(call: Call, body: history_shapes.WatchingBody) -> Answer:
    now = commands_history.watch_history(call.deck, call.actor, body.folder, automatic=body.automatic)
    return answer({"automatic": now.automatic, "folder": now.folder})
