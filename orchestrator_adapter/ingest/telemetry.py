"""What Claude Code's own telemetry tells of a session, as events: above all what each request used.

A request is counted once, whoever tells of it: the figures of a transcript take the place of these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from data.domain import events as e
from data.domain.money import Tokens, from_usd
from data.domain.prices import book
from data.domain.texts import storable
from data.store.bulk import key_of
from data.store.telemetry import message_id
from orchestrator_adapter.ingest.otlp import Record
from orchestrator_adapter.ingest.sightings import Sighting
from orchestrator_adapter.runners.activity import activity, short

BY = "telemetry"
PREFIX = "claude_code."
SESSION = "session.id"
REDACTED = "<REDACTED>"
COST = "cost.usage"
MAIN = ("main", "repl_main_thread", "sdk")
"""Where requests of the conversation come from: others are `agent:...`, `compact`, `generate_session_title` ..."""
MOST_USD = 1e6
"""More than this no session costs: a point that says so is not believed."""
MOST_SERIES = 200
"""Running totals that are kept of one session."""
MOST_ID = 100
"""Characters of a request's id, and of a model's name."""
_COUNTED = frozenset(
    {"assistant_response", "managed_settings_resolved", "plugin_loaded", "tool_decision", "skill_activated"}
    | {"hook_execution_start", "hook_execution_complete", "hook_registered", "mcp_server_connection", "compaction"}
)
"""Events that are only counted: what they tell is told by others, or of no use to anybody."""


def name_of(record: Record) -> str:
    """`api_request`, whether it is named by an attribute or by the record itself."""
    return storable(_text(record.attributes, "event.name") or record.name).removeprefix(PREFIX)


def session_of(record: Record) -> str | None:
    """The session that the record is about."""
    return _text(record.attributes, SESSION) or None


def tell(seen: Sighting, record: Record, at: datetime) -> None:
    """Add the events of one log record."""
    name, told = name_of(record), record.attributes
    model = _text(told, "model")[:MOST_ID] if name == "api_request" and not _is_beside(told) else ""
    seen.open(at, _text(told, "cwd"), BY, model)
    if name in _TELL:
        _TELL[name](seen, told, at)
    elif name not in _COUNTED:
        blob = seen.keep(orjson.dumps(dict(told), option=orjson.OPT_SORT_KEYS, default=str).decode())
        seen.add(at, e.SignalReceived(**seen.ids, source="telemetry", name=name[:200] or "nameless", blob=blob))


def measure(seen: Sighting, record: Record, at: datetime) -> None:
    """A point of a metric: the session's total is a second figure, never a sum of what was counted."""
    seen.open(at, "", BY)
    if name_of(record) != COST or not 0 <= record.value < MOST_USD:
        return
    value, known = from_usd(record.value), seen.known.metered_nanousd
    seen.now(metered_nanousd=max(known, _sum(seen, record, value)) if record.cumulative else known + value)
    _total(seen, at)


def _sum(seen: Sighting, record: Record, total_nanousd: int) -> int:
    """Of all running totals of the session: there is one for each model, and they begin anew with each process."""
    told = [f"{name}={value}" for name, value in sorted(record.attributes.items())]
    key = key_of("\n".join([str(record.since_ns), *told]).encode("utf-8", "replace"))[:16]
    series = seen.known.series
    if key in series or len(series) < MOST_SERIES:
        seen.now(series={**series, key: max(total_nanousd, series.get(key, 0))})
    return sum(seen.known.series.values())


def _total(seen: Sighting, at: datetime) -> None:
    seen.report(at, max(seen.known.told_nanousd, seen.known.metered_nanousd))


