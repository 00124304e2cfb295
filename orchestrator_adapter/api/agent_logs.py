"""Agents' logs over HTTP: the files, the actions they tell, why something failed, and taking in folders."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from data.domain.diagnosis import Diagnosis
from data.domain.errors import AgentNotFound, BlobNotFound, TaskNotFound
from data.domain.log_entries import LogEntry, chosen, tools
from data.store import Board
from orchestrator_adapter import agent_logs
from orchestrator_adapter import commands_import_logs as commands
from orchestrator_adapter.api import bodies, log_bodies, streamed
from orchestrator_adapter.api.http import Answer, Call, answer, nowhere
from orchestrator_adapter.ingest import log_files
from orchestrator_adapter.ingest.log_import import Report

Json = dict[str, Any]
TYPES = {
    name: "application/x-ndjson" if name.endswith("l") else "text/plain; charset=utf-8" for name in log_files.NAMES
}


def logs(call: Call, _: bodies.Nothing) -> Answer:
    """The log files that are there."""
    with call.deck.store.read() as board:
        folder = agent_logs.folder(board.agent(call.id(AgentNotFound)), call.deck.settings.logs)
    items = []
    for name in log_files.NAMES if folder else ():
        with log_files.opened(folder, name) as file:  # type: ignore[arg-type]
            if file is not None:
                changed = datetime.fromtimestamp(log_files.changed(file), UTC)
                items.append({"name": name, "size": log_files.size_of(file), "modified_at": changed})
    return answer({"items": items, "next_cursor": None})


def log(call: Call, query: log_bodies.LogFileQuery) -> Answer:
    """One log file, or a stretch of it, as it stands now."""
    name = call.path["name"]
    if name not in TYPES:
        nowhere(f"There is no such log; there are {', '.join(TYPES)}.", names=list(TYPES))
    with call.deck.store.read() as board:
        agent = board.agent(call.id(AgentNotFound))
    folder = agent_logs.folder(agent, call.deck.settings.logs)
    file = log_files.open_plain(folder, name) if folder else None
    if file is None:
        nowhere(f"The agent has not written {name}.", name=name)
    size = log_files.size_of(file)
    asked = streamed.asked(call.range, size)
    start = min(query.offset, size)
    whole = (start, size if query.limit is None else min(size, start + query.limit))
    begin, end = asked or whole
    headers = {"cache-control": "no-store", "accept-ranges": "bytes"}
    if asked:
        headers["content-range"] = f"bytes {begin}-{end - 1}/{size}"
    if query.download:
        headers["content-disposition"] = f'attachment; filename="{agent.id[:8]}_{name}"'
    return streamed.FileAnswer(b"", 206 if asked else 200, TYPES[name], headers, file, begin, end)


def actions(call: Call, query: log_bodies.LogActionQuery) -> Answer:
    """What the agent did; the cursor is the clock of the last action, so it stays true while others are added."""
    with call.deck.store.read() as board:
        everything = agent_logs.actions(call.deck.store, board, board.agent(call.id(AgentNotFound)))
        found = [entry for entry in chosen(everything, query.wanted()) if entry.id > query.cursor]
        items = [action(entry) | {"input": _input(board, entry)} for entry in found[: query.limit]]
    after = items[-1]["id"] if len(found) > query.limit else None
    return answer({"items": items, "next_cursor": after, "tools": tools(everything)})


def _input(board: Board, entry: LogEntry) -> object:
    try:
        given: str | bytes = board.blob(entry.input_blob) if entry.input_blob else entry.input_text
        return json.loads(given) if given else None
    except (BlobNotFound, ValueError):
        return None


def action(entry: LogEntry) -> Json:
    return {
        "id": str(entry.id),
        "agent_id": entry.agent_id,
        "at": entry.at,
        "kind": entry.kind,
        "tool": entry.tool or None,
        "tool_use_id": entry.key or None if entry.tool else None,
        "words": entry.words,
        "outcome": entry.outcome,
        "ended_at": entry.ended_at,
        "duration_s": None if entry.seconds is None else round(entry.seconds, 3),
        "subagent": entry.subagent,
        "files": [{"path": path, "change": change} for path, change in entry.files],
        "answer": entry.answer,
    }


def agent_diagnosis(call: Call, _: bodies.Nothing) -> Answer:
    with call.deck.store.read() as board:
        found = agent_logs.of_agent(call.deck.store, board, board.agent(call.id(AgentNotFound)))
    return answer({"items": [diagnosis(found)] if found else [], "next_cursor": None})


def task_diagnosis(call: Call, _: bodies.Nothing) -> Answer:
    with call.deck.store.read() as board:
        found = agent_logs.of_task(board, call.id(TaskNotFound))
    return answer({"items": [diagnosis(one) for one in found], "next_cursor": None})


def diagnosis(found: Diagnosis) -> Json:
    entry = f"&entry={found.entry}" if found.entry else ""
    return {
        "agent_id": found.agent_id,
        "task_id": found.task_id,
        "name": found.name,
        "step": found.step,
        "status": found.status,
        "at": found.at,
        "sentence": found.sentence,
        "why": found.why,
        "cause": action(found.cause) if found.cause else None,
        "cause_from": found.cause_from,
        "cause_words": found.cause_words,
        "last_good": action(found.good) if found.good else None,
        "evidence": [action(one) for one in found.evidence],
        "troubles": found.troubles,
        "link": f"/agent?id={found.agent_id}&tab=Logs{entry}",
    }


def import_logs(call: Call, body: log_bodies.LogImportBody) -> Answer:
    return answer(report(commands.import_logs(call.deck, call.actor, body.path, zone=body.zone)))


def report(found: Report) -> Json:
    counts = {name: found.count(name) for name in ("new", "grown", "known", "skipped")}
    items = [
        asdict(item) | {"agent_id": item.agent_id or None, "task_id": item.task_id or None} for item in found.items
    ]
    return {"path": found.path, **counts, "items": items}
