"""What Claude Code's hooks tell of a session, as events; a kind or a field that is not known is kept as it came."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal

import orjson

from data.domain import events as e
from data.domain.agents import AgentStatus
from data.domain.texts import storable
from orchestrator_adapter.ingest.sightings import Sighting
from orchestrator_adapter.ingest.touches import touches
from orchestrator_adapter.runners.activity import activity, short

Body = Mapping[str, Any]
BY = "hooks"
COMMON = frozenset({"session_id", "transcript_path", "cwd", "hook_event_name", "prompt_id"}) | frozenset(
    {"permission_mode", "effort", "agent_id", "agent_type"}
)
_TOOL = frozenset(["tool_name", "tool_input", "tool_use_id"])
FIELDS: dict[str, frozenset[str]] = {
    "SessionStart": frozenset(["source", "model", "session_title"]),
    "SessionEnd": frozenset(["reason"]),
    "UserPromptSubmit": frozenset(["prompt", "session_title"]),
    "PreToolUse": _TOOL,
    "PostToolUse": _TOOL | {"tool_response", "duration_ms"},
    "PostToolUseFailure": _TOOL | {"error", "is_interrupt", "duration_ms"},
    "PermissionRequest": _TOOL | {"permission_suggestions"},
    "PermissionDenied": _TOOL | {"reason"},
    "Notification": frozenset(["message", "title", "notification_type"]),
    "Stop": frozenset(["last_assistant_message", "stop_hook_active", "background_tasks", "session_crons"]),
    "StopFailure": frozenset(["error", "error_details", "last_assistant_message"]),
    "SubagentStart": frozenset(),
    "SubagentStop": frozenset(
        ["agent_transcript_path", "last_assistant_message", "stop_hook_active", "background_tasks", "session_crons"]
    ),
    "PreCompact": frozenset(["trigger", "custom_instructions"]),
    "PostCompact": frozenset(["trigger", "compact_summary"]),
}
"""Every kind that has events of its own, and the fields that they tell."""
PREVIEW = 200
MOST_MODEL = 100
_TURN_OVER = "its turn is over"


def text(body: Body, name: str) -> str:
    """A field as text that every database takes; what is no text reads as none."""
    value = body.get(name)
    return storable(value) if isinstance(value, str) else ""


def tell(seen: Sighting, body: Body, at: datetime) -> None:
    """Add the events of one hook."""
    kind, folder = text(body, "hook_event_name"), text(body, "cwd")
    path = text(body, "transcript_path")
    if not seen.known.hooked or (path and path != seen.known.transcript):
        seen.now(hooked=True, transcript=path or seen.known.transcript)
    if kind == "SessionEnd" and not seen.is_live(seen.known.agent_id):
        return  # nothing was seen of it, or its end was
    seen.open(at, folder, BY, text(body, "model")[:MOST_MODEL])
    who = seen.known.agent_id
    if name := text(body, "agent_id"):
        who = seen.subagent(at, name, text(body, "agent_type"))
    _TELL.get(kind, _keep)(seen, body, at, who)
    known = FIELDS.get(kind)
    if known is not None and (more := {k: body[k] for k in body.keys() - COMMON - known}):
        _signal(seen, kind, more, at, who)


def _keep(seen: Sighting, body: Body, at: datetime, who: str) -> None:
    _signal(seen, text(body, "hook_event_name") or "nameless", body, at, who)


def _signal(seen: Sighting, name: str, body: Body, at: datetime, who: str) -> None:
    blob = seen.keep(_json(dict(sorted(body.items()))))
    seen.add(at, e.SignalReceived(**seen.ids_of(who), source="hook", name=name[:PREVIEW], blob=blob))


def _session_start(seen: Sighting, body: Body, at: datetime, who: str) -> None:
    if text(body, "source") != "compact":
        seen.waits(at, who, "nothing was asked yet")


def _session_end(seen: Sighting, body: Body, at: datetime, who: str) -> None:
    reason = text(body, "reason")
    seen.end(at, "" if reason in ("", "other") else f"The session ended: {reason.replace('_', ' ')}.")


def _prompt(seen: Sighting, body: Body, at: datetime, who: str) -> None:
    prompt = text(body, "prompt")
    seen.describe(at, prompt)
    seen.works(at, who)
    seen.add(at, e.Prompted(**seen.ids_of(who), chars=len(prompt), blob=seen.keep(prompt)))
    seen.add(at, e.Activity(**seen.ids_of(who), words=short(f"asked: {prompt}", PREVIEW)))


def _called(seen: Sighting, body: Body, at: datetime, who: str) -> None:
    given = body.get("tool_input")
    words = activity(text(body, "tool_name"), given, text(body, "cwd") or "/")
    seen.works(at, who)
    call = e.ToolCalled(
        **seen.ids_of(who),
        tool_use_id=text(body, "tool_use_id"),
        tool=text(body, "tool_name"),
        words=words,
        input_blob=seen.keep(_json(given)),
    )
    seen.add(at, call)


def _returned(seen: Sighting, body: Body, at: datetime, who: str) -> None:
    answer = body.get("tool_response")
    _answered(seen, body, at, who, _readable(answer), failed=False)
    ids, given = seen.ids_of(who), body.get("tool_input")
    found = touches(text(body, "tool_name"), given if isinstance(given, Mapping) else {}, answer, text(body, "cwd"))
    for path, change, added, removed in found:
        more = {"path": path, "change": change, "added": added, "removed": removed}
        seen.add(at, e.FileTouched(**ids, tool_use_id=text(body, "tool_use_id"), **more))
    seen.add(at, e.Activity(**ids, words="thinking"))


def _failed(seen: Sighting, body: Body, at: datetime, who: str) -> None:
    _answered(seen, body, at, who, text(body, "error"), failed=True)
    seen.add(at, e.Activity(**seen.ids_of(who), words="thinking"))


def _answered(seen: Sighting, body: Body, at: datetime, who: str, said: str, *, failed: bool) -> None:
    seen.works(at, who)
    answer = e.ToolReturned(
        **seen.ids_of(who),
        tool_use_id=text(body, "tool_use_id"),
        tool=text(body, "tool_name"),
        is_error=failed,
        output_blob=seen.keep(said),
        preview=said[:PREVIEW],
    )
    seen.add(at, answer)


def _asks(seen: Sighting, body: Body, at: datetime, who: str) -> None:
    words = activity(text(body, "tool_name"), body.get("tool_input"), text(body, "cwd") or "/")
    seen.waits(at, who, short(f"asks for permission: {words}", PREVIEW))


def _denied(seen: Sighting, body: Body, at: datetime, who: str) -> None:
    words = activity(text(body, "tool_name"), body.get("tool_input"), text(body, "cwd") or "/")
    told = f"{words}: {text(body, 'reason')}".rstrip(": ")
    ids = {"tool": text(body, "tool_name"), "tool_use_id": text(body, "tool_use_id")}
    seen.works(at, who)
    seen.add(at, e.ToolRefused(**seen.ids_of(who), **ids, words=short(told, PREVIEW)))


def _notified(seen: Sighting, body: Body, at: datetime, who: str) -> None:
    message = short(text(body, "message"), PREVIEW)
    match text(body, "notification_type"):
        case "permission_prompt" | "agent_needs_input" | "elicitation_dialog":
            seen.waits(at, who, message or "asks for permission")
        case "idle_prompt":
            seen.waits(at, who, _TURN_OVER)
        case _:
            seen.add(at, e.Diagnostic(**seen.ids_of(who), words=message or "notified"))


def _stopped(seen: Sighting, body: Body, at: datetime, who: str) -> None:
    _says(seen, body, at, who)
    seen.waits(at, who, _TURN_OVER)


def _stop_failed(seen: Sighting, body: Body, at: datetime, who: str) -> None:
    told = " ".join(t for t in (text(body, "error"), text(body, "error_details")) if t)
    words = short(told or "The turn ended with an error.", 2000)
    seen.add(at, e.Diagnostic(**seen.ids_of(who), words=words))
    seen.waits(at, who, short(f"failed: {words}", PREVIEW))


def _says(seen: Sighting, body: Body, at: datetime, who: str) -> None:
    if said := text(body, "last_assistant_message"):
        blob = seen.keep(said)
        seen.add(at, e.Said(**seen.ids_of(who), message_id="", block="text", chars=len(said), blob=blob))


def _subagent_start(seen: Sighting, body: Body, at: datetime, who: str) -> None:
    told = {"subagent_id": text(body, "agent_id"), "words": text(body, "agent_type")}
    seen.add(at, e.SubagentMoved(**seen.ids, to="started", **told))


def _subagent_stop(seen: Sighting, body: Body, at: datetime, who: str) -> None:
    said = text(body, "last_assistant_message")
    if who != seen.known.agent_id:
        _says(seen, body, at, who)
        seen.move(at, who, AgentStatus.COMPLETED, result=said or None)
    told = {"subagent_id": text(body, "agent_id"), "words": short(said or text(body, "agent_type"), 300)}
    seen.add(at, e.SubagentMoved(**seen.ids, to="completed", **told))


def _compacts(seen: Sighting, body: Body, at: datetime, who: str) -> None:
    seen.works(at, who)
    seen.add(at, e.Activity(**seen.ids_of(who), words="making its conversation shorter"))


def _compacted(seen: Sighting, body: Body, at: datetime, who: str) -> None:
    trigger: Literal["auto", "manual"] = "manual" if text(body, "trigger") == "manual" else "auto"
    seen.add(at, e.ContextCompacted(**seen.ids_of(who), trigger=trigger))
    seen.add(at, e.Activity(**seen.ids_of(who), words="has made its conversation shorter"))


def _json(value: object) -> str:
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    except TypeError:  # it can be read, so nothing else is wrong with it
        return "(nested too deeply to be kept)"


def _readable(answer: object) -> str:
    """A tool's answer as it is best read; what is no plain text stays JSON."""
    if isinstance(answer, str):
        return answer
    if isinstance(answer, Mapping) and isinstance(answer.get("stdout"), str):
        return "\n".join(part for part in (answer["stdout"], answer.get("stderr")) if isinstance(part, str) and part)
    return _json(answer)


Tell = Callable[[Sighting, Body, datetime, str], None]
_TELL: dict[str, Tell] = {
    "SessionStart": _session_start,
    "SessionEnd": _session_end,
    "UserPromptSubmit": _prompt,
    "PreToolUse": _called,
    "PostToolUse": _returned,
    "PostToolUseFailure": _failed,
    "PermissionRequest": _asks,
    "PermissionDenied": _denied,
    "Notification": _notified,
    "Stop": _stopped,
    "StopFailure": _stop_failed,
    "SubagentStart": _subagent_start,
    "SubagentStop": _subagent_stop,
    "PreCompact": _compacts,
    "PostCompact": _compacted,
}
