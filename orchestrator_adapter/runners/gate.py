"""The gate before every tool call: a person is asked where the task wants it.

It stands in a hook, the only place that no permission rule or mode of the command line can shadow.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from data.domain.approvals import needs_person
from orchestrator_adapter.runners import Job
from orchestrator_adapter.runners.activity import activity

Hook = Callable[[Mapping[str, Any], str | None, Any], Awaitable[dict[str, Any]]]
EVENT = "PreToolUse"


def gate(job: Job) -> Hook:
    """Has no opinion on calls that need nobody; otherwise waits for the answer and passes it on."""

    async def before(called: Mapping[str, Any], _tool_use_id: str | None, _context: Any) -> dict[str, Any]:
        tool, given = str(called.get("tool_name")), dict(called.get("tool_input") or {})
        if job.ask is None or not needs_person(tool, job.ask_tools):
            return {}
        said = await job.ask(job, tool, given, activity(tool, given, job.working_directory))
        if said.allowed:
            return {"hookSpecificOutput": {"hookEventName": EVENT, "permissionDecision": "allow"}}
        denied = {"permissionDecision": "deny", "permissionDecisionReason": said.reason}
        return {"hookSpecificOutput": {"hookEventName": EVENT, **denied}}

    return before