def _requested(seen: Sighting, told: Mapping[str, Any], at: datetime) -> None:
    request = _text(told, "request_id")[:MOST_ID]
    if not request and not seen.known.hooked:  # some services give none; then a transcript has none to match either
        request = _text(told, "client_request_id")[:MOST_ID]
    model = _text(told, "model")[:MOST_ID]
    hour = _count(told, "cache_creation_1h_tokens")
    five = max(_count(told, "cache_creation_5m_tokens"), _count(told, "cache_creation_tokens") - hour)
    tokens = Tokens(
        input=_count(told, "input_tokens"),
        output=_count(told, "output_tokens"),
        cache_read=_count(told, "cache_read_tokens"),
        cache_write_5m=five,
        cache_write_1h=hour,
    )
    speed = "fast" if told.get("speed") == "fast" else "standard"
    if request:
        metered = e.MessageMetered(
            **seen.ids,
            message_id=message_id(request),
            request_id=request,
            model=model or "unknown",
            tokens=tokens,
            cost_nanousd=book().cost_nanousd(model, tokens, at, speed=speed),
            context_window=book().context_window(model),
            subagent=_is_beside(told),
        )
        seen.add(at, metered)
    seen.now(told_nanousd=seen.known.told_nanousd + from_usd(_number(told, "cost_usd")))
    _total(seen, at)
    if not seen.known.hooked:
        seen.works(at, seen.known.agent_id)


def _prompted(seen: Sighting, told: Mapping[str, Any], at: datetime) -> None:
    prompt = _text(told, "prompt")
    if prompt and prompt != REDACTED:
        seen.describe(at, prompt)
    if not seen.known.hooked:
        shown = f"asked: {prompt}" if prompt != REDACTED else "was asked something"
        seen.works(at, seen.known.agent_id)
        seen.add(at, e.Activity(**seen.ids, words=short(shown, 200)))


def _tool(seen: Sighting, told: Mapping[str, Any], at: datetime) -> None:
    """A call and its answer come together, when the tool has ended."""
    if seen.known.hooked:
        return
    tool, given = _text(told, "tool_name"), _given(told)
    use = _text(told, "tool_use_id") or f"{seen.known.id}:{told.get('event.sequence')}"
    words = activity(tool, given, Path("/"))
    failed = str(told.get("success")).lower() == "false"
    said = _text(told, "error") or _text(told, "error_type")
    seen.works(at, seen.known.agent_id)
    ids = {**seen.ids, "tool_use_id": use, "tool": tool}
    call = e.ToolCalled(**ids, words=words, input_blob=seen.keep(orjson.dumps(given, default=str).decode()))
    answer = e.ToolReturned(**ids, is_error=failed, output_blob=seen.keep(said), preview=said[:200])
    seen.add(at, call, answer)


def _given(told: Mapping[str, Any]) -> dict[str, Any]:
    """The tool's input, which is only told if the person asked for it."""
    for name in ("tool_input", "tool_parameters"):
        value = told.get(name)
        if isinstance(value, str):
            try:
                value = orjson.loads(value)
            except orjson.JSONDecodeError:
                continue
        if isinstance(value, dict):
            return {("command" if key == "full_command" else key): one for key, one in value.items()}
    return {}


def _refused(seen: Sighting, told: Mapping[str, Any], at: datetime) -> None:
    status = told.get("status_code")
    shown = f"The model service refused{f' ({status})' if status else ''}: {_text(told, 'error')}"
    seen.add(at, e.Diagnostic(**seen.ids, words=short(shown, 2000)))


def _subagent(seen: Sighting, told: Mapping[str, Any], at: datetime) -> None:
    if not seen.known.hooked:
        kind = _text(told, "agent_type")
        who = _text(told, "agent_id")
        seen.add(at, e.SubagentMoved(**seen.ids, subagent_id=who, to="completed", words=kind))


def _is_beside(told: Mapping[str, Any]) -> bool:
    """Whether the request is not of the session's own conversation: of a sub-agent, for a title, to compact it."""
    return not _text(told, "query_source").startswith(MAIN) and bool(told.get("query_source"))


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    return storable(value) if isinstance(value, str) else ""


def _number(told: Mapping[str, Any], name: str) -> float:
    """Numbers come as numbers or as text, by the version of the command line."""
    try:
        value = float(told.get(name) or 0)
    except (TypeError, ValueError):
        return 0.0
    return value if 0 <= value < 1e9 else 0.0


def _count(told: Mapping[str, Any], name: str) -> int:
    return int(_number(told, name))


_TELL: dict[str, Callable[[Sighting, Mapping[str, Any], datetime], None]] = {
    "api_request": _requested,
    "user_prompt": _prompted,
    "tool_result": _tool,
    "api_error": _refused,
    "api_retries_exhausted": _refused,
    "subagent_completed": _subagent,
}
