"""How each line of a transcript of Claude Code makes a conversation grow; whatever stands in a line, none raises.

A line holds one content block of a reply, or a prompt, or the answers of tools. Lines of sub-agents name the agent.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from data.domain import words
from data.domain.conversation import Change, Content, Conversation, Entry, EntryKind, Note, Reply
from data.domain.conversation_events import DELEGATES, compacted

SYNTHETIC = "<synthetic>"
"""The model name of texts that the command line wrote itself."""
_TELLING = ("file_path", "command", "pattern", "description", "notebook_path", "path", "url", "query", "prompt")
"""Inputs of tools that say best what a call does, the better first."""

Line = Mapping[str, Any]


def read(
    lines: Iterable[object], replies: Mapping[str, Reply] | None = None, parents: Mapping[str, str] | None = None
) -> Conversation:
    """The conversation of these lines, each an object of the transcript; what is no object says nothing.

    `replies`: what was counted for each message; `parents`: the tool call that started each sub-agent.
    """
    talk = Conversation(replies=dict(replies or {}))
    number = 0
    for number, line in enumerate(lines, 1):
        hear(talk, number, line)
    for agent, tool_use_id in (parents or {}).items():
        if tool_use_id in talk.calls:
            talk.adopt(agent, talk.calls[tool_use_id], number)
    _adopt(talk)
    talk.touch(number)
    return talk


@dataclass(frozen=True)
class _Where:
    """What all entries of a line have in common."""

    name: str
    """The key of its first block."""
    rev: int
    at: datetime | None
    parent: str

    def key(self, block: int = 0) -> str:
        return f"{self.name}.{block}" if block else self.name

    @property
    def ids(self) -> dict[str, Any]:
        return {"at": self.at, "parent": self.parent}


def hear(talk: Conversation, number: int, line: object, *, rev: int | None = None, subagent: str = "") -> None:
    """Let the conversation grow by one line; `number` counts the lines of its file from 1.

    `rev`: what the conversation has grown to with it, the number itself if that is not given; `subagent`: whose line
    it is, if that is known better than the line says.
    """
    rev = number if rev is None else rev
    talk.touch(rev)
    if not isinstance(line, Mapping):
        return
    uuid = line.get("uuid")
    name = uuid if isinstance(uuid, str) and 0 < len(uuid) <= 64 else f"line-{subagent}{number}"
    where = _Where(name, rev, when(line), subagent or _subagent(line))
    match line.get("type"):
        case "user":
            _user(talk, where, line)
        case "assistant":
            _assistant(talk, where, line)
        case "system":
            _system(talk, where, line)


def when(line: Line) -> datetime | None:
    """The time of a line; None if it has none that can be read."""
    try:
        at = datetime.fromisoformat(str(line.get("timestamp")))
    except ValueError:
        return None
    try:
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (OverflowError, ValueError):  # the first and the last day there is, in another zone
        return None


def text_of(content: object) -> str:
    """Content as text: blocks of text as they are, everything else as JSON."""
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, list) and all(isinstance(b, Mapping) and b.get("type") == "text" for b in content):
        return "\n".join(str(b.get("text") or "") for b in content)
    return json.dumps(content, ensure_ascii=False, default=str)


def call_words(given: object) -> str:
    """What says best, in one line, what a call is about; empty if nothing does."""
    fields = given if isinstance(given, Mapping) else {}
    told = next((fields[name] for name in _TELLING if isinstance(fields.get(name), str) and fields[name]), "")
    return words.shortened(told, 200)


def _subagent(line: Line) -> str:
    agent = line.get("agentId")
    return agent if isinstance(agent, str) and line.get("isSidechain") else ""


def _message(line: Line) -> Mapping[str, Any]:
    message = line.get("message")
    return message if isinstance(message, Mapping) else {}


def _blocks(line: Line) -> list[Mapping[str, Any]]:
    content = _message(line).get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [b for b in content if isinstance(b, Mapping)] if isinstance(content, list) else []


def _user(talk: Conversation, where: _Where, line: Line) -> None:
    """A prompt, a summary after compaction, or answers of tools."""
    said = []
    for index, block in enumerate(_blocks(line)):
        if block.get("type") == "tool_result":
            _answer(talk, where, line, block, where.key(index))
        else:
            said.append(block)
    text = text_of(said) if said else ""
    if not text or line.get("isMeta"):
        return
    shown: dict[str, Any] = {"content": Content(text), **where.ids}
    if line.get("isCompactSummary"):
        note: dict[str, Any] = {"about": Note.COMPACTED, "words": "the summary it goes on with"}
        talk.add(Entry(where.key(), where.rev, EntryKind.NOTE, **note, **shown))
    else:
        talk.add(Entry(where.key(), where.rev, EntryKind.PROMPT, **shown))


def _answer(talk: Conversation, where: _Where, line: Line, block: Line, key: str) -> None:
    call, at = str(block.get("tool_use_id") or ""), where.at
    failed, output = bool(block.get("is_error")), Content(text_of(block.get("content")))
    detail = line.get("toolUseResult")
    if not talk.answered(call, where.rev, at, output, failed=failed):
        orphan: dict[str, Any] = {"words": "an answer whose call is not in the transcript", "failed": failed}
        talk.add(Entry(key, where.rev, EntryKind.TOOL, output=output, ended_at=at, **orphan, **where.ids))
        return
    talk.aliases[where.name] = talk.calls[call]
    if not isinstance(detail, Mapping):
        return
    if isinstance(agent := detail.get("agentId"), str):
        talk.adopt(agent, talk.calls[call], where.rev)
    if (change := changed(talk.entries[talk.calls[call]].tool, detail)) is not None and not failed:
        talk.change(talk.calls[call], where.rev, changes=(change,))


def changed(tool: str, detail: Line) -> Change | None:
    """What a call did to a file, by the structured answer of the tool."""
    file = detail.get("file")
    path = detail.get("filePath") or (file.get("filePath") if isinstance(file, Mapping) else None)
    if not isinstance(path, str) or not path:
        return None
    if tool == "Read":
        return Change(path, "read")
    patch = detail.get("structuredPatch")
    hunks = [h for h in patch if isinstance(h, Mapping)] if isinstance(patch, list) else []
    lines = [str(row) for hunk in hunks if isinstance(hunk.get("lines"), list) for row in hunk["lines"]]
    added, removed = sum(row.startswith("+") for row in lines), sum(row.startswith("-") for row in lines)
    new = detail.get("type") == "create" or detail.get("originalFile") is None
    if new and not lines and isinstance(detail.get("content"), str):
        added = len(detail["content"].splitlines())
    return Change(path, "created" if new else "modified", added, removed)


def _assistant(talk: Conversation, where: _Where, line: Line) -> None:
    message = _message(line)
    name = str(message.get("id") or "")
    error = message.get("model") == SYNTHETIC or bool(line.get("isApiErrorMessage"))
    for index, block in enumerate(_blocks(line)):
        ids: dict[str, Any] = {"message_id": "" if error else name, **where.ids}
        key, kind = where.key(index), block.get("type")
        match kind:
            case "text" | "thinking" if error:
                told = str(block.get(kind) or "")
                note: dict[str, Any] = {"about": Note.DIAGNOSTIC, "words": words.shortened(told, 200), "failed": True}
                talk.add(Entry(key, where.rev, EntryKind.NOTE, content=Content(told), **note, **ids))
            case "text" | "thinking":
                told = str(block.get(kind) or "")
                talk.add(Entry(key, where.rev, EntryKind(kind), content=Content(told), **ids))
            case "tool_use" | "server_tool_use":
                tool, given = str(block.get("name") or "a tool"), block.get("input")
                call: dict[str, Any] = {
                    "tool": tool,
                    "tool_use_id": str(block.get("id") or key),
                    "words": call_words(given),
                }
                talk.add(Entry(key, where.rev, EntryKind.TOOL, content=Content(_json(given)), **call, **ids))
            case _:
                other: dict[str, Any] = {
                    "words": f"a block of a kind that is not known: {str(kind)[:40]}",
                    "content": Content(_json(block)),
                }
                talk.add(Entry(key, where.rev, EntryKind.NOTE, about=Note.DIAGNOSTIC, **other, **ids))


def _size(value: object) -> int | None:
    return value if isinstance(value, int) and 0 <= value < 2**53 else None


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _system(talk: Conversation, where: _Where, line: Line) -> None:
    subtype = line.get("subtype")

    def note(about: Note, told: str, **values: Any) -> None:
        talk.add(Entry(where.key(), where.rev, EntryKind.NOTE, about=about, words=told, **values, **where.ids))

    match subtype:
        case "compact_boundary":
            detail = line.get("compactMetadata")
            detail = detail if isinstance(detail, Mapping) else {}
            before, after = _size(detail.get("preTokens")), _size(detail.get("postTokens"))
            how = "manual" if detail.get("trigger") == "manual" else "auto"
            note(Note.COMPACTED, compacted(before, after, how))
        case "api_error":
            tries = f": try {line.get('retryAttempt')} of {line.get('maxRetries')}" if line.get("retryAttempt") else ""
            note(Note.RETRY, f"the model service refused{tries}")
        case "model_fallback" | "informational" | "model_refusal_no_fallback":
            told = text_of(line.get("content")) or str(subtype).replace("_", " ")
            note(Note.DIAGNOSTIC, words.shortened(told, 200), content=Content(told))


def _adopt(talk: Conversation) -> None:
    """Sub-agents whose call nobody named belong to the last call before them that starts one."""
    calls: list[str] = []
    taken = set(talk.parents.values())
    for entry in talk.entries.values():
        if entry.tool in DELEGATES and entry.key not in taken:
            calls.append(entry.key)
        elif entry.parent and entry.parent not in talk.parents and calls:
            talk.adopt(entry.parent, calls.pop(0), talk.rev)
