"""The gate before every tool call: what was used is counted first, and a person is asked where the task wants it.

It stands in a hook, the only place that no permission rule or mode of the command line can shadow.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from data.domain.approvals import needs_person
from orchestrator_adapter.runners import Job
from orchestrator_adapter.runners.activity import activity

Hook = Callable[[Mapping[str, Any], str | None, Any], Awaitable[dict[str, Any]]]
Counted = Callable[[str], Awaitable[None]]
"""Waits until the reply that calls this tool is counted, if that has to be waited for."""
EVENT = "PreToolUse"
HEARD_S = 2.0
"""Longest wait for the transcript's line of a reply: it comes a tenth of a second after the call it makes."""


class Calls:
    """Which reply makes which call, as the transcript tells it."""

    def __init__(self) -> None:
        self._replies: dict[str, asyncio.Future[str]] = {}

    def heard(self, line: Mapping[str, Any]) -> None:
        """A line of the transcript; what it used must have been told before."""
        reply = line.get("message")
        if line.get("type") == "assistant" and isinstance(reply, Mapping):
            for block in reply.get("content") or ():
                if isinstance(block, Mapping) and block.get("type") == "tool_use":
                    found = self._reply(str(block.get("id")))
                    if not found.done():
                        found.set_result(str(reply.get("id")))

    async def reply(self, tool_use_id: str) -> str | None:
        """The id of the reply that makes the call; None if the transcript does not tell it in time."""
        try:
            async with asyncio.timeout(HEARD_S):
                return await asyncio.shield(self._reply(tool_use_id))
        except TimeoutError:
            return None

    def _reply(self, tool_use_id: str) -> asyncio.Future[str]:
        return self._replies.setdefault(tool_use_id, asyncio.get_running_loop().create_future())


def gate(job: Job, counted: Counted) -> Hook:
    """Has no opinion on calls that need nobody; otherwise waits for the answer and passes it on.

    No agent asks its model again before its tool has answered. So where the count is waited for here, a budget that is
    used up lets nothing more be asked for.
    """

    async def before(called: Mapping[str, Any], tool_use_id: str | None, _context: Any) -> dict[str, Any]:
        await counted(tool_use_id or "")
        tool, given = str(called.get("tool_name")), dict(called.get("tool_input") or {})
        if job.ask is None or not needs_person(tool, job.ask_tools):
            return {}
        said = await job.ask(job, tool, given, activity(tool, given, job.working_directory))
        if said.allowed:
            return {"hookSpecificOutput": {"hookEventName": EVENT, "permissionDecision": "allow"}}
        denied = {"permissionDecision": "deny", "permissionDecisionReason": said.reason}
        return {"hookSpecificOutput": {"hookEventName": EVENT, **denied}}

    return before
