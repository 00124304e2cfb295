"""What Claude Code's hooks send, and its telemetry, as the tests of the intake need them."""

from __future__ import annotations

import json
import math
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from data.domain import observed
from data.domain.agents import Agent
from data.domain.tasks import Task
from data.store import AgentFilter, Store
from orchestrator_adapter.ingest import desk

SESSION = "3090e3aa-0000-4000-8000-000000000001"
TASK = observed.task_id(SESSION)
EDIT = {"tool_name": "Edit", "tool_use_id": "toolu_1", "tool_input": {"file_path": "/src/calc/calc.py"}}
EDITED = {
    "filePath": "/src/calc/calc.py",
    "originalFile": "a - b",
    "structuredPatch": [{"lines": ["-return a - b", "+return a + b", "+"]}],
}


def hook(kind: str, session: str = SESSION, **fields: Any) -> dict[str, Any]:
    """The body of one hook."""
    where = {"cwd": "/src/calc", "transcript_path": "", "permission_mode": "default"}
    return {"session_id": session, "hook_event_name": kind, **where, **fields}


def story(session: str = SESSION) -> list[dict[str, Any]]:
    """A session that fixes a bug with the help of a sub-agent."""
    helper = {"agent_id": "helper-1", "agent_type": "Explore"}
    read = {"tool_name": "Read", "tool_use_id": "toolu_2", "tool_input": {"file_path": "/src/calc/tests.py"}}
    fails = {"tool_name": "Bash", "tool_use_id": "toolu_3", "tool_input": {"command": "make test"}}
    return [
        hook("SessionStart", session, source="startup"),
        hook("UserPromptSubmit", session, prompt="Fix the sign bug in add()"),
        hook("SubagentStart", session, **helper),
        hook("PreToolUse", session, **read, **helper),
        hook("PostToolUse", session, **read, **helper, tool_response={"file": {"filePath": "/src/calc/tests.py"}}),
        hook("SubagentStop", session, **helper, last_assistant_message="It is the sign."),
        hook("PreToolUse", session, **EDIT),
        hook("PostToolUse", session, **EDIT, tool_response=EDITED, duration_ms=3),
        hook("PreToolUse", session, **fails),
        hook("PostToolUseFailure", session, **fails, error="make: no rule", is_interrupt=False),
        hook("Stop", session, last_assistant_message="The sign is right now."),
        hook("SessionEnd", session, reason="other"),
    ]


def receive(store: Store, *bodies: dict[str, Any]) -> None:
    """As the intake writes them, in one batch."""
    desk.write_all(store, [desk.hook(body) for body in bodies])


def task(store: Store, session: str = SESSION) -> Task:
    with store.read() as board:
        return board.task(observed.task_id(session))


def agents(store: Store, session: str = SESSION) -> dict[str, Agent]:
    """By name; of several of one name the newest."""
    with store.read() as board:
        found = board.agents(AgentFilter(task_id=observed.task_id(session)), limit=200).items
    return {agent.name: agent for agent in reversed(found)}


def kinds(store: Store, session: str = SESSION) -> list[str]:
    with store.read() as board:
        return [entry.event.kind for entry in board.events(task_id=observed.task_id(session), limit=1000)]


def counts(store: Store) -> dict[tuple[str, str], int]:
    with store.read() as board:
        return {(one.source, one.name): one.number for one in board.observed_received()}


def request(number: int = 1, session: str = SESSION, **more: Any) -> dict[str, Any]:
    """The attributes of an api_request: 10 in, 100 out, 1,000 written to the cache for five minutes."""
    return {
        "event.name": "api_request",
        "session.id": session,
        "event.sequence": number,
        "model": "claude-sonnet-5-5",
        "input_tokens": 10,
        "output_tokens": 100,
        "cache_read_tokens": 0,
        "cache_creation_tokens": 1000,
        "cache_creation_5m_tokens": 1000,
        "cache_creation_1h_tokens": 0,
        "cost_usd": 0.00352,
        "request_id": f"req_{session[:4]}_{number}",
        "speed": "normal",
        "query_source": "main",
        **more,
    }


REQUEST_NANOUSD = 3_520_000
"""10 x 2 + 100 x 10 + 1,000 x 2.5 dollars a million."""


def _value(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value if math.isfinite(value) else "Infinity" if value > 0 else "-Infinity"}
        case list():
            return {"arrayValue": {"values": [_value(one) for one in value]}}
    return {"stringValue": str(value)}


def _attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": _value(value)} for key, value in values.items()]


def logs(*events: dict[str, Any], at_ns: int = 0) -> dict[str, Any]:
    """A request with these log records, as OTLP's JSON."""
    records = [
        {
            "timeUnixNano": str(at_ns),
            "body": {"stringValue": f"claude_code.{event.get('event.name')}"},
            "attributes": _attributes(event),
        }
        for event in events
    ]
    resource = {"attributes": _attributes({"service.name": "claude-code"})}
    return {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": records}]}]}


def cost(usd: float, session: str = SESSION, **data: Any) -> dict[str, Any]:
    """A request with one point of the metric of cost."""
    point = {"timeUnixNano": "0", "asDouble": usd, "attributes": _attributes({"session.id": session})}
    metric = {"name": "claude_code.cost.usage", "sum": {"aggregationTemporality": 1, "dataPoints": [point]} | data}
    return {"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}


def binary(body: dict[str, Any]) -> bytes:
    """The same request as protobuf."""
    from google.protobuf.json_format import ParseDict

    kind = ExportLogsServiceRequest if "resourceLogs" in body else ExportMetricsServiceRequest
    return bytes(ParseDict(body, kind()).SerializeToString())


def text(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()
