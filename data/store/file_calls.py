"""The calls of agents as far as files are concerned: from events, or from the transcript they were read in from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from posixpath import join
from typing import Any

import sqlalchemy as sa

from data.domain.agents import FileChange
from data.domain.conversation_lines import call_words
from data.domain.diffs import Edit
from data.domain.errors import BlobNotFound
from data.domain.files import HARMLESS, WRITES, Command
from data.domain.transcript_lines import at_ms
from data.store import blobs, filing
from data.store import tables as t
from data.store.transcripts import Transcripts


@dataclass(frozen=True)
class Call:
    """One use of a tool."""

    key: str
    agent_id: str
    tool: str
    words: str
    message_id: str
    called_ms: int
    returned_ms: int | None = None
    blob: str = ""
    """Where its input is kept."""
    given: Mapping[str, Any] | None = None
    """Its input, where that is at hand."""
    changed: str = ""
    """The whole path of the file it changed; empty if it changed none, or does not say which."""
    original: str | None = None
    """The file before the call, where the answer tells it."""

    @property
    def command(self) -> Command | None:
        """As something that may have changed files without saying which."""
        ids = (self.key, self.agent_id, self.words, self.called_ms, self.returned_ms, self.message_id)
        return None if self.tool in HARMLESS else Command(*ids)


def edit(db: sa.Connection, call: Call) -> Edit:
    """The call as what it does to a text."""
    given: object = call.given
    if given is None:
        try:
            given = json.loads(blobs.get(db, call.blob))
        except (BlobNotFound, ValueError):
            given = {}
    return Edit(call.key, call.tool, given if isinstance(given, dict) else {})


def of_agent(db: sa.Connection, agent_id: str) -> dict[str, Call]:
    """All calls of an agent by their ids, in their order."""
    query = sa.select(t.tasks.c.working_directory).join(t.agents, t.agents.c.task_id == t.tasks.c.id)
    folder = str(db.execute(query.where(t.agents.c.id == agent_id)).scalar() or "")
    told = _from_events(db, agent_id, folder)
    return told or _from_transcript(db, agent_id, folder)


def _from_events(db: sa.Connection, agent_id: str, folder: str) -> dict[str, Call]:
    found: dict[str, Call] = {}
    for one in filing.bodies(db, [agent_id], "tool_called"):
        key, message = str(one["tool_use_id"]), str(one.get("message_id") or "")
        ids = (agent_id, str(one["tool"]), str(one["words"]), message, int(str(one["at_ms"])))
        found[key] = Call(key, *ids, blob=str(one["input_blob"]))
    for one in filing.bodies(db, [agent_id], "tool_returned"):
        if call := found.get(str(one["tool_use_id"])):
            found[call.key] = replace(call, returned_ms=int(str(one["at_ms"])))
    for one in filing.bodies(db, [agent_id], "file_touched"):
        call = found.get(str(one.get("tool_use_id", "")))
        if call and one["change"] != FileChange.READ:
            found[call.key] = replace(call, changed=join(folder, str(one["path"])))
    return found


def _from_transcript(db: sa.Connection, agent_id: str, folder: str) -> dict[str, Call]:
    found: dict[str, Call] = {}
    for line in Transcripts(db).transcript_lines(agent_id):
        value = line.value()
        said = value.get("message") if value else None
        if value is None or not isinstance(said, Mapping):
            continue
        when = at_ms(value.get("timestamp")) or 0
        for block in _blocks(said):
            if block.get("type") == "tool_use":
                call = _called(block, agent_id, str(said.get("id") or ""), when)
                found[call.key] = call
            elif block.get("type") == "tool_result" and (known := found.get(str(block.get("tool_use_id")))):
                found[known.key] = _answered(known, block, value.get("toolUseResult"), when, folder)
    return found


def _blocks(said: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    content = said.get("content")
    yield from (block for block in content if isinstance(block, Mapping)) if isinstance(content, list) else ()


def _called(block: Mapping[str, Any], agent_id: str, message_id: str, when: int) -> Call:
    given = block.get("input")
    tool = str(block.get("name"))
    known = given if isinstance(given, dict) else {}
    return Call(
        str(block.get("id")), agent_id, tool, f"{tool} {call_words(known)}".strip(), message_id, when, given=known
    )


def _answered(call: Call, block: Mapping[str, Any], detail: object, when: int, folder: str) -> Call:
    call = replace(call, returned_ms=when)
    if block.get("is_error") or call.tool not in WRITES or call.given is None:
        return call
    told = detail if isinstance(detail, Mapping) else {}
    path = told.get("filePath") or call.given.get("file_path") or call.given.get("notebook_path")
    original = "" if told.get("type") == "create" else told.get("originalFile")
    known = original if isinstance(original, str) else None
    return replace(call, changed=join(folder, path) if isinstance(path, str) else "", original=known)
